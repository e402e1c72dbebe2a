"""The wall time that a search and each of its trials may take, bounded before it is spent."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from autocnn.study.sizing import FINALS_FIXED_S, REFIT_MARGIN

LONG_MARGIN = 1.2  # times the seconds of as many epochs of a trial: those of a longer refit
TRIAL_MARGIN = 1.75  # times a typical trial's seconds, for a machine that slows down
PACE_MARGIN = 1.25  # times a trial's limit: a predicted end is an estimate
PACE_SLACK = 1.08  # times the predicted seconds of a longer refit, which may be cut


@dataclass(frozen=True, slots=True, kw_only=True)
class BestTrial:
    """The seconds of the best trial so far, all folds together."""

    refit_s: float  # until the end of its best epoch
    trial_s: float  # until its end
    epoch_s: float  # of an epoch
    is_rising: bool = False  # more epochs may raise its score: it rose until its end, or ...
    guesses: bool = False  # ... it is still that of a guess


@dataclass(slots=True, kw_only=True)
class Budget:
    """The clock of one search; all times in wall seconds."""

    end: float | None  # by `clock`; None: no limit
    setup_s: float  # seconds of a typical training before its first step
    epoch_s: float  # seconds of one epoch of a typical training, all folds together, at first
    horizon: int
    slowdown: float = 1.0  # seconds of a training now, divided by those when `epoch_s` was measured
    folds: int = 1  # networks that a trial trains; a refit trains one
    best: BestTrial | None = None  # None: no trial has a score, so that the finals have no winner
    longest_refit: int = 0  # epochs that the refit may have; 0: those of the winner
    planned_refit_s: float = 0.0  # seconds of the budget that are planned for a longer refit
    retrainings: float = 0.0  # trainings of the finals, one after another, beside the refit
    promotes: bool = False  # the best trials are trained once more, with a longer schedule
    trial_timeout_s: float | None = None  # seconds of any trial; None: what the budget allows
    clock: Callable[[], float] = field(default=time.monotonic)

    @property
    def typical_trial_s(self) -> float:
        """Seconds of a typical trial from its start to its end, as fast as the machine is now."""
        return self.setup_s + self.horizon * self.slowdown * self.epoch_s

    @property
    def fixed_s(self) -> float:
        """Seconds for export, reload and test, as fast as the machine is now."""
        return FINALS_FIXED_S * max(1.0, self.slowdown)

    @property
    def is_ranked(self) -> bool:
        """True if a trial has a score."""
        return self.best is not None

    def left(self) -> float | None:
        """Seconds until the whole process must be over; None: no limit."""
        return None if self.end is None else max(0.0, self.end - self.clock())

    def search_left(self) -> float | None:
        """Seconds until the finals must begin; None: no limit."""
        left = self.left()
        return None if left is None else max(0.0, left - self.finals_s())

    def finals_s(self) -> float:
        """Predicted seconds of the finals: the retrainings that are asked for, and the rest."""
        return self.retrain_s() + self.finish_s()

    def retrain_s(self) -> float:
        """Predicted seconds of the retrainings; without a winner, a third of the time at most."""
        trial_s = self.typical_trial_s if self.best is None else self.best.trial_s
        needed, left = self.retrainings * trial_s, self.left()
        if left is None or self.is_ranked:
            return needed
        return min(needed, max(0.0, left - self.fixed_s) / 3)

    def finish_s(self) -> float:
        """Predicted seconds of refit, export and test; without a winner, a third at most."""
        trial_s = self.typical_trial_s if self.best is None else self.best.refit_s
        others_s = max(0.0, trial_s - self.setup_s) * (1 - 1 / self.folds)
        refit_s = max(REFIT_MARGIN * (trial_s - others_s), self._long_refit_s())
        left = self.left()
        if left is not None and not self.is_ranked:
            refit_s = min(refit_s, max(0.0, left - self.fixed_s) / 3)
        return self.fixed_s + refit_s

    def _long_refit_s(self) -> float:
        """Seconds that are kept for a refit longer than the trials; 0 if it will not be longer."""
        if self.best is not None and not self.best.is_rising:
            return 0.0
        epoch_s = self.slowdown * self.epoch_s if self.best is None else self.best.epoch_s
        longest_s = self.setup_s + self.longest_refit * epoch_s / self.folds
        return min(self.planned_refit_s, LONG_MARGIN * longest_s)

    def refit_epochs(self, epoch_s: float, reserve_s: float) -> int:
        """The epochs of a refit that fit the time from now on, if each takes `epoch_s` seconds.

        `reserve_s` seconds are left after it. 0 without a time budget.
        """
        left = self.left()
        seconds = 0.0 if left is None else max(0.0, left - reserve_s - self.setup_s)
        return int(seconds / (PACE_SLACK * epoch_s))

    def trial_limit(self) -> float | None:
        """Seconds after which the next trial is cut: its share, or `trial_timeout_s` if shorter.

        None: no limit.
        """
        share = self._share()
        timeout = self.trial_timeout_s
        return share if timeout is None else timeout if share is None else min(share, timeout)

    def _share(self) -> float | None:
        """Seconds of the budget for the next trial: its share; without a winner all that is left.

        None: no limit.
        """
        return self.share_s() if self.is_ranked else self.search_left()

    def share_s(self) -> float | None:
        """The share of one trial, in seconds: a part of the search time left, or more.

        The part is a quarter, or an eighth if longer schedules follow. A typical trial always fits,
        within the time left; None: no limit.
        """
        left = self.search_left()
        if left is None:
            return None
        part = left / (8 if self.promotes else 4)
        return min(left, max(part, TRIAL_MARGIN * self.typical_trial_s))

    def pace_limit(self) -> float | None:
        """Predicted seconds above which the next trial is pruned early; None: no limit."""
        limit, left = self.trial_limit(), self.search_left()
        if limit is None or left is None:
            return None if limit is None else PACE_MARGIN * limit
        return min(PACE_MARGIN * limit, left)  # a longer trial would be cut in any case

    def longest_s(self) -> float | None:
        """Predicted seconds above which a trial is not begun; None: no limit.

        Without a winner a trial may take all the time of the search. A trial that
        `trial_timeout_s` will cut is begun: its best epoch before that counts.
        """
        return self._share()

    def schedule_epochs(self, epoch_s: float, after_s: float = 0.0) -> float:
        """The epochs of a promoted trial that begins in `after_s` seconds, with finals as long.

        An epoch takes `epoch_s` seconds. Infinite without a time budget.
        """
        left, timeout = self.left(), self.trial_timeout_s
        timed = math.inf if timeout is None else (timeout - self.setup_s) / epoch_s
        if left is None:
            return timed
        again = 1 + self.retrainings
        seconds = left - after_s - self.fixed_s - (again + REFIT_MARGIN) * self.setup_s
        return min(timed, max(0.0, seconds) / (epoch_s * (again + REFIT_MARGIN / self.folds)))

    def promoted_limit(self) -> float | None:
        """Seconds after which a promoted trial that begins now is cut: the finals fit then."""
        left = self.left()
        if left is None:
            return self.trial_timeout_s
        limit = max(0.0, left - self.fixed_s) / (1 + self.retrainings + 1 / self.folds)
        return limit if self.trial_timeout_s is None else min(limit, self.trial_timeout_s)

    def least_s(self) -> float:
        """Seconds of the shortest search that gives a network, from the first trial to the end."""
        first_trial_s = self.setup_s + 1.5 * self.epoch_s
        return FINALS_FIXED_S + 1.5 * first_trial_s  # two thirds are for the search

    def is_over(self) -> bool:
        """True if not even one typical epoch fits before the finals.

        Without a winner a trial is begun as long as there is any time: its first epoch may be cut.
        """
        left = self.search_left()
        if left is None or not self.is_ranked:
            return left is not None and left <= 0
        return left < self.setup_s + 1.5 * self.slowdown * self.epoch_s
