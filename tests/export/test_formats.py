"""Any network is exported to any registered format by one function, and each file is checked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from autocnn.errors import AutocnnError, RecordError, SettingsError
from autocnn.export.check import checked_images
from autocnn.export.formats import FORMATS, KERAS, Format, export_to, format_of


def write_probabilities(model, path):
    """Write a file of the network's probabilities for the checked images."""
    answers = model.predict(checked_images(model.image.shape))
    path.write_text(json.dumps(answers.tolist()))


def load_probabilities(path):
    """A model that returns those probabilities, for the checked images only."""
    answers = np.array(json.loads(path.read_text()), np.float32)
    return lambda images: answers


def load_wrong_probabilities(path):
    """A model that returns those probabilities with exchanged classes."""
    answers = load_probabilities(path)
    return lambda images: answers(images)[:, ::-1]


ANSWERS = Format(
    name="answers",
    suffix=".answers",
    write=write_probabilities,
    load=load_probabilities,
    tolerance=1e-5,
)
BROKEN = Format(
    name="broken",
    suffix=".broken",
    write=write_probabilities,
    load=load_wrong_probabilities,
    tolerance=1e-5,
)
TABLE = {**FORMATS, ".answers": ANSWERS, ".broken": BROKEN}


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
    with pytest.raises(SettingsError, match=r"--output must end in \.keras, got '") as raised:
        format_of(Path(target))
    assert str(Path(target)) in str(raised.value)


def test_every_format_is_registered_by_its_suffix():
    """The suffix is the key of the table."""
    assert all(each.suffix == suffix for suffix, each in FORMATS.items())


def test_a_network_is_exported_to_any_format_of_the_table(tmp_path, make_model):
    """The format's own writer writes the file, and its own loader reads it."""
    target = tmp_path / "model.answers"
    exported = export_to(make_model(), target, TABLE)
    assert (exported.path, exported.format, exported.difference) == (target, ANSWERS, 0.0)
    assert list(contents(tmp_path)) == ["model.answers"]
    images = checked_images(make_model().image.shape)
    np.testing.assert_array_equal(exported.load()(images), make_model().predict(images))


@pytest.mark.parametrize("before", [{}, {"model.broken": b"an older model"}])
def test_a_file_that_fails_the_check_never_appears(tmp_path, make_model, before):
    """An older file of that name stays, and no temporary file is left."""
    for name, content in before.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(AutocnnError, match=r"^model\.broken: its probabilities differ from the"):
        export_to(make_model(), tmp_path / "model.broken", TABLE)
    assert contents(tmp_path) == before


def test_missing_weights_leave_no_file(tmp_path, make_model):
    """The error is that of reading the weights."""
    missing = replace(make_model(), weights=tmp_path / "best.npz")
    with pytest.raises(RecordError, match=r"best\.npz: cannot read the weights"):
        export_to(missing, tmp_path / "model.keras")
    assert contents(tmp_path) == {}


def test_a_full_disk_is_one_clear_line(tmp_path, make_model):
    """The error names the target file."""

    def fail(model, path):
        raise OSError(28, "No space left on device")

    full = {".keras": replace(KERAS, write=fail)}
    with pytest.raises(RecordError) as raised:
        export_to(make_model(), tmp_path / "model.keras", full)
    assert str(raised.value).startswith(
        f"{tmp_path / 'model.keras'}: cannot be written (No space left on device); free some space"
    )
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("name", ["absent/model.keras", "folder.keras"])
def test_a_target_that_cannot_be_a_file_is_refused(tmp_path, make_model, name):
    """A folder, and a file in a folder that does not exist, are refused."""
    (tmp_path / "folder.keras").mkdir()
    with pytest.raises(RecordError, match="its folder does not exist, or it is a folder itself"):
        export_to(make_model(), tmp_path / name)
