"""The supervisor's side of one worker process: the death of the process costs one job only."""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil

from autocnn.data.prepared import DataReference
from autocnn.errors import AutocnnError
from autocnn.executors.resources import Share
from autocnn.executors.worker_process import BEAT, Answer, Measure, serve
from autocnn.space.config import TrialConfig
from autocnn.spawning import signals_deferred, without_main
from autocnn.trial import Device, Epoch, FailureCause, TrialJob, TrialResult, TrialState

FULL = 0.8  # share of the memory limit above which a process is replaced after its job


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a process may take before it is ended by force; all in wall seconds."""

    silence_s: float = 600.0  # without a message; compilers are slow
    overtime_s: float = 60.0  # without a message, beyond the time limit of the job
    still_s: float = (
        5.0  # between two polls: this process was suspended, and the worker perhaps too
    )
    usage_s: float = 1.0  # between two readings of memory and CPU time
    close_s: float = 5.0  # to end by itself
    measure_s: float = 60.0  # to compile what is measured


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSetup:
    """What a worker process is started with."""

    log: Path
    memory_mb: int | None = None  # MiB above which the process is killed; None: no limit
    recycle: int | None = None  # jobs after which a new process takes the place; None: never
    share: Share = field(default_factory=Share)
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a process takes; zeros once it has ended."""

    memory_mb: float = 0.0  # resident, MiB
    cpu_seconds: float = 0.0  # user and system, since the process began


def read_usage(pid: int) -> Usage:
    """The memory and the CPU time of process `pid`."""
    try:
        process = psutil.Process(pid)
        times, memory = process.cpu_times(), process.memory_info()
    except psutil.NoSuchProcess:
        return Usage()
    return Usage(memory_mb=memory.rss / 2**20, cpu_seconds=times.user + times.system)


class _Watch:
    """Measures one job of a process, and decides when the process must be killed."""

    def __init__(self, pid: int, setup: WorkerSetup, time_limit_s: float | None) -> None:
        self._pid, self._memory_limit_mb, self._patience = pid, setup.memory_mb, setup.patience
        limit_s = math.inf if time_limit_s is None else time_limit_s + setup.patience.overtime_s
        self._silence_s = min(setup.patience.silence_s, limit_s)
        self._start = self._last_message = self._last_usage = self._last_poll = time.monotonic()
        self._cpu_start = read_usage(pid).cpu_seconds
        self.cpu_seconds = 0.0  # that the job has taken, as of the last reading

    @property
    def seconds(self) -> float:
        """Wall seconds since the job was submitted."""
        return time.monotonic() - self._start

    def message_arrived(self) -> None:
        """Note a sign of life."""
        self._last_message = self._last_poll = time.monotonic()

    def failure(self) -> tuple[FailureCause, str] | None:
        """Why the process must be killed, or None."""
        now = time.monotonic()
        if now - self._last_poll > self._patience.still_s:
            self._last_message += now - self._last_poll
        self._last_poll = now
        if now - self._last_message > self._silence_s:
            message = f"no sign of life for {self._silence_s:.0f} s: it was killed"
            return FailureCause.TIMED_OUT, message
        if now - self._last_usage < self._patience.usage_s:
            return None
        self._last_usage = now
        usage = read_usage(self._pid)
        self.cpu_seconds = max(self.cpu_seconds, usage.cpu_seconds - self._cpu_start)
        limit = self._memory_limit_mb
        if limit is None or usage.memory_mb <= limit:
            return None
        message = f"the worker took {usage.memory_mb:.0f} MiB of {limit} (--worker-memory)"
        return FailureCause.OUT_OF_MEMORY, message


