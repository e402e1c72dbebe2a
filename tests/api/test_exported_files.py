"""An export of several formats, and what is measured of each file."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.util import find_spec

import pytest

import autocnn.api.exported_files as exported_files
from autocnn.api.exported_files import (
    ExportSettings,
    export_files,
    export_notes,
    report_to_json,
)
from autocnn.api.studies import load_study
from autocnn.api.study_images import CALIBRATION, open_images
from autocnn.errors import SettingsError, StudyError
from autocnn.exports.formats import FORMATS, read_contract


@pytest.fixture
def view(study, results):
    """The study digits-1, with the fingerprint of the digits."""
    found = load_study(results, study.name)
    from autocnn.data.prepared import prepare

    facts = replace(found.known_facts, fingerprint=prepare("digits").fingerprint)
    return replace(found, facts=facts)


def test_the_images_of_a_study_are_its_validation_and_training_parts(view):
    """145 digits validate; 200 that train calibrate, and none of them validates."""
    found = open_images(view)
    assert (found.validation.images.shape, found.validation.labels.shape) == (
        (145, 8, 8, 1),
        (145,),
    )
    assert found.calibration.images.shape == (CALIBRATION, 8, 8, 1)
    assert found.validation.images.max() > 200
    pixels = {image.tobytes() for image in found.calibration.images}
    assert not pixels & {image.tobytes() for image in found.validation.images}


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"dataset": "absent.npz"}, "no data set named 'absent.npz'"),
        ({"dataset": "cifar100"}, "cifar100 is not on this machine"),
    ],
)
def test_images_that_are_not_at_hand_are_a_reason(view, monkeypatch, tmp_path, settings, reason):
    """Nothing is downloaded."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    study = replace(view.study, paths=view.paths)
    study.__dict__["settings"] = replace(view.study.settings, **settings)
    assert open_images(replace(view, study=study)).startswith(reason)


def test_images_that_were_changed_are_a_reason(view):
    """The fingerprint on record is another one."""
    other = replace(view, facts=replace(view.known_facts, fingerprint="0"))
    assert open_images(other) == "digits was changed after the study"


def test_files_of_several_formats_are_measured(view, tmp_path):
    """A SavedModel beside a .keras file; both keep all predictions, and share one contract."""
    settings = ExportSettings(
        output=tmp_path / "m", formats=("keras", "savedmodel"), trial=0, report=True
    )
    outcome = export_files(view, settings)
    own, converted = outcome.files
    assert (own.path, converted.path) == (tmp_path / "m.keras", tmp_path / "m.savedmodel")
    assert own.bytes == own.path.stat().st_size
    for file in outcome.files:
        assert file.agreement.n == 145
        assert (file.agreement.equal, file.difference < 1e-4) == (1.0, True)
        assert file.agreement.accuracy == file.agreement.network_accuracy
        assert file.latency_s > 0
    assert (own.is_converted, converted.is_converted) == (False, True)
    assert read_contract(tmp_path / "m.json") == read_contract(converted.path) == outcome.contract
    said = json.loads(json.dumps(report_to_json(outcome)))
    assert [each["format"] for each in said["files"]] == ["keras", "savedmodel"]
    assert export_notes(view, outcome, 0) == []


def test_without_images_the_files_are_written_all_the_same(view, tmp_path, monkeypatch):
    """A note has the reason; int8 cannot be calibrated."""
    monkeypatch.setattr(exported_files, "open_images", lambda view: "the disk is away")
    settings = ExportSettings(output=tmp_path / "m.savedmodel", trial=0)
    outcome = export_files(view, settings)
    assert outcome.files[0].agreement is None
    assert export_notes(view, outcome, 0) == [
        "not measured on the study's images: the disk is away"
    ]
    if find_spec("ai_edge_litert") is None:
        pytest.skip("ai_edge_litert is not installed")
    with pytest.raises(StudyError, match=r"^--quantize int8 is calibrated on .*: the disk is away"):
        export_files(view, ExportSettings(output=tmp_path / "m.tflite", trial=0, quantize="int8"))
    assert not (tmp_path / "m.tflite").exists()


@pytest.mark.parametrize(
    ("formats", "quantize"), [(("keras", "savedmodel"), "int8"), (("keras", "onyx"), None)]
)
def test_a_wrong_request_writes_nothing(view, tmp_path, formats, quantize):
    """All formats are checked before the first file."""
    settings = ExportSettings(output=tmp_path / "m", formats=formats, trial=0, quantize=quantize)
    with pytest.raises(SettingsError):
        export_files(view, settings)
    assert not list(tmp_path.glob("m*"))


def test_the_formats_have_names_of_their_own():
    """No two share a name."""
    assert len({each.key for each in FORMATS.values()}) == len(FORMATS)


def test_a_script_trains_to_the_best_epoch(view, tmp_path):
    """Trial 0 had its best epoch at the second; the schedule is that of the study."""
    settings = ExportSettings(output=tmp_path / "train.py", trial=0)
    (file,) = export_files(view, settings).files
    text = file.path.read_text()
    horizon = view.known_facts.horizon
    assert f"EPOCHS = 2\nSCHEDULE_EPOCHS = {horizon}  #" in text
    assert "validation: trial 0 of study digits-1 on digits." in text
    assert (file.format, file.agreement.equal) == ("script", 1.0)
