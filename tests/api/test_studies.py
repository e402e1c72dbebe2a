"""Looking at a study on disk."""

from __future__ import annotations

import json
import shutil

import keras
import numpy as np
import pytest

from autocnn.api.export import export_model, export_note
from autocnn.api.studies import confusion_of, load_study
from autocnn.errors import AutocnnError, RecordError, SettingsError, StudyError
from autocnn.records.finals_file import read_finals


@pytest.fixture
def view(study, results):
    """digits-1, read from disk."""
    return load_study(results, study.name)


# loading


def test_a_study_is_read_whole(view):
    """Its trials in the order of their ranks, its space, its facts."""
    assert [record.number for record in view.records] == [2, 0, 1]
    assert list(view.space.parameters)[:3] == ["blocks", "convolutions", "filters"]
    assert view.image_shape == (8, 8, 1)
    assert view.finals is None


def test_the_latest_study_is_taken_where_none_is_named(study, results):
    """By the time it was created, not by its name."""
    older = results / "zz"
    shutil.copytree(study.root, older)
    toml = (older / "study.toml").read_text().replace("2026-11-22", "2026-11-21")
    (older / "study.toml").write_text(toml)
    assert load_study(results).paths.name == "digits-1"
    assert load_study(str(results), "zz").paths.name == "zz"


def test_a_comparison_is_not_the_latest_study(study, results):
    """Whoever exports after a comparison wants the search's winner; it can be named."""
    plan = results / "compare-digits-30-5"
    shutil.copytree(study.root, plan)
    toml = (plan / "study.toml").read_text().replace("2026-11-22", "2026-11-23")
    (plan / "study.toml").write_text(toml.replace('engine = "optuna"', 'engine = "plan"'))
    assert load_study(results).paths.name == "digits-1"
    assert load_study(results, plan.name).paths.name == plan.name
    shutil.rmtree(study.root)
    with pytest.raises(StudyError, match="holds comparisons only; name one of them: compare-dig"):
        load_study(results)


def test_an_unknown_study_is_told(study, results):
    """With those that there are."""
    with pytest.raises(StudyError, match=r"no study named 'digits-2' in .*; known: digits-1"):
        load_study(results, "digits-2")


def test_no_results_are_told(results):
    """Before there is any study."""
    with pytest.raises(StudyError, match="there is no such folder; `autocnn search` starts a"):
        load_study(results)


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"[parameters]\nblocks = 'x'\n"])
@pytest.mark.parametrize("name", ["space.toml", "study.toml"])
def test_a_damaged_study_is_one_clear_error(study, results, name, content):
    """A missing, unreadable or wrong file of it is named."""
    path = study.root / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(AutocnnError) as raised:
        load_study(results, "digits-1")
    assert str(study.root.parent) in str(raised.value)
    assert "\n" not in str(raised.value)


# trials


@pytest.mark.parametrize(("number", "found"), [(None, 2), (0, 0), (1, 1)])
def test_a_trial_is_found_by_its_number(view, number, found):
    """The best one where none is given; trial 0 is not nothing."""
    assert view.trial(number).number == found


def test_an_unknown_trial_is_told(view):
    """With those that there are."""
    with pytest.raises(StudyError, match="study digits-1 has no trial 7; its trials: 0, 1, 2"):
        view.trial(7)


def test_an_unknown_trial_of_many_is_one_short_line(view, monkeypatch):
    """Ten thousand numbers help nobody."""
    monkeypatch.setattr("autocnn.api.studies.MOST_NAMED", 2)
    with pytest.raises(StudyError, match=r"has no trial 7; its trials: 3, numbered 0 to 2$"):
        view.trial(7)


def test_the_network_of_a_trial_is_planned(view):
    """Four filters of 3x3 and their biases, then ten classes: 40 + 50 parameters."""
    assert view.network(view.trial(2)).parameters == 90


# the finals


def test_finals_are_read_where_there_are_some(study):
    """None before them."""
    assert read_finals(study) is None
    study.finals.mkdir()
    study.finals_json.write_text('{"winner": 2}')
    assert read_finals(study) == {"winner": 2}


# exporting


