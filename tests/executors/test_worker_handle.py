"""A real worker process, with tiny data."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest

from autocnn.data.prepared import refer_to
from autocnn.errors import AutocnnError
from autocnn.executors.local import wait_for_pipes
from autocnn.executors.local_process import LocalProcess
from autocnn.executors.protocol import run_job
from autocnn.executors.worker_handle import WorkerHandle
from autocnn.executors.worker_pool import WorkerPool
from autocnn.space.config import Block, Optimizer, TrialConfig
from autocnn.trial import FailureCause, TrialState

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def worker(data, tmp_path_factory):
    """One worker for all tests of this file, because a new process takes seconds."""
    folder = tmp_path_factory.mktemp("worker")
    worker = WorkerHandle(LocalProcess(folder / "worker.log"))
    worker.start()
    worker.use(refer_to(data))
    yield worker
    worker.close()


def _train(worker, job, on_epoch, interrupted):
    return run_job(WorkerPool([worker], wait_for_pipes), job, on_epoch, interrupted)


def _go_on(number, epoch):
    return False


def _never():
    return False


def _pids() -> set[int]:
    return {process.pid for process in multiprocessing.active_children()}


def test_a_worker_reports_its_device(worker):
    """The worker reports the device of its backend."""
    assert worker.device().backend == "tensorflow"


def test_a_worker_measures_a_configuration(worker, config):
    """The speed has the seconds before the first step and the seconds for one image."""
    setup_s, image_s = worker.measure(config, "float32", 0.5)
    assert 0 < image_s < setup_s


def test_a_measurement_that_hangs_is_ended(worker, config, monkeypatch):
    """A process that gives no answer in time is killed; the next measurement gets another one."""
    pid = worker.link._process.pid
    patience = replace(worker._limits.patience, measure_s=0.0)
    with monkeypatch.context() as patch:
        patch.setattr(worker, "_limits", replace(worker._limits, patience=patience))
        assert worker.measure(config, "float32", 0.0) is None
    assert not psutil.pid_exists(pid)
    assert worker.measure(config, "float32", 0.0) is not None


def test_a_job_is_trained_in_the_other_process(worker, job):
    """Each epoch arrives as an event, and the weights are on disk."""
    received = []
    result = _train(worker, job, lambda *args: bool(received.append(args)), _never)
    assert (result.state, result.epochs) == (TrialState.COMPLETE, 2)
    assert received == list(enumerate(result.curve, start=1))
    assert (job.folder / "best.npz").is_file()


def test_a_job_is_pruned_by_the_answer(worker, job):
    """The answer True ends the job after that epoch."""
    result = _train(worker, job, lambda number, epoch: True, _never)
    assert (result.state, result.epochs) == (TrialState.PRUNED, 1)


def test_an_interrupted_job_keeps_what_it_reached(worker, job):
    """The job stops between two epochs, long before its 10,000th, and keeps its curve."""
    received = []
    job = replace(job, horizon=10_000, last_epoch=10_000)
    result = _train(worker, job, lambda *args: bool(received.append(args)), lambda: bool(received))
    assert result.state is TrialState.STOPPED
    assert 1 <= result.epochs < 10_000
    assert result.curve[0] == received[0][1]


def test_a_diverged_job_has_failed(worker, job):
    """The result has the cause, and the worker stays alive."""
    optimizer = Optimizer(name="sgd", learning_rate=1e30)
    pids = _pids()
    result = _train(
        worker, replace(job, config=replace(job.config, optimizer=optimizer)), _go_on, _never
    )
    assert (result.state, result.cause) == (TrialState.FAILED, FailureCause.DIVERGED)
    assert "loss" in result.message
    assert _pids() == pids


def test_an_error_is_recorded_with_its_traceback(worker, job):
    """The message is one line; the traceback is in the folder of the trial."""
    config = TrialConfig(blocks=(Block(filters=(2,), kernel=9, padding="valid"),))
    result = _train(worker, replace(job, config=config), _go_on, _never)
    assert (result.state, result.cause) == (TrialState.FAILED, FailureCause.ERROR)
    assert result.message == "Infeasible: a window of 9 pixels does not fit into 8 pixels"
    log = (job.folder / "log.txt").read_text()
    assert log.startswith("Traceback")
    assert result.message.partition(": ")[2] in log


def test_the_death_of_a_worker_costs_one_trial(worker, job):
    """A worker killed in its first epoch fails its job; the next job has a new process."""
    worker.device()  # a process exists
    pid = worker.link._process.pid

    def kill(number, epoch):
        os.kill(pid, signal.SIGKILL)
        return False

    result = _train(worker, job, kill, _never)
    assert (result.state, result.cause) == (TrialState.FAILED, FailureCause.CRASHED)
    assert "signal 9" in result.message
    assert "worker.log" in result.message

    assert _train(worker, job, _go_on, _never).state is TrialState.COMPLETE
    assert worker.link._process.pid != pid


def test_a_worker_without_data_is_one_line(data, tmp_path):
    """The error is one line, and it is raised at once."""
    before = _pids()
    worker = WorkerHandle(LocalProcess(tmp_path / "worker.log"))
    worker.use(replace(refer_to(data), pixels=tmp_path / "nothing.npy"))
    with pytest.raises(AutocnnError, match=r"nothing\.npy: cannot read the cached images"):
        worker.device()
    worker.close()
    assert _pids() == before


def test_closing_ends_a_process_that_is_still_starting(tmp_path):
    """`close` kills the process at once; a second call, or one before the start, does nothing."""
    before = _pids()
    worker = WorkerHandle(LocalProcess(tmp_path / "worker.log"))
    worker.close()
    worker.start()
    assert len(_pids() - before) == 1
    worker.close()
    worker.close()
    assert _pids() == before


def test_a_worker_ends_with_its_supervisor(tmp_path):
    """A worker ends once its supervisor has, since no process would read its results."""
    code = (
        "import os, sys, time; from pathlib import Path\n"
        "from autocnn.executors.local_process import LocalProcess\n"
        "from autocnn.executors.worker_handle import WorkerHandle\n"
        "if __name__ == '__main__':\n"
        "    folder = Path(sys.argv[1])\n"
        "    worker = WorkerHandle(LocalProcess(folder / 'worker.log'))\n"
        "    worker.start(); print(worker.link._process.pid, flush=True); time.sleep(60)\n"
    )
    script = tmp_path / "supervisor.py"
    script.write_text(code)
    supervisor = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    child = psutil.Process(int(supervisor.stdout.readline()))
    time.sleep(1.0)
    supervisor.kill()
    supervisor.communicate()
    gone, _ = psutil.wait_procs([child], timeout=30.0)
    assert gone == [child]
