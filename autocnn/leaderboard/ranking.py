"""Trials in the one order of `autocnn.objectives`, and the winner of a study."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from autocnn.objectives import Objective, Ranked, can_win, rank_key
from autocnn.states import TrialState

if TYPE_CHECKING:  # other parts rank trials without loading Arrow
    import pyarrow as pa

RankedT = TypeVar("RankedT", bound=Ranked)


def rank_trials(trials: Iterable[RankedT], objective: Objective) -> list[RankedT]:
    """All trials, the best first, by `rank_key`."""
    return sorted(trials, key=lambda trial: rank_key(objective, trial))


def winner(trials: Iterable[RankedT], objective: Objective) -> RankedT | None:
    """The best complete or stopped trial, or None if none has a score."""
    eligible = [trial for trial in trials if can_win(objective, trial)]
    return min(eligible, key=lambda trial: rank_key(objective, trial), default=None)


def rank_order(rows: pa.Table, objective: Objective) -> Any:
    """The places of `rows`, the best first, by `rank_key`, as an array of int64.

    `rows` has the columns `autocnn.leaderboard.columns.KEYS`.
    """
    import numpy as np

    number, parameters = (rows[name].to_numpy() for name in ("trial", "parameters"))
    score, loss = (_numbers(rows[name]) for name in ("score", "best_epoch_loss"))
    cost = np.where(np.isnan(score), np.inf, -score if objective.maximize else score)
    loss = np.where(np.isnan(loss), np.inf, loss)
    keys = [cost, loss, parameters, np.zeros(len(cost))]
    limit = objective.smallest_from
    if limit is not None:
        enough = score >= limit if objective.maximize else score <= limit
        by_size = (-np.inf, parameters, cost, loss)
        keys = [np.where(enough, own, usual) for own, usual in zip(by_size, keys, strict=True)]
    group = _groups(rows["state"])
    group[(group == 0) & (keys[0] == np.inf)] = 2
    keys = [np.where(group < 2, key, 0) for key in keys]
    return np.lexsort((number, *reversed(keys), group))


def _numbers(column: pa.ChunkedArray) -> Any:
    """The cells as float64; NaN for null."""
    import pyarrow.compute as pc

    return pc.fill_null(column, float("nan")).to_numpy()


def _groups(states: pa.ChunkedArray) -> Any:
    """The first part of `rank_key` for a trial with a score: 0, 1 pruned, 3 running, 4 failed."""
    import pyarrow as pa
    import pyarrow.compute as pc

    after = {TrialState.PRUNED: 1, TrialState.RUNNING: 3, TrialState.FAILED: 4}
    places = pc.index_in(states, pa.array([state.value for state in after], pa.string()))
    numbers = pa.array(list(after.values()), pa.int8())
    return pc.fill_null(pc.take(numbers, places), 0).to_numpy().copy()
