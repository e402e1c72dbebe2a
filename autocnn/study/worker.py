"""A worker process: it trains one job after another, and its death costs one trial only."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from autocnn.errors import AutocnnError, TrialFailed
from autocnn.quiet import load_keras
from autocnn.space.config import TrialConfig
from autocnn.trial import Epoch, FailureCause, TrialJob, TrialResult, TrialState

POLL_S = 0.25  # between two looks at the clock and the keyboard
CLOSE_S = 5.0  # for a worker to leave by itself


@dataclass(frozen=True, slots=True)
class Measure:
    """The order to measure a configuration's speed."""

    config: TrialConfig
    precision: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A worker's reply to a question."""

    value: Any = None
    error: str = ""  # one line for the person
    bug: str = ""  # the traceback of anything unexpected


class Worker:
    """The supervisor's side of one worker process."""

    def __init__(self, data_folder: Path, log: Path) -> None:
        self._data_folder, self._log = data_folder, log
        self._process: Any = None
        self._connection: Any = None
        self._is_ready = False

    def start(self) -> None:
        """Spawn the process; it loads the backend while the caller goes on."""
        self._is_ready = False
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(
            target=serve, args=(other, self._data_folder, self._log), daemon=True
        )
        self._process.start()
        other.close()

    def device(self) -> Any:
        """The `Device` that the worker found, once its backend is loaded; it maps the data too."""
        self._wake()
        device = self._question("device")
        self._question("data")
        self._is_ready = True
        return device

    def measure(self, config: TrialConfig, precision: str) -> tuple[float, float]:
        """Wall seconds of a training of `config`: before its first step, and for one image."""
        self._get_ready()
        setup_s, image_s = self._question(Measure(config, precision))
        return float(setup_s), float(image_s)

    def run(
        self,
        job: TrialJob,
        on_epoch: Callable[[int, Epoch], bool],
        interrupt: Callable[[], bool],
    ) -> TrialResult:
        """Train `job`; `on_epoch` returns True to prune, `interrupt` (asked often) True to stop.

        A worker that dies gives a failed result, and the next job gets a new one.
        """
        try:
            self._get_ready()
            self._connection.send(job)
            return self._follow(on_epoch, interrupt)
        except (EOFError, ConnectionError):
            return self._crashed()

    def close(self) -> None:
        """End the process, by force if it does not leave by itself."""
        if self._process is None:
            return
        with contextlib.suppress(OSError, ValueError):  # it may be gone already
            self._connection.send(None)
        self._process.join(CLOSE_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._connection.close()
        self._process = None

    def _wake(self) -> None:
        if self._process is None or not self._process.is_alive():
            self.start()

    def _get_ready(self) -> None:
        self._wake()
        if not self._is_ready:
            self.device()

    def _question(self, question: Any) -> Any:
        try:
            self._connection.send(question)
            answer = self._connection.recv()
        except (EOFError, ConnectionError):
            raise AutocnnError(f"cannot work: {self._crashed().message}") from None
        if answer.error:
            raise AutocnnError(answer.error)
        if answer.bug:
            raise RuntimeError(f"in the worker process:\n{answer.bug}")
        return answer.value

    def _follow(
        self, on_epoch: Callable[[int, Epoch], bool], interrupt: Callable[[], bool]
    ) -> TrialResult:
        interrupted = False
        while True:
            if not interrupted and interrupt():
                interrupted = True
                self._connection.send("interrupt")
            if not self._connection.poll(POLL_S):
                continue
            message = self._connection.recv()
            if isinstance(message, TrialResult):
                return message
            number, epoch = message
            if interrupted:  # the worker takes the interrupt as its answer
                continue
            self._connection.send("prune" if on_epoch(number, epoch) else "go")

    def _crashed(self) -> TrialResult:
        self._process.join(CLOSE_S)
        code = self._process.exitcode
        self._process = None
        reason = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        return TrialResult(
            state=TrialState.FAILED,
            cause=FailureCause.CRASHED,
            message=f"the worker process ended with {reason}; see {self._log}",
        )


def serve(connection: Connection, data_folder: Path, log: Path) -> None:
    """The worker's main function: answer questions and train jobs until told to leave."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor decides what Ctrl-C means
    _send_output_to(log)
    load_keras()
    from autocnn.data.prepared import open_prepared
    from autocnn.train import backend, speed

    data: Any = None
    device: Any = None
    while (order := _receive(connection)) is not None:
        if isinstance(order, TrialJob):
            connection.send(_train(order, data, device, connection))
            continue
        try:
            if order == "device":
                device = backend.find_device()
                answer = Answer(device)
            elif order == "data":
                data = open_prepared(data_folder)
                answer = Answer()
            else:
                answer = Answer(speed.measure_speed(order.config, data, device, order.precision))
        except AutocnnError as error:
            answer = Answer(error=str(error))
        except Exception:  # sent over whole: the supervisor raises it
            answer = Answer(bug=traceback.format_exc())
        connection.send(answer)


def _receive(connection: Connection) -> Any:
    """The next order; None once the supervisor is gone. A late interrupt is no order."""
    try:
        while (order := connection.recv()) == "interrupt":
            pass
    except EOFError:
        return None
    return order


def _train(job: TrialJob, data: Any, device: Any, connection: Connection) -> TrialResult:
    from autocnn.train import backend, trainer
    from autocnn.train.clock import cpu_seconds

    start, cpu_start = time.perf_counter(), cpu_seconds()
    conversation = _Conversation(connection)
    hooks = trainer.Hooks(report=conversation.report, interrupted=conversation.interrupted)
    try:
        return trainer.train_trial(job, data, device, hooks)
    except TrialFailed as error:
        cause, message = FailureCause(error.cause), str(error)
    except Exception as error:  # recorded with its traceback, for the supervisor to show
        cause = FailureCause.ERROR
        if backend.is_out_of_memory(error):
            cause = FailureCause.OUT_OF_MEMORY
        message = f"{type(error).__name__}: {error}".splitlines()[0]
        traceback.print_exc()  # to the worker's log, should the trial's not be writable
        with contextlib.suppress(OSError):
            job.folder.mkdir(parents=True, exist_ok=True)
            (job.folder / "log.txt").write_text(traceback.format_exc(), encoding="utf-8")
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
    """The worker's side of a trial's reports."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._stopped = False
        self.curve: list[Epoch] = []

    def report(self, number: int, epoch: Epoch) -> bool:
        if number > 0:
            self.curve.append(epoch)
        self._connection.send((number, epoch))
        answer = self._connection.recv()
        self._stopped = answer == "interrupt"
        return bool(answer == "prune")

    def interrupted(self) -> bool:
        if not self._stopped and self._connection.poll():
            self._stopped = self._connection.recv() == "interrupt"
        return self._stopped


def _send_output_to(log: Path) -> None:
    """Let everything that libraries print go to the log file instead of the person's screen."""
    log.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for descriptor in (1, 2):
        os.dup2(file, descriptor)
    os.close(file)
