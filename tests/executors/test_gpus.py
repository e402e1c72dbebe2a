"""The cards that a machine has, with a fake of NVIDIA's library."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from fake_nvml import Card, fake_nvml

from autocnn.errors import SettingsError
from autocnn.executors import gpus as module
from autocnn.executors.gpus import Gpu, GpuSurvey, full_lines, mps_folder, survey_gpus, usable_gpus

A = Gpu(identifier="GPU-aa", index=0, name="NVIDIA A", total_mb=40_000, free_mb=39_000)
B = Gpu(identifier="GPU-bb", index=1, name="NVIDIA B", total_mb=80_000, free_mb=500)
BOTH = GpuSurvey(gpus=(A, B))
SILENT = GpuSurvey(is_known=False, notes=("NVML: Driver Not Loaded",))


def test_cards_are_ordered_by_their_place_on_the_bus(monkeypatch):
    """Names, identifiers and memory in MiB are NVML's; the library is released again."""
    cards = [Card("GPU-bb", 9, "NVIDIA B", 80_000, 500), Card("GPU-aa", 3)]
    nvml = fake_nvml(monkeypatch, cards)
    assert survey_gpus() == BOTH
    assert nvml.opened == 0


def test_a_divided_card_is_its_instances(monkeypatch):
    """An instance that could be there and is not is passed over."""
    parts = [Card("MIG-1", name="NVIDIA B MIG 1g.5gb", total_mb=5_000, free_mb=4_900), None]
    fake_nvml(monkeypatch, [Card("GPU-bb", name="NVIDIA B", instances=parts), Card("GPU-aa", 3)])
    found = survey_gpus().gpus
    assert [(gpu.identifier, gpu.index) for gpu in found] == [("MIG-1", 0), ("GPU-aa", 1)]
    assert found[0].total_mb == 5_000


def test_a_card_that_cannot_be_asked_is_left_out_with_its_reason(monkeypatch):
    """A card whose memory is unknown stays."""
    cards = [Card("GPU-aa", lost="GPU is lost"), Card("GPU-bb", 1, total_mb=None)]
    fake_nvml(monkeypatch, cards)
    found = survey_gpus()
    assert found.notes == ("GPU 0 is left out: GPU is lost",)
    assert [(gpu.identifier, gpu.total_mb) for gpu in found.gpus] == [("GPU-bb", None)]


@pytest.mark.parametrize(
    "error", ["Driver Not Loaded", "Insufficient Permissions", "NVML Shared Library Not Found"]
)
def test_an_error_of_the_library_is_a_reason(monkeypatch, error):
    """The search goes on without NVML."""
    fake_nvml(monkeypatch, [], error)
    assert survey_gpus() == GpuSurvey(is_known=False, notes=(f"NVML: {error}",))


def test_without_the_package_the_reason_names_it(monkeypatch):
    """It is an extra."""
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert survey_gpus().notes == ("the package nvidia-ml-py is not installed",)


@pytest.mark.parametrize(
    ("wanted", "environment", "identifiers"),
    [
        (None, {}, ["GPU-aa", "GPU-bb"]),
        ("1", {"CUDA_VISIBLE_DEVICES": "0"}, ["GPU-bb"]),
        ("1,0,1", {}, ["GPU-bb", "GPU-aa"]),
        ("GPU-b", {}, ["GPU-bb"]),
        ("-1", {}, ["-1"]),
        (None, {"CUDA_VISIBLE_DEVICES": ""}, []),
        (None, {"CUDA_VISIBLE_DEVICES": "-1"}, []),
        (None, {"CUDA_VISIBLE_DEVICES": "NoDevFiles"}, []),
        (None, {"CUDA_VISIBLE_DEVICES": "GPU-bb"}, ["GPU-bb"]),
        (None, {"CUDA_VISIBLE_DEVICES": "1,-1,0"}, ["1"]),  # CUDA's own order: which card is 1?
        (None, {"CUDA_VISIBLE_DEVICES": "1", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, ["GPU-bb"]),
        (None, {"CUDA_VISIBLE_DEVICES": "MIG-GPU-aa/1/0"}, ["MIG-GPU-aa/1/0"]),
    ],
)
def test_numbers_and_identifiers_name_cards(wanted, environment, identifiers):
    """Numbers of the option are places on the bus; those of the variable are CUDA's."""
    found = usable_gpus(wanted, lambda: BOTH, environment)
    assert [gpu.identifier for gpu in found] == identifiers


def test_cards_of_one_model_are_numbered_alike_by_cuda():
    """A number of the variable then is a card that is known."""
    other = Gpu(identifier="GPU-cc", index=1, name="NVIDIA A", total_mb=40_000, free_mb=1)
    survey = GpuSurvey(gpus=(A, other))
    assert usable_gpus(None, lambda: survey, {"CUDA_VISIBLE_DEVICES": "1"}) == (other,)


@pytest.mark.parametrize(
    ("wanted", "environment", "line"),
    [
        (
            "0,7",
            {},
            "--gpus 0,7: there is no GPU 7; there is GPU 0 (NVIDIA A, 39,000 of 40,000 MiB free, "
            "GPU-aa), GPU 1 (NVIDIA B, 500 of 80,000 MiB free, GPU-bb)",
        ),
        (None, {"CUDA_VISIBLE_DEVICES": "GPU-x"}, "CUDA_VISIBLE_DEVICES GPU-x: there is no GPU "),
    ],
)
def test_a_card_that_is_not_there_is_refused(wanted, environment, line):
    """The line lists those that are there."""
    with pytest.raises(SettingsError) as raised:
        usable_gpus(wanted, lambda: BOTH, environment)
    assert str(raised.value).startswith(line)


def test_without_nvml_names_are_taken_as_they_are(monkeypatch):
    """Without names the driver's files count; a number of the option is a place on the bus."""
    files = [Path("/dev/nvidia0"), Path("/dev/nvidia1")]
    monkeypatch.setattr(module.Path, "glob", lambda path, pattern: files)
    found = usable_gpus(None, lambda: SILENT, {})
    assert [(gpu.identifier, gpu.is_numbered) for gpu in found] == [("0", True), ("1", True)]
    (wanted,) = usable_gpus("7", lambda: SILENT, {})
    (visible,) = usable_gpus(None, lambda: SILENT, {"CUDA_VISIBLE_DEVICES": "7"})
    assert (wanted.identifier, wanted.is_numbered) == ("7", True)
    assert (visible.identifier, visible.is_numbered) == ("7", False)


def test_a_card_that_others_have_filled_is_named():
    """500 of 80,000 MiB are below a tenth."""
    (line,) = full_lines((A, B, Gpu(identifier="0", index=0)))
    assert line.startswith("GPU 1 (NVIDIA B) has 500 of 80,000 MiB free: other processes hold")


def test_the_daemon_of_mps_is_found_by_its_file(tmp_path):
    """The file is there while the daemon runs; the variable names its folder."""
    environment = {"CUDA_MPS_PIPE_DIRECTORY": str(tmp_path)}
    assert mps_folder(environment) is None
    (tmp_path / "nvidia-cuda-mps-control.pid").write_text("7")
    assert mps_folder(environment) == tmp_path
