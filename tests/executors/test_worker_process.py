"""The orders that a worker process executes."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from autocnn.executors.worker_process import Measure, _measure
from autocnn.train import speed


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
