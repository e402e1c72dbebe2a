"""The time that a trial has taken, and whether it must end."""

from __future__ import annotations

import time
from collections.abc import Callable

from autocnn.train.backend import cpu_seconds


class Cancelled(Exception):
    """The study has cancelled the trial."""


class OutOfTime(Exception):
    """The time limit of the trial has passed."""


class Clock:
    """The clock of one trial; it starts when it is made."""

    def __init__(self, limit_s: float | None, interrupted: Callable[[], bool]) -> None:
        """`limit_s` in wall seconds, None: no limit; `interrupted` returns True if cancelled."""
        self.limit_s, self._interrupted = limit_s, interrupted
        self._start, self._cpu_start = time.perf_counter(), cpu_seconds()
        self.seconds_spent = self.cpu_spent = 0.0  # by earlier runs of the trial
        self.seconds_before = 0.0  # of the epochs before those of this run, parents included

    def since_start(self) -> float:
        """Wall seconds of this run."""
        return time.perf_counter() - self._start

    def check(self) -> None:
        """Raise Cancelled or OutOfTime if the trial must end now."""
        if self._interrupted():
            raise Cancelled
        if self.limit_s is not None and self.since_start() > self.limit_s:
            raise OutOfTime

    @property
    def curve_seconds(self) -> float:
        """Wall seconds since the start of the trial, and of its parents, for its curve."""
        return self.seconds_before + self.since_start()

    @property
    def seconds(self) -> float:
        """Wall seconds of this trial, earlier runs included."""
        return self.seconds_spent + self.since_start()

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of this trial, earlier runs included."""
        return self.cpu_spent + cpu_seconds() - self._cpu_start
