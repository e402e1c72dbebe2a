"""Any network is exported to any registered format by one function, and each file is checked."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from export_fixtures import CONTRACT

from autocnn.errors import AutocnnError, RecordError, SettingsError
from autocnn.exports.check import checked_images
from autocnn.exports.contract_file import contract_bytes
from autocnn.exports.formats import (
    FORMATS,
    KERAS,
    Format,
    copy_export,
    export_to,
    format_of,
    read_contract,
)
from autocnn.models.contract import contract_from_json, contract_to_json


def write_probabilities(model, contract, path):
    """Write a file of the network's probabilities for the checked images, and the contract."""
    answers = model.predict(checked_images(model.image.shape)).tolist()
    path.write_text(json.dumps({"answers": answers, "contract": contract_to_json(contract)}))


def load_probabilities(path):
    """A model that returns those probabilities, for the checked images only."""
    answers = np.array(json.loads(path.read_text())["answers"], np.float32)
    return lambda images: answers


def read_contract_of(path):
    """The contract in the file."""
    return contract_from_json(json.loads(path.read_text())["contract"])


def load_wrong_probabilities(path):
    """A model that returns those probabilities with exchanged classes."""
    answers = load_probabilities(path)
    return lambda images: answers(images)[:, ::-1]


ANSWERS = Format(
    name="answers",
    key="answers",
    suffix=".answers",
    write=write_probabilities,
    load=load_probabilities,
    read_contract=read_contract_of,
    tolerance=1e-5,
)
BROKEN = Format(
    name="broken",
    key="broken",
    suffix=".broken",
    write=write_probabilities,
    load=load_wrong_probabilities,
    read_contract=read_contract_of,
    tolerance=1e-5,
)
FORGETFUL = replace(
    ANSWERS, suffix=".forgetful", read_contract=lambda path: replace(CONTRACT, trial=8)
)
TABLE = {**FORMATS, **{each.suffix: each for each in (ANSWERS, BROKEN, FORGETFUL)}}


def contents(folder):
    """Every file below `folder`, by its name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("target", ["model.keras", "some/folder/v1.2.keras"])
def test_the_ending_chooses_the_format(target):
    """Only the ending of the file name matters."""
    assert format_of(Path(target)) is KERAS


@pytest.mark.parametrize("target", ["model.h5", "model", "model.keras.bak", ".keras", "folder/"])
def test_an_unknown_ending_is_refused(target):
    """The error lists the endings."""
    with pytest.raises(
        SettingsError,
        match=r"--output must end in \.keras, \.onnx, .*, got '",
    ) as raised:
        format_of(Path(target))
    assert str(Path(target)) in str(raised.value)


def test_every_format_is_registered_by_its_suffix():
    """The suffix is the key of the table."""
    assert all(each.suffix == suffix for suffix, each in FORMATS.items())


def test_a_network_is_exported_to_any_format_of_the_table(tmp_path, make_model):
    """The format's own writer writes the file, and its own loader reads it."""
    target = tmp_path / "model.answers"
    exported = export_to(make_model(), CONTRACT, target, TABLE)
    assert (exported.path, exported.format, exported.difference) == (target, ANSWERS, 0.0)
    assert sorted(contents(tmp_path)) == ["model.answers", "model.json"]
    images = checked_images(make_model().image.shape)
    np.testing.assert_array_equal(exported.load()(images), make_model().predict(images))


OLDER = contract_bytes(replace(CONTRACT, trial=1))


@pytest.mark.parametrize("before", [{}, {"model.broken": b"an older model", "model.json": OLDER}])
def test_a_file_that_fails_the_check_never_appears(tmp_path, make_model, before):
    """An older file of that name stays, and no temporary file is left."""
    for name, content in before.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(AutocnnError, match=r"^model\.broken: its probabilities differ from the"):
        export_to(make_model(), CONTRACT, tmp_path / "model.broken", TABLE)
    assert contents(tmp_path) == before


def test_missing_weights_leave_no_file(tmp_path, make_model):
    """The error is that of reading the weights."""
    missing = replace(make_model(), weights=tmp_path / "best.npz")
    with pytest.raises(RecordError, match=r"best\.npz: cannot read the weights"):
        export_to(missing, CONTRACT, tmp_path / "model.keras")
    assert contents(tmp_path) == {}


