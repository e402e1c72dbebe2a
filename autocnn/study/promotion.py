"""Promotion: the best configurations are trained once more, with a schedule that fills the time.

A search looks at many configurations with a short schedule, run to its end, and ships one that was
trained with a long one. Source: the resource of successive halving, arXiv:1502.07943, is the length
of a whole schedule here.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from autocnn.leaderboard.ranking import rank_trials
from autocnn.objectives import Objective
from autocnn.records.trial_record import TrialRecord
from autocnn.study.budget import Budget
from autocnn.study.predicted_cost import seconds_of_epoch
from autocnn.study.sizing import PROMOTED_EPOCHS
from autocnn.trial import Promotion, TrialResult, TrialState

LEAST_EPOCHS = 1.5  # times the study's horizon: a schedule that is not longer is not worth a trial
MOST_EPOCHS = 4.0  # times the study's horizon, that a promoted schedule has


@dataclass(frozen=True, slots=True, kw_only=True)
class Promoter:
    """Decides which trial is promoted, and when."""

    budget: Budget
    objective: Objective
    finished: Callable[[], Iterable[TrialRecord]]  # the ended trials of the study
    promoted: Callable[[], Collection[int]]  # the trials of which a promotion is on record

    def next(self, *, is_last: bool) -> Promotion | None:
        """The promotion to be trained now, or None.

        It is due if one more typical trial would leave no time for a schedule of PROMOTED_EPOCHS
        times the horizon and a refit as long; with `is_last`, if nothing else is left to be tried.
        """
        if self.budget.end is None:
            return None
        whole = [record for record in self.finished() if _can_be_promoted(record)]
        done = self.promoted()
        ended = [record for record in whole if record.number not in done]
        if not ended:
            return None
        best = rank_trials(ended, self.objective)[0]
        epoch_s, horizon = _epoch_seconds(best), self.budget.horizon
        if not is_last:
            trial_s = statistics.median(record.duration or 0.0 for record in whole)
            if self.budget.schedule_epochs(epoch_s, after_s=trial_s) >= PROMOTED_EPOCHS * horizon:
                return None
        epochs = min(self.budget.schedule_epochs(epoch_s), MOST_EPOCHS * horizon)
        if epochs < max(LEAST_EPOCHS * horizon, horizon + 1):
            return None
        return Promotion(of=best.number, epochs=int(epochs))


def _can_be_promoted(record: TrialRecord) -> bool:
    result = record.result
    if result is None or result.score is None or result.duplicate_of is not None:
        return False
    is_whole = record.state in (TrialState.COMPLETE, TrialState.STOPPED)
    return is_whole and record.promoted_from is None


def _epoch_seconds(record: TrialRecord) -> float:
    """Wall seconds of an epoch; of a trial with one epoch, its start included."""
    assert record.result is not None
    return seconds_of_epoch(record.result) or _mean_seconds(record.result)


def _mean_seconds(result: TrialResult) -> float:
    return result.curve[-1].seconds / len(result.curve)
