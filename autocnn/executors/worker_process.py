"""The worker process: it answers the supervisor's questions and trains one job after another."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from autocnn.data.prepared import DataReference, keep_used, open_reference
from autocnn.errors import AutocnnError, RecordError, TrialFailed
from autocnn.executors.gpus import VISIBLE, process_mb
from autocnn.executors.resources import Share
from autocnn.files import cache_root, make_folder_in
from autocnn.keras_startup import load_keras, own_process
from autocnn.space.config import TrialConfig
from autocnn.trial import Epoch, FailureCause, TrialJob, TrialResult, TrialState

LOG_FILE = "log.txt"  # in a job's folder: the traceback of an error
CONTEXT_MB = 500  # MiB that CUDA itself is allowed for, which no backend counts
BEAT = "alive"  # the message by which a training shows that it goes on
GPU_MEMORY = "gpu memory"  # the question how much of its GPU the process takes
BEAT_S = 5.0  # at least, between two such messages


def ignore_file(path: Path) -> None:
    """Do nothing: the file is where the supervisor reads it."""


@dataclass(frozen=True, slots=True)
class Measure:
    """The order to measure a configuration's speed."""

    config: TrialConfig
    precision: str
    limit_s: float  # wall, of the steps that are measured


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply of a worker process to a question."""

    value: Any = None
    error: str = ""  # the line of an error that autocnn raises on purpose
    bug: str = ""  # the traceback of any other error


class Orders(Protocol):
    """The worker's end of its channel; `multiprocessing.connection.Connection` is one."""

    def send(self, message: Any, /) -> None:
        """Send a message to the supervisor."""
        ...

    def recv(self) -> Any:
        """The next order; waits for it. Raises: EOFError if the supervisor has ended."""
        ...

    def poll(self) -> bool:
        """True if `recv` would not wait."""
        ...


def serve(connection: Connection, log: Path, share: Share) -> None:
    """The main function of a worker process of this machine."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor decides what Ctrl-C means
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM,))  # deferred during the start
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    _send_output_to(log)
    share.take()
    own_process()
    load_keras()
    if share.gpu_mb is not None:
        from autocnn.train.backend import limit_gpu_memory

        limit_gpu_memory(share.gpu_mb)
    answer_orders(connection)


def answer_orders(connection: Orders, changed: Callable[[Path], None] = ignore_file) -> None:
    """Answer questions and train jobs until the supervisor ends; Keras must be loaded.

    `changed` is called after a file in a job's folder was written or deleted.
    """
    from autocnn.train import backend

    data: Any = None
    device: Any = None
    while (order := _receive(connection)) is not None:
        if device is not None and device.kind == "gpu":
            gc.collect()  # the model of the training before: its weights are on the device
        if isinstance(order, TrialJob):
            try:
                connection.send(_train(order, data, device, _Conversation(connection), changed))
            except RecordError as error:  # such as a full disk: the trial is not the cause
                connection.send(Answer(error=str(error)))
            continue
        try:
            if order == "device":
                device = backend.find_device()
                backend.keep_programs(device, cache_root() / "jax")
                answer = Answer(device)
            elif isinstance(order, DataReference):
                data = open_reference(order)
                if device.kind == "gpu":
                    data = keep_used(data)
                answer = Answer()
            else:
                answer = Answer(_measured(order, data, device))
        except AutocnnError as error:
            answer = Answer(error=str(error))
        except Exception:  # the supervisor raises it with this traceback
            answer = Answer(bug=traceback.format_exc())
        connection.send(answer)


def _leave_with_parent() -> None:
    """End this process when the supervisor ends: its results could no longer be recorded."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _receive(connection: Orders) -> Any:
    """The next order; None if the supervisor has ended. Late answers are skipped."""
    try:
        while (order := connection.recv()) in ("interrupt", "prune", "go"):
            pass
    except EOFError:
        return None
    return order


def _measured(order: Measure | str, data: Any, device: Any) -> Any:
    return _measure(order, data, device) if isinstance(order, Measure) else _gpu_memory(device)


def _measure(order: Measure, data: Any, device: Any) -> tuple[float, float]:
    """The speed of a configuration; if memory runs out, with half the batch, as in a trial."""
    from autocnn.train import backend, speed

    config = order.config
    while True:
        try:
            return speed.measure_speed(config, data, device, order.precision, order.limit_s)
        except Exception as error:
            if config.batch_size < 2 or not backend.is_out_of_memory(error):
                raise
            config = replace(config, batch_size=config.batch_size // 2)


def _gpu_memory(device: Any) -> int | None:
    """MiB that this process takes of its GPU, at most so far: as NVML knows, or the backend."""
    from autocnn.train import backend

    held = process_mb(os.environ.get(VISIBLE, ""), os.getpid())
    peak = backend.peak_gpu_mb(device)
    found = [held] if peak is None else [held, peak + CONTEXT_MB]
    return max((each for each in found if each is not None), default=None)


def _train(
    job: TrialJob,
    data: Any,
    device: Any,
    conversation: _Conversation,
    changed: Callable[[Path], None],
) -> TrialResult:
    from autocnn.train import backend, trainer
    from autocnn.train.backend import cpu_seconds

    start, cpu_start = time.perf_counter(), cpu_seconds()
    hooks = trainer.Hooks(
        report=conversation.report, interrupted=conversation.interrupted, changed=changed
    )
    try:
        return trainer.train_trial(job, data, device, hooks)
    except TrialFailed as error:
        cause, message = FailureCause(error.cause), str(error)
    except RecordError:
        raise
    except Exception as error:  # recorded with its traceback
        cause = FailureCause.ERROR
        if backend.is_out_of_memory(error):
            cause = FailureCause.OUT_OF_MEMORY
        message = f"{type(error).__name__}: {error}".splitlines()[0]
        traceback.print_exc()  # to the worker's log: the trial's log may not be writable
        with contextlib.suppress(OSError):
            make_folder_in(job.root, job.folder)
            (job.folder / LOG_FILE).write_text(traceback.format_exc(), encoding="utf-8")
            changed(job.folder / LOG_FILE)
    return TrialResult(
        state=TrialState.FAILED,
        curve=tuple(conversation.curve),
        seconds=time.perf_counter() - start,
        cpu_seconds=cpu_seconds() - cpu_start,
        precision=job.precision,
        cause=cause,
        message=message,
    )


class _Conversation:
    """The messages between a training and the supervisor."""

    def __init__(self, connection: Orders) -> None:
        self._connection = connection
        self._stopped = False
        self._beaten = time.monotonic()
        self.curve: list[Epoch] = []

    def report(self, number: int, epoch: Epoch) -> bool:
        if number > 0:
            self.curve.append(epoch)
        self._connection.send((number, epoch))
        answer = self._connection.recv()
        self._stopped = answer == "interrupt"
        return bool(answer == "prune")

    def interrupted(self) -> bool:
        if time.monotonic() - self._beaten > BEAT_S:
            self._beaten = time.monotonic()
            self._connection.send(BEAT)
        if not self._stopped and self._connection.poll():
            self._stopped = self._connection.recv() == "interrupt"
        return self._stopped


def _send_output_to(log: Path) -> None:
    """Send everything that libraries print to the log file.

    A folder that is gone is not made again: it is a study's, which was deleted or moved while the
    worker started, and the search ends for that. What is printed then is lost.
    """
    try:
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o644)
    except FileNotFoundError:
        file = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(file, descriptor)
    os.close(file)
