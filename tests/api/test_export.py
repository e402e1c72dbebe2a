"""Export of a study's networks: of trials, and of the winner that the finals shipped."""

from __future__ import annotations

import json
from importlib import metadata

import keras
import numpy as np
import pytest

from autocnn.api.export import export_model, export_note, trained_model
from autocnn.api.predictions import load_winner
from autocnn.api.studies import load_study
from autocnn.errors import RecordError, SettingsError, StudyError
from autocnn.exports.check import checked_images
from autocnn.exports.formats import FORMATS, Format, export_to, read_contract
from autocnn.finals.contract import contract_of
from autocnn.models.contract import contract_from_json, contract_to_json
from autocnn.records.artefacts import hash_artefacts
from autocnn.records.finals_file import write_finals
from autocnn.records.manifest import write_manifest

WHITE = np.full((1, 8, 8, 1), 255.0, np.float32)


@pytest.fixture
def view(study, results):
    """The study digits-1, read from disk: trial 2 is the best, and trial 0 has weights too."""
    return load_study(results, study.name)


@pytest.fixture
def ship(view, make_finals):
    """A function that makes finals of digits-1, won by trial 2, with the weights of `trial`."""

    def make(trial=0):
        view.paths.finals.mkdir()
        write_finals(view.paths, make_finals(winner=2))
        contract = contract_of(view.study.settings, view.known_facts, trial=2)
        export_to(trained_model(view, trial), contract, view.paths.winner)
        return view.paths.winner

    return make


@pytest.fixture
def answers():
    """The table of formats with one more: a JSON file of a network's predictions."""

    def write(model, contract, path):
        predicted = model.predict(checked_images(model.image.shape))
        file = {"answers": predicted.tolist(), "contract": contract_to_json(contract)}
        path.write_text(json.dumps(file))

    def load(path):
        predicted = np.array(answers_in(path), np.float32)
        return lambda images: predicted

    entry = Format(
        name="answers",
        key="answers",
        suffix=".answers",
        write=write,
        load=load,
        read_contract=lambda path: contract_from_json(json.loads(path.read_text())["contract"]),
        tolerance=1e-6,
    )
    return {**FORMATS, entry.suffix: entry}


def answers_in(path):
    """The predictions in the file of the format of `answers`."""
    return json.loads(path.read_text())["answers"]


# trials


def test_a_trial_is_exported(view, tmp_path):
    """A trial is named by number, or is the best before the finals; its file loads in Keras."""
    outputs = []
    for trial in (None, 2, 0):
        target = tmp_path / f"{trial}.keras"
        assert export_model(view, target, trial) == target
        outputs.append(np.asarray(keras.saving.load_model(target, safe_mode=True)(WHITE)))
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert not np.allclose(outputs[1], outputs[2])
    np.testing.assert_allclose(outputs[0].sum(), 1.0, atol=1e-6)


def test_a_trial_is_a_trained_model(view, tmp_path):
    """The model has class names, and predicts what its file predicts."""
    model = trained_model(view, 0)
    assert model.class_names == tuple("0123456789")
    export_model(view, tmp_path / "model.keras", 0)
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_allclose(model.predict(WHITE), np.asarray(loaded(WHITE)), atol=1e-6)


def test_a_trial_without_weights_is_refused(view, tmp_path):
    """A pruned trial has no weights."""
    with pytest.raises(StudyError, match=r"trial 1 \(pruned\) has no weights on disk"):
        export_model(view, tmp_path / "model.keras", 1)


def test_an_unknown_trial_is_refused(view, tmp_path):
    """The error lists the trials."""
    with pytest.raises(StudyError, match="has no trial 7; its trials: 0, 1, 2"):
        export_model(view, tmp_path / "model.keras", 7)


def test_damaged_weights_are_one_clear_line(study, view, tmp_path):
    """No file is written if the weights are damaged."""
    weights = study.trial(2) / "best.npz"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(RecordError, match=r"best\.npz: is damaged"):
        export_model(view, tmp_path / "model.keras", 2)
    assert not (tmp_path / "model.keras").exists()


def test_weights_that_were_changed_do_not_predict(study, view):
    """Those of another trial are a valid archive, and not those of the manifest."""
    write_manifest(view.paths.manifest, {"sha256": hash_artefacts(view.paths)})
    assert load_winner(view, 2).class_names == view.known_facts.class_names
    weights = study.trial(2) / "best.npz"
    weights.write_bytes((study.trial(0) / "best.npz").read_bytes())
    with pytest.raises(
        RecordError, match=r"best\.npz: expected the SHA-256 .*, found .*: the file"
    ):
        load_winner(view, 2)


# the shipped winner


def test_the_shipped_winner_is_copied_in_its_own_format(view, ship, tmp_path):
    """The file is copied byte by byte, because the finals measured it; an older one is replaced."""
    target = tmp_path / "model.keras"
    target.write_bytes(b"an older file of that name")
    winner = ship()
    assert export_model(view, target).read_bytes() == winner.read_bytes()


