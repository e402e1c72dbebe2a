"""A training process that hangs or exceeds its memory is killed; nothing is trained here."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from autocnn.executors import watch as module
from autocnn.executors import worker_process as serving
from autocnn.executors.local import wait_for_pipes
from autocnn.executors.local_process import LocalProcess
from autocnn.executors.protocol import run_job
from autocnn.executors.watch import Patience
from autocnn.executors.worker_handle import WorkerHandle, WorkerLimits
from autocnn.executors.worker_pool import WorkerPool
from autocnn.executors.worker_process import BEAT
from autocnn.trial import Epoch, FailureCause, TrialResult, TrialState

EPOCH = Epoch(
    train_loss=1.0, train_accuracy=0.5, val_loss=1.0, val_accuracy=0.5, seconds=1.0, score=0.5
)


class FakeProcess:
    """A process with the id of this one, which only records that it was killed."""

    pid = os.getpid()

    def __init__(self) -> None:
        self.killed = False

    def kill(self) -> None:
        """Record the call."""
        self.killed = True

    def join(self, timeout: float | None = None) -> None:
        """Return at once."""

    def is_alive(self) -> bool:
        """True until it is killed."""
        return not self.killed


@pytest.fixture
def follow(monkeypatch, tmp_path) -> Callable[..., Any]:
    """A function that feeds a job these messages of a worker; returns its result and process."""

    def run(
        messages: list[Any],
        pause: float = 0.0,
        memory_mb: int | None = None,
        limit_s: float | None = None,
        **patience: float,
    ) -> Any:
        limits = WorkerLimits(memory_mb=memory_mb, patience=Patience(**patience))
        link = LocalProcess(tmp_path / "worker.log")
        worker = WorkerHandle(link, limits)
        process = link._process = FakeProcess()
        link._connection, other = multiprocessing.Pipe()
        monkeypatch.setattr(worker, "_send_job", lambda job: None)
        stop = threading.Event()

        def send() -> None:
            for message in messages:
                stop.wait(pause)
                with suppress(ConnectionError):  # the process was killed in the meantime
                    other.send(message)

        thread = threading.Thread(target=send)
        thread.start()
        job = SimpleNamespace(number=0, time_limit_s=limit_s)
        executor = WorkerPool([worker], wait_for_pipes)
        result = run_job(executor, job, lambda number, epoch: False, lambda: False)
        stop.set()
        thread.join()
        return result, process

    return run


def test_a_silent_process_is_killed(follow):
    """A process is killed if no message arrives for as long as a compiler may need."""
    result, process = follow([(1, EPOCH)], silence_s=0.1)
    assert process.killed
    assert (result.state, result.cause) == (TrialState.FAILED, FailureCause.TIMED_OUT)
    assert result.message == "no sign of life for 0 s: it was killed"


def test_a_silent_process_is_killed_when_its_time_is_over(follow):
    """The time limit ends a job even within the silence allowed for a compiler."""
    result, process = follow([(1, EPOCH)], limit_s=0.05, overtime_s=0.05)
    assert process.killed
    assert result.cause == FailureCause.TIMED_OUT


def test_a_pause_of_everything_is_no_silence(monkeypatch):
    """After Ctrl-Z for two minutes the silence of the worker is counted from the resume on."""
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    watch = module.Watch(module.Usage, Patience(), None, 43.0)
    for now[0] in (4.0, 8.0, 128.0):
        assert watch.failure() is None
    for now[0] in range(129, 129 + 95):  # 8 s of silence before, 60 more than 43 in all
        assert watch.failure() is None
    now[0] += 1.0
    cause, message = watch.failure()
    assert (cause, message) == (FailureCause.TIMED_OUT, "no sign of life for 103 s: it was killed")


def test_heartbeats_keep_a_process_alive(follow):
    """Ten messages, each within the limit, keep a process alive though together they exceed it."""
    done = TrialResult(state=TrialState.COMPLETE)
    result, process = follow([*[BEAT] * 10, done], pause=0.05, silence_s=0.5)
    assert (result, process.killed) == (done, False)


@pytest.mark.parametrize(("limit", "is_killed"), [(1, True), (10**6, False), (None, False)])
def test_a_process_over_its_memory_is_killed(follow, limit, is_killed):
    """The process takes more than 1 MiB, and less than a million."""
    done = TrialResult(state=TrialState.COMPLETE)
    result, process = follow([done], pause=0.6, memory_mb=limit, usage_s=0.0)
    assert process.killed == is_killed
    if is_killed:
        assert (result.state, result.cause) == (TrialState.FAILED, FailureCause.OUT_OF_MEMORY)
        assert result.message.endswith(" MiB of 1 (--worker-memory)")
    else:
        assert result == done


def test_a_training_sends_heartbeats(monkeypatch):
    """A heartbeat is sent at each check for an answer, at most once every BEAT_S."""
    ours, theirs = multiprocessing.Pipe()
    conversation = serving._Conversation(theirs)
    assert not conversation.interrupted()
    assert not ours.poll()
    monkeypatch.setattr(serving, "BEAT_S", 0.0)
    assert not conversation.interrupted()
    assert ours.recv() == BEAT
    ours.send("interrupt")
    assert conversation.interrupted()


def test_a_late_answer_is_no_order():
    """A cancelled training may have ended before the answer to its last epoch arrives."""
    ours, theirs = multiprocessing.Pipe()
    for message in ("interrupt", "prune", "go", "device"):
        ours.send(message)
    assert serving._receive(theirs) == "device"
