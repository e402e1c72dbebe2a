"""What a job of a worker process takes, and when the process must be ended by force."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from autocnn.trial import FailureCause


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
class Usage:
    """What a process takes; zeros once it has ended."""

    memory_mb: float = 0.0  # resident, MiB
    cpu_seconds: float = 0.0  # user and system, since the process began


def read_usage(pid: int) -> Usage:
    """The memory and the CPU time of process `pid` of this machine."""
    try:
        process = psutil.Process(pid)
        times, memory = process.cpu_times(), process.memory_info()
    except psutil.NoSuchProcess:
        return Usage()
    return Usage(memory_mb=memory.rss / 2**20, cpu_seconds=times.user + times.system)


class Watch:
    """Measures one job of a process, and decides when the process must be killed.

    `usage` reads what the process takes; `memory_mb` is its limit in MiB, or None.
    """

    def __init__(
        self,
        usage: Callable[[], Usage],
        patience: Patience,
        memory_mb: int | None,
        time_limit_s: float | None,
    ) -> None:
        self._usage, self._memory_limit_mb, self._patience = usage, memory_mb, patience
        limit_s = math.inf if time_limit_s is None else time_limit_s + patience.overtime_s
        self._silence_s = min(patience.silence_s, limit_s)
        self._start = self._last_message = self._last_usage = self._last_poll = time.monotonic()
        self._cpu_start = usage().cpu_seconds
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
        usage = self._usage()
        self.cpu_seconds = max(self.cpu_seconds, usage.cpu_seconds - self._cpu_start)
        limit = self._memory_limit_mb
        if limit is None or usage.memory_mb <= limit:
            return None
        message = f"the worker took {usage.memory_mb:.0f} MiB of {limit} (--worker-memory)"
        return FailureCause.OUT_OF_MEMORY, message