def test_a_full_disk_is_one_clear_line(tmp_path, make_model):
    """The error names the target file."""

    def fail(model, contract, path):
        raise OSError(28, "No space left on device")

    full = {".keras": replace(KERAS, write=fail)}
    with pytest.raises(RecordError) as raised:
        export_to(make_model(), CONTRACT, tmp_path / "model.keras", full)
    assert str(raised.value).startswith(
        f"{tmp_path / 'model.keras'}: cannot be written (No space left on device); free some space"
    )
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("name", ["absent/model.keras", "folder.keras"])
def test_a_target_that_cannot_be_a_file_is_refused(tmp_path, make_model, name):
    """A folder, and a file in a folder that does not exist, are refused."""
    (tmp_path / "folder.keras").mkdir()
    with pytest.raises(RecordError, match="its folder does not exist, or it is a folder itself"):
        export_to(make_model(), CONTRACT, tmp_path / name)


# the contract


def test_the_contract_is_in_the_file_and_beside_it(tmp_path, make_model):
    """Both have the same content, and replace those of an older export."""
    target = tmp_path / "model.keras"
    target.write_bytes(b"an older model")
    (tmp_path / "model.json").write_bytes(OLDER)
    export_to(make_model(), CONTRACT, target)
    assert read_contract(target) == read_contract(str(tmp_path / "model.json")) == CONTRACT
    assert json.loads((tmp_path / "model.json").read_text()) == contract_to_json(CONTRACT)
    assert sorted(contents(tmp_path)) == ["model.json", "model.keras"]


def test_a_file_that_lost_its_contract_never_appears(tmp_path, make_model):
    """The check reads the contract back from the file."""
    with pytest.raises(
        AutocnnError, match=r"^model\.forgetful: expected the contract .* read back"
    ):
        export_to(make_model(), CONTRACT, tmp_path / "model.forgetful", TABLE)
    assert contents(tmp_path) == {}


@pytest.mark.parametrize(
    "change", [{"class_names": ("d", "c", "b", "a")}, {"image_shape": (8, 9, 3)}]
)
def test_the_contract_of_another_network_is_a_bug(tmp_path, make_model, change):
    """The order of the classes and the size are those of the network."""
    with pytest.raises(
        ValueError, match=r"^expected a contract of \('a', 'b', 'c', 'd'\), \(8, 8, 3\)"
    ):
        export_to(make_model(), replace(CONTRACT, **change), tmp_path / "model.keras")


@pytest.mark.parametrize("content", [b"{}", b"[1]", b"no JSON", b'{"class_names": []}', None])
def test_a_foreign_file_is_never_replaced_by_a_contract(tmp_path, make_model, content):
    """The user named the model's file only; the line says what to do."""
    other = tmp_path / "model.json"
    if content is None:
        other.mkdir()
    else:
        other.write_bytes(content)
    with pytest.raises(RecordError, match=r"model\.json: expected no file, or the contract of an"):
        export_to(make_model(), CONTRACT, tmp_path / "model.keras")
    assert [path.name for path in tmp_path.iterdir()] == ["model.json"]
    assert content is None or other.read_bytes() == content


def test_a_contract_that_cannot_be_written_leaves_the_older_files(
    tmp_path, make_model, monkeypatch
):
    """Neither file is replaced if one of them cannot be written."""
    export_to(make_model(), replace(CONTRACT, trial=1), tmp_path / "model.keras")
    before, fsync, calls = contents(tmp_path), os.fsync, []

    def second_fails(handle):
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", second_fails)
    with pytest.raises(RecordError, match=r"model\.json: cannot be written \(No space left"):
        export_to(make_model(), CONTRACT, tmp_path / "model.keras")
    assert contents(tmp_path) == before


def test_a_copy_has_the_contract_beside_it(tmp_path, make_model):
    """The model is copied byte by byte; its contract is written from the file."""
    export_to(make_model(), CONTRACT, tmp_path / "winner.keras")
    copy_export(tmp_path / "winner.keras", tmp_path / "copy.keras")
    files = contents(tmp_path)
    assert files["copy.keras"] == files["winner.keras"]
    assert files["copy.json"] == files["winner.json"]


@pytest.mark.parametrize("name", ["model.h5", "model", "image.png"])
def test_a_contract_is_read_from_known_endings_only(name):
    """The line lists the endings."""
    with pytest.raises(SettingsError, match=rf"^{name}: expected a model's file, which ends in "):
        read_contract(name)
