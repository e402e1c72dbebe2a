"""The supervisor's side of a worker process: its death or hanging costs one trial only."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from autocnn.errors import AutocnnError
from autocnn.executors.resources import Share
from autocnn.executors.worker_process import BEAT, Answer, Measure, serve
from autocnn.space.config import TrialConfig
from autocnn.trial import Epoch, FailureCause, TrialJob, TrialResult, TrialState

POLL_S = 0.25  # between two looks at the clock and the keyboard
SILENCE_S = 600.0  # after which a worker counts as hung; a compiler may need minutes
OVERTIME_S = 60.0  # the same, beyond the time that its job has
STILL_S = 5.0  # between two looks: this process was stopped, and so was the worker perhaps
MEMORY_S = 1.0  # between two looks at a worker's memory
CLOSE_S = 5.0  # for a worker to leave by itself
FULL = 0.8  # of the memory limit: a worker that ends a trial above it is renewed


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSetup:
    """What a worker process is started with."""

    data_folder: Path
    log: Path
    memory_mb: int | None = None  # above which it is killed; None: no limit
    recycle: int | None = None  # trials after which a new process takes its place; None: never
    share: Share = field(default_factory=Share)


class _Watch:
    """Knows when a training process is beyond hope."""

    def __init__(self, pid: int, memory_mb: int | None, limit_s: float | None) -> None:
        self._pid, self._memory_mb = pid, memory_mb
        self._silence_s = SILENCE_S if limit_s is None else min(SILENCE_S, limit_s + OVERTIME_S)
        self._heard = self._weighed = self._looked = time.monotonic()

    def heard(self) -> None:
        """There was a sign of life."""
        self._heard = self._looked = time.monotonic()

    def failure(self) -> tuple[FailureCause, str] | None:
        """Why the process should be killed, or None."""
        now = time.monotonic()
        if now - self._looked > STILL_S:
            self._heard += now - self._looked
        self._looked = now
        if now - self._heard > self._silence_s:
            message = f"no sign of life for {self._silence_s:.0f} s: it was killed"
            return FailureCause.TIMED_OUT, message
        if self._memory_mb is None or now - self._weighed < MEMORY_S:
            return None
        self._weighed = now
        used = memory_mb(self._pid)
        if used <= self._memory_mb:
            return None
        message = f"the worker took {used:.0f} MiB of {self._memory_mb} (--worker-memory)"
        return FailureCause.OUT_OF_MEMORY, message


def memory_mb(pid: int) -> float:
    """Resident memory of a process in MiB; 0 once it is gone."""
    try:
        return float(psutil.Process(pid).memory_info().rss) / 2**20
    except psutil.NoSuchProcess:
        return 0.0


class Worker:
    """The supervisor's side of one worker process.

    `submit` gives it a job; from then on `hear` tells what it says, until that is a result.
    """

    def __init__(self, setup: WorkerSetup) -> None:
        self._setup = setup
        self._process: Any = None
        self._connection: Any = None
        self._is_ready = False  # it was told to load its backend and the data
        self._n_trained = 0  # jobs that this process has ended
        self._watch: _Watch | None = None  # while a job is under way
        self._is_interrupted = False

    @property
    def is_busy(self) -> bool:
        """True from `submit` until `hear` gave the result."""
        return self._watch is not None

    def start(self) -> None:
        """Spawn the process; it loads the backend while the caller goes on."""
        self._is_ready, self._n_trained = False, 0
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        setup = self._setup
        self._process = context.Process(
            target=serve, args=(other, setup.data_folder, setup.log, setup.share), daemon=True
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
        if not self._is_ready:
            self.device()
        setup_s, image_s = self._question(Measure(config, precision))
        return float(setup_s), float(image_s)

    def submit(self, job: TrialJob) -> None:
        """Let the process train `job`; a new one is started where there is none."""
        try:
            self._send_job(job)
        except ConnectionError:  # it died while it was idle
            self._forget()
            self._send_job(job)
        self._is_interrupted = False
        self._watch = _Watch(self._process.pid, self._setup.memory_mb, job.time_limit_s)

    def hear(self) -> TrialResult | tuple[int, Epoch] | None:
        """What the process says by now: an epoch, to be answered, or the result of its job.

        A worker that died, hangs or takes too much memory gives a failed result, and the next job
        gets a new one. Raises: AutocnnError where the process cannot work at all.
        """
        if self._watch is None:
            return None
        try:
            if not self._connection.poll():
                failure = self._watch.failure()
                return None if failure is None else self._kill(*failure)
            message = self._connection.recv()
        except (EOFError, ConnectionError):
            return self._crashed()
        self._watch.heard()
        if isinstance(message, TrialResult):
            self._end_job()
            return message
        if isinstance(message, Answer):
            _value(message)
        # Once interrupted, the worker takes that as the answer to its epoch.
        if message == BEAT or isinstance(message, Answer) or self._is_interrupted:
            return None
        number, epoch = message
        return number, epoch

    def answer(self, *, prune: bool) -> None:
        """Let the training go on after an epoch, or end there."""
        self._tell("prune" if prune else "go")

    def interrupt(self) -> None:
        """Ask the training to end soon; its result will come."""
        if self._watch is not None and not self._is_interrupted:
            self._is_interrupted = True
            self._tell("interrupt")

    def run(
        self,
        job: TrialJob,
        on_epoch: Callable[[int, Epoch], bool],
        interrupt: Callable[[], bool],
    ) -> TrialResult:
        """Train `job`; `on_epoch` returns True to prune, `interrupt` (asked often) True to stop."""
        self.submit(job)
        while True:
            if interrupt():
                self.interrupt()
            wait_for([self], POLL_S)
            heard = self.hear()
            if isinstance(heard, TrialResult):
                return heard
            if heard is not None:
                self.answer(prune=on_epoch(*heard))

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
        self._forget()

    def _send_job(self, job: TrialJob) -> None:
        self._wake()
        if not self._is_ready:  # the answers are heard on the way to the first epoch
            self._connection.send("device")
            self._connection.send("data")
            self._is_ready = True
        self._connection.send(job)

    def _wake(self) -> None:
        if self._process is None or not self._process.is_alive():
            self.start()

    def _question(self, question: Any) -> Any:
        try:
            self._connection.send(question)
            return _value(self._connection.recv())
        except (EOFError, ConnectionError):
            raise AutocnnError(f"cannot work: {self._crashed().message}") from None

    def _tell(self, word: str) -> None:
        with contextlib.suppress(ConnectionError):  # `hear` will find it dead
            self._connection.send(word)

    def _end_job(self) -> None:
        self._watch = None
        self._n_trained += 1
        setup, used = self._setup, memory_mb(self._process.pid)
        is_full = setup.memory_mb is not None and used > FULL * setup.memory_mb
        if is_full or (setup.recycle is not None and self._n_trained >= setup.recycle):
            self.close()

    def _kill(self, cause: FailureCause, message: str) -> TrialResult:
        self._process.kill()
        self._process.join()
        self._forget()
        return TrialResult(state=TrialState.FAILED, cause=cause, message=message)

    def _crashed(self) -> TrialResult:
        self._process.join(CLOSE_S)
        code = self._process.exitcode
        self._forget()
        reason = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        return TrialResult(
            state=TrialState.FAILED,
            cause=FailureCause.CRASHED,
            message=f"the worker process ended with {reason}; see {self._setup.log}",
        )

    def _forget(self) -> None:
        self._connection.close()
        self._process = self._watch = None
        self._is_ready = False

    @property
    def connection(self) -> Any:
        """Where the process is heard."""
        return self._connection


def wait_for(workers: Iterable[Worker], seconds: float) -> None:
    """Sleep until one of the busy `workers` has something to say, or for `seconds`."""
    connections = [worker.connection for worker in workers if worker.is_busy]
    if connections:
        multiprocessing.connection.wait(connections, seconds)
    else:
        time.sleep(seconds)


def _value(answer: Answer) -> Any:
    """What the process answered to a question."""
    if answer.error:
        raise AutocnnError(answer.error)
    if answer.bug:
        raise RuntimeError(f"in the worker process:\n{answer.bug}")
    return answer.value