def test_a_trial_is_exported(view, tmp_path):
    """By its number, or the best one where there was no finals; the file loads in Keras."""
    outputs = []
    for trial in (None, 2, 0):
        target = tmp_path / f"{trial}.keras"
        assert export_model(view, target, trial) == target
        model = keras.saving.load_model(target, safe_mode=True)
        outputs.append(np.asarray(model(np.full((1, 8, 8, 1), 255.0, np.float32))))
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert not np.allclose(outputs[1], outputs[2])
    np.testing.assert_allclose(outputs[0].sum(), 1.0, atol=1e-6)


@pytest.fixture
def shipped(study):
    """The shipped winner of digits-1."""
    study.finals.mkdir()
    study.winner.write_bytes(b"the shipped model")
    return study.winner


def test_the_shipped_winner_is_exported_as_it_is(view, shipped, tmp_path):
    """Byte for byte, over an older file of that name too."""
    target = tmp_path / "model.keras"
    target.write_bytes(b"an older and longer file of that name")
    assert export_model(view, target).read_bytes() == b"the shipped model"


def test_exporting_the_winner_onto_itself_changes_nothing(view, shipped):
    """It is there already."""
    assert export_model(view, shipped) == shipped
    assert shipped.read_bytes() == b"the shipped model"


@pytest.mark.parametrize("name", ["model.h5", "model", ".keras"])
def test_an_unknown_ending_is_refused(view, shipped, tmp_path, name):
    """Nothing is written."""
    with pytest.raises(SettingsError, match=r"--output must end in \.keras, got"):
        export_model(view, tmp_path / "results" / name)
    assert not (tmp_path / "results" / name).exists()


@pytest.mark.parametrize("trial", [None, 2])
@pytest.mark.parametrize("name", ["absent/model.keras", "folder.keras", "m" * 300 + ".keras"])
def test_a_place_that_cannot_be_written_is_told(view, shipped, tmp_path, trial, name):
    """No folder of that name, a folder of that name, a name too long: one line, no traceback."""
    (tmp_path / "folder.keras").mkdir()
    with pytest.raises(RecordError) as raised:
        export_model(view, tmp_path / name, trial)
    assert str(raised.value).startswith(str(tmp_path / name))
    assert "\n" not in str(raised.value)


def test_a_trial_without_weights_is_told(view, tmp_path):
    """A pruned one keeps none."""
    with pytest.raises(StudyError, match=r"trial 1 \(pruned\) has no weights on disk"):
        export_model(view, tmp_path / "model.keras", 1)


def test_exporting_an_unknown_trial_is_told(view, tmp_path):
    """As looking at it is."""
    with pytest.raises(StudyError, match="has no trial 7; its trials: 0, 1, 2"):
        export_model(view, tmp_path / "model.keras", 7)


def test_damaged_weights_are_told(study, view, tmp_path):
    """Nothing is written."""
    weights = study.trial(2) / "best.npz"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(RecordError, match=r"best\.npz: cannot read the weights"):
        export_model(view, tmp_path / "model.keras", 2)
    assert not (tmp_path / "model.keras").exists()


@pytest.mark.parametrize(
    ("shipped", "note"),
    [
        (None, "study digits-1 has no finals: these are trial 2's own weights, neither refitted"),
        (2, ""),
        (0, "this is trial 0, tested before trial 2 was better: `autocnn resume digits-1` tests"),
    ],
)
def test_what_an_export_is_is_told(view, shipped, note):
    """The winner that was tested; or another one; or none that was."""
    if shipped is not None:
        view.paths.finals.mkdir()
        view.paths.winner.touch()
        view.paths.finals_json.write_text(json.dumps({"winner": shipped}))
    assert export_note(view).startswith(note)
    assert bool(export_note(view)) == bool(note)
    assert export_note(view, 0) == ""


def test_a_comparison_has_no_finals_to_speak_of(view):
    """Its trainings were tested, each by itself."""
    toml = view.paths.study_toml
    toml.write_text(toml.read_text().replace('engine = "optuna"', 'engine = "plan"'))
    assert export_note(view) == ""
    with pytest.raises(StudyError, match="study digits-1 is no search: nothing was shipped by it"):
        confusion_of(view)
