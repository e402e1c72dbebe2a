"""Ranking trials that came to different epochs: within one rung, never across rungs.

A score at the end of a training says nothing beside one of the first epoch. So trials are compared
by their best scores up to one epoch, the rung: the latest one that enough of them have reached.
Source: BOHB, arXiv:1807.01774, which fits its model on the largest budget with enough observations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from optuna.trial import FrozenTrial, TrialState

from autocnn.objectives import Objective, score_key

# One trial in so many must have reached a rung. TPE takes the best tenth of all for good ones, and
# so it chooses them from at least twice as many.
ENOUGH = 5
STARTUP_TRIALS = 4  # trials with a score before a model is fitted, to a rung as well

_END = math.inf  # the epoch of the last score of a complete trial, of any length
_NOWHERE = -math.inf  # that of a trial without a score


def rank_in_rung(trials: Sequence[FrozenTrial], objective: Objective) -> list[int]:
    """The place of each trial, 0 for the best, by its best score up to the rung.

    Trials that did not reach the rung come after all that did, the later their last epoch the
    better, and among equals of it by their best score. Trials without a score come last, and the
    number decides between equal scores. `trials` are complete or pruned.
    """
    rung = choose_rung([_last_epoch(trial) for trial in trials])

    def key(i: int) -> tuple[float, ...]:
        score = _best_until(rung, trials[i], objective)
        reached = min(_last_epoch(trials[i]), rung)
        return (-reached, *score_key(objective, score, None, number=trials[i].number))

    places = [0] * len(trials)
    for place, i in enumerate(sorted(range(len(trials)), key=key)):
        places[i] = place
    return places


def choose_rung(last_epochs: Sequence[float]) -> float:
    """The latest epoch that enough trials have reached, from the last epoch of each.

    Infinite if enough trials are complete. Trials without a score (minus infinity) do not count.
    """
    reached = sorted((epoch for epoch in last_epochs if epoch != _NOWHERE), reverse=True)
    if not reached:
        return _END
    enough = max(STARTUP_TRIALS, math.ceil(len(reached) / ENOUGH))
    return reached[min(enough, len(reached)) - 1]


def _last_epoch(trial: FrozenTrial) -> float:
    if trial.state is TrialState.COMPLETE:
        return _END
    return max(trial.intermediate_values, default=_NOWHERE)


def _best_until(rung: float, trial: FrozenTrial, objective: Objective) -> float | None:
    """The best score up to the epoch `rung`; a complete trial without reports has its value."""
    reported = [score for epoch, score in trial.intermediate_values.items() if epoch <= rung]
    if trial.state is TrialState.COMPLETE and (rung == _END or not reported):
        return trial.value
    return objective.best(reported) if reported else None
