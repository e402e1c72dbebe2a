"""The pace of a training, judged on its first steps."""

from __future__ import annotations

import time
from dataclasses import dataclass

from autocnn.train.clock import Clock
from autocnn.trial import TrialJob

PACE_AT = 0.2  # fraction of the first epoch, after which the pace is judged


class PrunedWithin(Exception):
    """The trial is pruned within its first epoch: its first look is poor, or its pace too slow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stops:
    """The steps of the first epoch before which its score and its pace are judged; 0: never."""

    look_at: int = 0
    pace_at: int = 0


NO_STOPS = Stops()


def find_stops(job: TrialJob, steps: int, chunk: int) -> Stops:
    """The stops of the first fold of `job`, which has `steps` an epoch and `chunk` a call."""
    has_look = job.fit_on == "train" and job.folds == 1
    pace_at = 0 if job.pace_limit_s is None else round(PACE_AT * steps)
    return Stops(
        look_at=round(job.first_look * steps) if has_look else 0,
        pace_at=pace_at if pace_at > chunk else 0,
    )


class Pace:
    """The time of a step, measured without the first call, which compiles."""

    def __init__(self) -> None:
        self._since = self._last = time.perf_counter()
        self._since_step = self._last_step = 0

    def note(self, at: int) -> None:
        """Note that step `at` begins a call."""
        self._last, self._last_step = time.perf_counter(), at
        if self._since_step == 0:
            self._since, self._since_step = self._last, at

    @property
    def step_seconds(self) -> float | None:
        """The wall seconds of a step up to the last noted one; None: only the first call ended."""
        n_steps = self._last_step - self._since_step
        return (self._last - self._since) / n_steps if n_steps else None

    def check(self, job: TrialJob, steps: int, clock: Clock) -> None:
        """Raise PrunedWithin if the whole training exceeds the pace limit of `job`.

        The last noted step is the next one of an epoch of `steps` steps; the first call has ended.
        """
        step_s = self.step_seconds
        assert step_s is not None
        left_s = step_s * (steps * job.last_epoch * job.folds - self._last_step)
        whole_s = clock.since_start() + left_s
        limit = job.pace_limit_s
        if limit is not None and whole_s > limit:
            of = f" of {job.folds} folds" if job.folds > 1 else ""
            predicted = f"{job.last_epoch} epochs{of} would take {whole_s:.0f} s"
            raise PrunedWithin(f"too slow: {predicted}, more than {limit:.0f} s")
