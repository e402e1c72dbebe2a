"""The wall time that a search and each of its trials may take, bounded before it is spent."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

MAX_EPOCHS = 30  # of a trial, if the search has a time budget
DEFAULT_EPOCHS = {"cpu": 12, "gpu": 30}  # of a trial, if the search has no time budget
TRIAL_SHARE = 0.2  # share of the search time that a typical trial is planned to take
BLIND_SHARE = 0.1  # the share if no recipe comes first: more trials, each shorter
LARGEST_SHARE = 0.4  # the share if FEWEST_EPOCHS do not fit TRIAL_SHARE
FEWEST_EPOCHS = 4  # with fewer epochs the learning rate cannot fall far enough
TRIAL_MARGIN = 1.75  # times a typical trial's seconds, for a machine that slows down
PACE_MARGIN = 1.25  # times a trial's limit: a predicted end is an estimate
REFIT_MARGIN = 1.5  # times the trial's seconds: a refit has a ninth more images
FINALS_FIXED_S = 20.0  # seconds for export, reload and the test split


def choose_horizon(search_s: float, share: float, speed: tuple[float, float], most: int) -> int:
    """Epochs of the longest trial: as many as fit `share` of the search time, 1 to `most`.

    A share of LARGEST_SHARE is taken for the first FEWEST_EPOCHS. `speed` is that of a typical
    training: wall seconds before its first step, and of one epoch.
    """
    setup_s, epoch_s = speed
    planned, possible = (int((s * search_s - setup_s) / epoch_s) for s in (share, LARGEST_SHARE))
    return max(1, min(most, max(planned, min(FEWEST_EPOCHS, possible))))


def plan_search_seconds(total_s: float) -> float:
    """The part of `total_s` that the search may use if its winner is a typical trial."""
    return max(0.0, (total_s - FINALS_FIXED_S) / (1 + TRIAL_SHARE * REFIT_MARGIN))


@dataclass(slots=True, kw_only=True)
class Budget:
    """The clock of one search; all times in wall seconds."""

    end: float | None  # by `clock`; None: no limit
    setup_s: float  # seconds of a typical training before its first step
    epoch_s: float  # seconds of one epoch of a typical training, all folds together
    horizon: int
    folds: int = 1  # networks that a trial trains; a refit trains one
    refit_s: float = 0.0  # seconds of the best trial so far until the end of its best epoch
    trial_timeout_s: float | None = None  # seconds of any trial; None: what the budget allows
    clock: Callable[[], float] = field(default=time.monotonic)

    @property
    def typical_trial_s(self) -> float:
        """Seconds of a typical trial from its start to its end."""
        return self.setup_s + self.horizon * self.epoch_s

    def left(self) -> float | None:
        """Seconds until the whole process must be over; None: no limit."""
        return None if self.end is None else max(0.0, self.end - self.clock())

    def search_left(self) -> float | None:
        """Seconds until the finals must begin; None: no limit."""
        left = self.left()
        return None if left is None else max(0.0, left - self.finals_s())

    def finals_s(self) -> float:
        """Predicted seconds of the finals."""
        trial_s = self.refit_s or self.typical_trial_s
        others_s = max(0.0, trial_s - self.setup_s) * (1 - 1 / self.folds)
        return FINALS_FIXED_S + REFIT_MARGIN * (trial_s - others_s)

    def trial_limit(self) -> float | None:
        """Seconds that the next trial may take: a quarter of the search time left, or more.

        A typical trial always fits, within the time left; None: no limit.
        """
        left = self.search_left()
        if left is None:
            return self.trial_timeout_s
        share = min(left, max(left / 4, TRIAL_MARGIN * self.typical_trial_s))
        return share if self.trial_timeout_s is None else min(share, self.trial_timeout_s)

    def pace_limit(self) -> float | None:
        """Predicted seconds above which the next trial is pruned early; None: no limit."""
        limit, left = self.trial_limit(), self.search_left()
        if limit is None or left is None:
            return None if limit is None else PACE_MARGIN * limit
        return min(PACE_MARGIN * limit, left)  # a longer trial would be cut in any case

    def is_over(self) -> bool:
        """True if not even one typical epoch fits before the finals."""
        left = self.search_left()
        return left is not None and left < self.setup_s + 1.5 * self.epoch_s
