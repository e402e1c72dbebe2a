"""How long a search and each of its trials may take, decided before it is spent."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

MAX_EPOCHS = 30  # of a trial, where the time is limited
DEFAULT_EPOCHS = {"cpu": 12, "gpu": 30}  # where it is not
TRIAL_SHARE = 0.2  # of the search time that a typical trial is planned to take
BLIND_SHARE = 0.1  # the same where no recipe comes first: more trials, each shorter
LARGEST_SHARE = 0.4  # that it may take where FEWEST_EPOCHS do not fit TRIAL_SHARE
FEWEST_EPOCHS = 4  # below, a schedule has no room to fall
TRIAL_MARGIN = 1.75  # over a typical trial's time, for a machine that slows down
PACE_MARGIN = 1.25  # over a trial's limit, before its pace rules it out: the pace is an estimate
REFIT_MARGIN = 1.5  # a refit has a ninth more images, and the machine may slow down
FINALS_FIXED_S = 20.0  # export, reload and the test split


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
    setup_s: float  # of a typical training, before its first step
    epoch_s: float  # of a typical training
    horizon: int
    refit_s: float = 0.0  # of the best trial so far, predicted
    trial_timeout_s: float | None = None  # of any one trial; None: what the budget allows
    clock: Callable[[], float] = field(default=time.monotonic)

    @property
    def typical_trial_s(self) -> float:
        """What a typical trial takes from start to end."""
        return self.setup_s + self.horizon * self.epoch_s

    def left(self) -> float | None:
        """Until the whole process must be over; None: no limit."""
        return None if self.end is None else max(0.0, self.end - self.clock())

    def search_left(self) -> float | None:
        """Until the finals must begin."""
        left = self.left()
        return None if left is None else max(0.0, left - self.finals_s())

    def finals_s(self) -> float:
        """What the finals are expected to take."""
        return FINALS_FIXED_S + REFIT_MARGIN * (self.refit_s or self.typical_trial_s)

    def trial_limit(self) -> float | None:
        """What the next trial may take: a quarter of what is left, but room for a typical one."""
        left = self.search_left()
        if left is None:
            return self.trial_timeout_s
        share = min(left, max(left / 4, TRIAL_MARGIN * self.typical_trial_s))
        return share if self.trial_timeout_s is None else min(share, self.trial_timeout_s)

    def pace_limit(self) -> float | None:
        """The whole time above which the next trial's predicted end rules it out early."""
        limit, left = self.trial_limit(), self.search_left()
        if limit is None or left is None:
            return None if limit is None else PACE_MARGIN * limit
        return min(PACE_MARGIN * limit, left)  # beyond, it would surely be cut

    def is_over(self) -> bool:
        """True where not even one typical epoch fits before the finals."""
        left = self.search_left()
        return left is not None and left < self.setup_s + 1.5 * self.epoch_s
