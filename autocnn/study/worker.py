"""The supervisor's side of a worker process: its death or hanging costs one trial only."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from autocnn.errors import AutocnnError
from autocnn.space.config import TrialConfig
from autocnn.study.serving import BEAT, Measure, serve
from autocnn.trial import Epoch, FailureCause, TrialJob, TrialResult, TrialState

POLL_S = 0.25  # between two looks at the clock and the keyboard
SILENCE_S = 600.0  # after which a worker counts as hung; a compiler may need minutes
MEMORY_S = 1.0  # between two looks at a worker's memory
CLOSE_S = 5.0  # for a worker to leave by itself


class _Watch:
    """Knows when a training process is beyond hope."""

    def __init__(self, pid: int, memory_mb: int | None) -> None:
        self._pid, self._memory_mb = pid, memory_mb
        self._heard = self._weighed = time.monotonic()

    def heard(self) -> None:
        """There was a sign of life."""
        self._heard = time.monotonic()

    def failure(self) -> tuple[FailureCause, str] | None:
        """Why the process should be killed, or None."""
        now = time.monotonic()
        if now - self._heard > SILENCE_S:
            return FailureCause.TIMED_OUT, f"no sign of life for {SILENCE_S:.0f} s: it was killed"
        if self._memory_mb is None or now - self._weighed < MEMORY_S:
            return None
        self._weighed = now
        try:
            used = psutil.Process(self._pid).memory_info().rss / 2**20
        except psutil.NoSuchProcess:  # the broken pipe will tell
            return None
        if used <= self._memory_mb:
            return None
        message = f"the worker took {used:.0f} MiB of {self._memory_mb} (--worker-memory)"
        return FailureCause.OUT_OF_MEMORY, message


class Worker:
    """The supervisor's side of one worker process."""

    def __init__(self, data_folder: Path, log: Path, memory_mb: int | None = None) -> None:
        self._data_folder, self._log, self._memory_mb = data_folder, log, memory_mb
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

        A worker that dies, hangs or takes too much memory gives a failed result, and the next job
        gets a new one.
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
        watch = _Watch(self._process.pid, self._memory_mb)
        while True:
            if not interrupted and interrupt():
                interrupted = True
                self._connection.send("interrupt")
            if not self._connection.poll(POLL_S):
                if (failure := watch.failure()) is not None:
                    return self._kill(*failure)
                continue
            message = self._connection.recv()
            watch.heard()
            if message == BEAT:
                continue
            if isinstance(message, TrialResult):
                return message
            number, epoch = message
            if interrupted:  # the worker takes the interrupt as its answer
                continue
            self._connection.send("prune" if on_epoch(number, epoch) else "go")

    def _kill(self, cause: FailureCause, message: str) -> TrialResult:
        self._process.kill()
        self._process.join()
        self._process = None
        return TrialResult(state=TrialState.FAILED, cause=cause, message=message)

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