class WorkerHandle:
    """The supervisor's side of one worker process.

    `submit` sends a job; from then on `poll` returns what the process sends, until that is a
    result.
    """

    def __init__(self, setup: WorkerSetup) -> None:
        self._setup = setup
        self._data: DataReference | None = None
        self._process: Any = None
        self._connection: Any = None
        self._is_ready = False  # the process was sent the order to load its backend and the data
        self._n_trained = 0  # jobs that the process has ended
        self._watch: _Watch | None = None  # while a job is under way
        self._is_cancelled = False
        self._has_answered = False  # the process is past its start

    @property
    def is_busy(self) -> bool:
        """True from `submit` until `poll` has returned the result."""
        return self._watch is not None

    def start(self) -> None:
        """Spawn the process; it loads the backend while the caller goes on."""
        self._is_ready, self._has_answered, self._n_trained = False, False, 0
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        setup = self._setup
        process = context.Process(target=serve, args=(other, setup.log, setup.share), daemon=True)
        with signals_deferred(), without_main():  # a half-started process prints a traceback
            process.start()
        self._process = process
        other.close()

    def use(self, data: DataReference) -> None:
        """Train all later jobs on `data`, also in a process that takes the place of another."""
        self._data = data

    def device(self) -> Device:
        """The device of the process, once its backend is loaded; the process maps the data, too.

        Raises: AutocnnError if the process cannot work.
        """
        self._ensure_alive()
        device: Device = self._question("device")
        self._question(self._data)
        self._is_ready = True
        return device

    def measure(
        self, config: TrialConfig, precision: str, limit_s: float
    ) -> tuple[float, float] | None:
        """Wall seconds of a training of `config`: before its first step, and for one image.

        Returns: None if the process gave no answer for `Patience.measure_s` beyond `limit_s`; it is
        ended, and the next job gets a new one.
        """
        if not self._is_ready:
            self.device()
        silence_s = limit_s + self._setup.patience.measure_s
        answer = self._question(Measure(config, precision, limit_s), silence_s)
        return None if answer is None else (float(answer[0]), float(answer[1]))

    def submit(self, job: TrialJob) -> None:
        """Send `job` to the process; a new process is started if there is none."""
        try:
            self._send_job(job)
        except ConnectionError:  # the process died while it was idle
            self._forget()
            self._send_job(job)
        self._is_cancelled = False
        self._watch = _Watch(self._process.pid, self._setup, job.time_limit_s)

    def poll(self) -> TrialResult | tuple[int, Epoch] | None:
        """What the process has sent: an epoch, which must be answered, or the result of its job.

        A process that died, hangs or takes too much memory gives a failed result, and the next job
        gets a new process. Raises: AutocnnError if the process cannot work at all.
        """
        if self._watch is None:
            return None
        try:
            if not self._connection.poll():
                failure = self._watch.failure()
                return None if failure is None else self._kill(self._watch, *failure)
            message = self._connection.recv()
        except (EOFError, ConnectionError):
            return self._crashed(self._watch)
        self._watch.message_arrived()
        self._has_answered = True
        if isinstance(message, TrialResult):
            self._end_job()
            return message
        if isinstance(message, Answer):
            _value(message)
        # A cancelled process takes the order to cancel as the answer to its epoch.
        if message == BEAT or isinstance(message, Answer) or self._is_cancelled:
            return None
        number, epoch = message
        return number, epoch

    def answer(self, *, prune: bool) -> None:
        """Let the training go on after an epoch, or end there; a cancelled job needs no answer."""
        if not self._is_cancelled:
            self._send("prune" if prune else "go")

    def cancel(self) -> None:
        """Ask the training to end soon; its result follows."""
        if self._watch is not None and not self._is_cancelled:
            self._is_cancelled = True
            self._send("interrupt")

    def close(self) -> None:
        """End the process: by force if it does not end by itself, or is busy or still starting."""
        if self._process is None:
            return
        with contextlib.suppress(OSError, ValueError):  # the process may have ended already
            self._connection.send(None)
        self._process.join(
            self._setup.patience.close_s if self._has_answered and not self.is_busy else 0
        )
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._forget()

    def _send_job(self, job: TrialJob) -> None:
        self._ensure_alive()
        if not self._is_ready:  # `poll` reads the answers before the first epoch
            self._connection.send("device")
            self._connection.send(self._data)
            self._is_ready = True
        self._connection.send(job)

    def _ensure_alive(self) -> None:
        if self._process is None or not self._process.is_alive():
            self.start()

    def _question(self, question: Any, silence_s: float | None = None) -> Any:
        """The answer to `question`; None if there is none for `silence_s` (None: wait for ever)."""
        try:
            self._connection.send(question)
            if not self._connection.poll(silence_s):
                self._process.kill()
                self._process.join()
                self._forget()
                return None
            answer = self._connection.recv()
        except (EOFError, ConnectionError):
            raise AutocnnError(f"cannot work: {self._crashed().message}") from None
        self._has_answered = True
        return _value(answer)

    def _send(self, word: str) -> None:
        with contextlib.suppress(ConnectionError):  # `poll` finds the process dead
            self._connection.send(word)

    def _end_job(self) -> None:
        self._watch = None
        self._n_trained += 1
        setup, used = self._setup, read_usage(self._process.pid).memory_mb
        is_full = setup.memory_mb is not None and used > FULL * setup.memory_mb
        if is_full or (setup.recycle is not None and self._n_trained >= setup.recycle):
            self.close()

    def _kill(self, watch: _Watch, cause: FailureCause, message: str) -> TrialResult:
        self._process.kill()
        self._process.join()
        self._forget()
        return _failed(cause, message, watch)

    def _crashed(self, watch: _Watch | None = None) -> TrialResult:
        self._process.join(self._setup.patience.close_s)
        code = self._process.exitcode
        self._forget()
        reason = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        message = f"the worker process ended with {reason}; see {self._setup.log}"
        return _failed(FailureCause.CRASHED, message, watch)

    def _forget(self) -> None:
        self._connection.close()
        self._process = self._watch = None
        self._is_ready = False

    @property
    def connection(self) -> Any:
        """The connection on which messages of the process arrive."""
        return self._connection


def _failed(cause: FailureCause, message: str, watch: _Watch | None) -> TrialResult:
    """The result of a job whose process is gone."""
    result = TrialResult(state=TrialState.FAILED, cause=cause, message=message)
    if watch is None:
        return result
    return replace(result, seconds=watch.seconds, cpu_seconds=watch.cpu_seconds)


def _value(answer: Answer) -> Any:
    """The value of an answer. Raises: AutocnnError or RuntimeError if the process sent an error."""
    if answer.error:
        raise AutocnnError(answer.error)
    if answer.bug:
        raise RuntimeError(f"in the worker process:\n{answer.bug}")
    return answer.value
