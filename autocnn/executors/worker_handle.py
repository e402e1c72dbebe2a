"""The supervisor's side of one worker process: the death of the process costs one job only."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from autocnn.errors import AutocnnError
from autocnn.executors.link import FileChanged, Link
from autocnn.executors.watch import Patience, Watch
from autocnn.executors.worker_process import BEAT, GPU_MEMORY, Answer, Measure
from autocnn.files import delete_file, make_folder_in, write_atomic
from autocnn.space.config import TrialConfig
from autocnn.trial import Device, Epoch, FailureCause, TrialJob, TrialResult, TrialState

FULL = 0.8  # share of the memory limit above which a process is replaced after its job


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLimits:
    """When a worker process is replaced or ended by force."""

    memory_mb: int | None = None  # MiB above which the process is killed; None: no limit
    recycle: int | None = None  # jobs after which a new process takes the place; None: never
    patience: Patience = field(default_factory=Patience)


class WorkerHandle:
    """The supervisor's side of one worker process, which `link` starts and reaches.

    `submit` sends a job; from then on `poll` returns what the process sends, until that is a
    result.
    """

    def __init__(self, link: Link, limits: WorkerLimits | None = None) -> None:
        self.link = link
        self._limits = WorkerLimits() if limits is None else limits
        self._data: object = None
        self._is_ready = False  # the process was sent the order to load its backend and the data
        self._n_trained = 0  # jobs that the process has ended
        self._job: TrialJob | None = None  # that is under way
        self._watch: Watch | None = None  # of that job
        self._is_cancelled = False
        self._has_answered = False  # the process is past its start

    @property
    def is_busy(self) -> bool:
        """True from `submit` until `poll` has returned the result."""
        return self._watch is not None

    def start(self) -> None:
        """Start the process; it loads the backend while the caller goes on."""
        self._is_ready, self._has_answered, self._n_trained = False, False, 0
        self.link.start()

    def use(self, data: object) -> None:
        """Train all later jobs on `data`, also in a process that takes the place of another.

        `data` is the order that lets the process of this link open a `DataReference`.
        """
        self._data = data

    def device(self) -> Device:
        """The device of the process, once its backend is loaded; the process maps the data, too.

        Raises: AutocnnError if the process cannot work.
        """
        self.ensure_started()
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
        silence_s = limit_s + self._limits.patience.measure_s
        answer = self._question(Measure(config, precision, limit_s), silence_s)
        return None if answer is None else (float(answer[0]), float(answer[1]))

    def gpu_memory(self) -> int | None:
        """MiB that the process takes of its GPU at most, so far; asked between two jobs only.

        Returns: None if it is not known, or if there is no process.
        """
        if not self._is_ready or not self.link.is_started:
            return None
        try:
            found: int | None = self._exchange(GPU_MEMORY, self._limits.patience.measure_s)
        except (EOFError, ConnectionError):  # the next job gets a new process
            self._forget()
            return None
        return found

    def submit(self, job: TrialJob) -> None:
        """Send `job` to the process; a new process is started if there is none."""
        try:
            self._send_job(job)
        except ConnectionError:  # the process died while it was idle
            self._forget()
            self._send_job(job)
        self._is_cancelled, self._job = False, job
        limits = self._limits
        self._watch = Watch(self.link.usage, limits.patience, limits.memory_mb, job.time_limit_s)

    def poll(self) -> TrialResult | tuple[int, Epoch] | None:
        """What the process has sent: an epoch, which must be answered, or the result of its job.

        Files that the process has sent are written to the job's folder. A process that died, hangs
        or takes too much memory gives a failed result, and the next job gets a new process.
        Raises: AutocnnError if the process cannot work at all, or a file cannot be written.
        """
        if self._watch is None or self._job is None:
            return None
        try:
            if not self.link.poll():
                failure = self._watch.failure()
                return None if failure is None else self._kill(self._watch, *failure)
            message = self.link.receive()
        except (EOFError, ConnectionError):
            return self._died(self._watch)
        self._watch.message_arrived()
        self._has_answered = True
        if isinstance(message, TrialResult):
            self._end_job()
            return message
        if isinstance(message, Answer):
            _value(message)
        if isinstance(message, FileChanged):
            _take_over(message, self._job)
            return None
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
        if self.link.is_started:
            is_calm = self._has_answered and not self.is_busy
            self.link.end(self._limits.patience.close_s if is_calm else 0.0)
        self._forget()

    def ensure_started(self) -> None:
        """Start the process, unless it lives."""
        if not self.link.is_started:
            self.start()

    def _send_job(self, job: TrialJob) -> None:
        self.ensure_started()
        if not self._is_ready:  # `poll` reads the answers before the first epoch
            self.link.send("device")
            self.link.send(self._data)
            self._is_ready = True
        self.link.send(job)

    def _question(self, question: Any, silence_s: float | None = None) -> Any:
        """The answer to `question`; None if there is none for `silence_s` (None: wait for ever)."""
        try:
            return self._exchange(question, silence_s)
        except (EOFError, ConnectionError):
            raise AutocnnError(f"cannot work: {self._died().message}") from None

    def _exchange(self, question: Any, silence_s: float | None) -> Any:
        self.link.send(question)
        if not self.link.poll(silence_s):
            self.link.kill()
            self._forget()
            return None
        answer = self.link.receive()
        self._has_answered = True
        return _value(answer)

    def _send(self, word: str) -> None:
        with contextlib.suppress(ConnectionError):  # `poll` finds the process dead
            self.link.send(word)

    def _end_job(self) -> None:
        self._watch = self._job = None
        self._n_trained += 1
        limits, used = self._limits, self.link.usage().memory_mb
        is_full = limits.memory_mb is not None and used > FULL * limits.memory_mb
        if is_full or (limits.recycle is not None and self._n_trained >= limits.recycle):
            self.close()

    def _kill(self, watch: Watch, cause: FailureCause, message: str) -> TrialResult:
        self.link.kill()
        self._forget()
        return _failed(cause, message, watch)

    def _died(self, watch: Watch | None = None) -> TrialResult:
        cause, message = self.link.death(self._limits.patience.close_s)
        self._forget()
        return _failed(cause, message, watch)

    def _forget(self) -> None:
        self.link.forget()
        self._watch = self._job = None
        self._is_ready = False


def _take_over(file: FileChanged, job: TrialJob) -> None:
    """Write a file that a process of another machine has made for `job` to the job's folder.

    Raises: RecordError if it cannot be written; FileNotFoundError if the study's folder is gone.
    """
    make_folder_in(job.root, job.folder)
    path = job.folder / Path(file.name).name
    if file.content is None:
        delete_file(path)
    else:
        write_atomic(path, file.content)


def _failed(cause: FailureCause, message: str, watch: Watch | None) -> TrialResult:
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
