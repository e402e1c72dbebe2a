"""The orders that a worker process executes."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest
from fake_nvml import MIB, Card, Process, fake_nvml

from autocnn.executors.worker_process import GPU_MEMORY, Measure, _measure, _measured
from autocnn.train import backend, speed


def test_a_probe_that_runs_out_of_memory_is_repeated_with_half_the_batch(config, monkeypatch):
    """The batch is halved as for a trial, down to one image."""
    tried = []

    def measure(config, *_):
        tried.append(config.batch_size)
        if config.batch_size > most:
            raise MemoryError
        return 1.0, 2.0

    monkeypatch.setattr(speed, "measure_speed", measure)
    order, most = Measure(replace(config, batch_size=20), "float32", 1.0), 5
    assert _measure(order, None, None) == (1.0, 2.0)
    assert tried == [20, 10, 5]
    most = 0
    with pytest.raises(MemoryError):
        _measure(order, None, None)
    assert tried[3:] == [20, 10, 5, 2, 1]


@pytest.mark.parametrize(
    ("held_mb", "peak_mb", "mb"),
    [(3_000, 2_000, 3_000), (None, 2_000, 2_500), (3_000, None, 3_000), (None, None, None)],
)
def test_the_memory_of_a_process_is_nvmls_or_the_backends(monkeypatch, held_mb, peak_mb, mb):
    """NVML knows all that a process holds, a backend only its own: 500 MiB are added for CUDA."""
    held = [] if held_mb is None else [Process(os.getpid(), held_mb * MIB)]
    fake_nvml(monkeypatch, [Card("GPU-aa", processes=[Process(1, 9 * MIB)], served=held)])
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-aa")
    monkeypatch.setattr(backend, "peak_gpu_mb", lambda device: peak_mb)
    assert _measured(GPU_MEMORY, None, None) == mb


def test_any_other_error_of_a_probe_is_raised(config, monkeypatch):
    """An error other than missing memory is raised at once."""

    def measure(*_):
        raise ValueError("odd")

    monkeypatch.setattr(speed, "measure_speed", measure)
    with pytest.raises(ValueError, match="odd"):
        _measure(Measure(config, "float32", 1.0), None, None)


@pytest.mark.parametrize("exists", [True, False])
def test_a_worker_does_not_make_the_folder_of_its_log(tmp_path, exists):
    """The study was deleted while the worker started: what it prints is lost, not in the way."""
    folder = tmp_path / "study"
    if exists:
        folder.mkdir()
    code = (
        "import pathlib, sys; from autocnn.executors.worker_process import _send_output_to; "
        "_send_output_to(pathlib.Path(sys.argv[1])); print('printed')"
    )
    words = [sys.executable, "-c", code, folder / "worker.log"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    written = [path.read_text() for path in tmp_path.glob("study/worker.log")]
    assert written == (["printed\n"] if exists else [])
    assert folder.exists() == exists