def test_the_shipped_winner_is_converted_to_other_formats(view, ship, answers, tmp_path):
    """The converted file is no copy of winner.keras, but has its weights."""
    winner, target = ship(trial=0), tmp_path / "model.answers"
    export_model(view, target, formats=answers)
    assert target.read_bytes() != winner.read_bytes()
    expected = trained_model(view, 0).predict(checked_images((8, 8, 1)))
    np.testing.assert_allclose(answers_in(target), expected, atol=1e-6)


def test_the_shipped_winner_is_a_trained_model(view, ship):
    """Its predictions are those of the shipped file, not of the trial's weights."""
    loaded = keras.saving.load_model(ship(trial=0), safe_mode=True)
    np.testing.assert_allclose(
        trained_model(view).predict(WHITE), np.asarray(loaded(WHITE)), atol=1e-6
    )


def test_a_shipped_file_of_another_network_is_refused(view, ship, answers, tmp_path):
    """The shipped file must fit the configuration of the winner on record."""
    inputs = keras.Input((8, 8, 1))
    flat = keras.layers.Flatten()(inputs)
    keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(flat)).save(ship())
    with pytest.raises(RecordError, match=r"winner\.keras: expected the network of its study"):
        export_model(view, tmp_path / "model.answers", formats=answers)
    assert not (tmp_path / "model.answers").exists()


def test_exporting_the_winner_onto_itself_changes_nothing(view, ship):
    """The target of the export may be the shipped file."""
    winner = ship()
    before = winner.read_bytes()
    assert export_model(view, winner) == winner
    assert winner.read_bytes() == before


# the contract


@pytest.mark.parametrize(
    ("ships", "trial", "number"), [(True, None, 2), (False, None, 2), (True, 0, 0)]
)
def test_the_contract_names_study_and_trial(view, ship, tmp_path, ships, trial, number):
    """It is in the file and beside it; the shipped file is copied with its own."""
    if ships:
        ship()
    export_model(view, tmp_path / "model.keras", trial)
    contract = read_contract(tmp_path / "model.keras")
    assert contract == read_contract(tmp_path / "model.json")
    assert (contract.dataset, contract.study, contract.trial) == ("digits", "digits-1", number)
    assert contract.class_names == tuple("0123456789")
    assert (contract.image_shape, contract.colour) == ((8, 8, 1), "grey")
    assert contract.autocnn == metadata.version("autocnn")


def test_a_foreign_json_file_stays(view, ship, tmp_path):
    """A copy of the shipped file writes no contract over it."""
    ship()
    (tmp_path / "model.json").write_text("mine")
    with pytest.raises(RecordError, match=r"model\.json: expected no file, or the contract of an"):
        export_model(view, tmp_path / "model.keras")
    assert [p.name for p in tmp_path.glob("model.*")] == ["model.json"]


# targets


@pytest.mark.parametrize("name", ["model.h5", "model", ".keras"])
def test_an_unknown_ending_is_refused(view, ship, tmp_path, name):
    """No file is written if the ending is unknown."""
    ship()
    with pytest.raises(
        SettingsError,
        match=r"--output must end in \.keras, \.onnx, .*, got",
    ):
        export_model(view, tmp_path / "results" / name)
    assert not (tmp_path / "results" / name).exists()


@pytest.mark.parametrize("trial", [None, 2])
@pytest.mark.parametrize("name", ["absent/model.keras", "folder.keras", "m" * 300 + ".keras"])
def test_a_place_that_cannot_be_written_is_one_clear_line(view, ship, tmp_path, trial, name):
    """The target has no folder, is a folder, or has too long a name."""
    ship()
    (tmp_path / "folder.keras").mkdir()
    with pytest.raises(RecordError) as raised:
        export_model(view, tmp_path / name, trial)
    assert str(raised.value).startswith(str(tmp_path / name))
    assert "\n" not in str(raised.value)


# the note


@pytest.mark.parametrize(
    ("shipped", "note"),
    [
        (None, "study digits-1 has no finals: these are trial 2's own weights, neither refitted"),
        (2, ""),
        (0, "this is trial 0, tested before trial 2 was better: `autocnn resume digits-1` tests"),
    ],
)
def test_the_note_names_the_origin_of_a_model(view, make_finals, shipped, note):
    """The tested winner, and a trial given by number, have no note."""
    if shipped is not None:
        view.paths.finals.mkdir()
        view.paths.winner.touch()
        write_finals(view.paths, make_finals(winner=shipped))
    assert export_note(view).startswith(note)
    assert bool(export_note(view)) == bool(note)
    assert export_note(view, 0) == ""


def test_a_comparison_has_no_note(view):
    """The trainings of a comparison were each tested."""
    toml = view.paths.study_toml
    toml.write_text(toml.read_text().replace('engine = "optuna"', 'engine = "plan"'))
    plan = load_study(view.paths.root.parent, view.paths.name)
    assert export_note(plan) == ""
