"""Trials in the one order of `autocnn.objectives`, and the winner of a study."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from autocnn.objectives import Objective, Ranked, can_win, rank_key

RankedT = TypeVar("RankedT", bound=Ranked)


def rank_trials(trials: Iterable[RankedT], objective: Objective) -> list[RankedT]:
    """All trials, the best first, by `rank_key`."""
    return sorted(trials, key=lambda trial: rank_key(objective, trial))


def winner(trials: Iterable[RankedT], objective: Objective) -> RankedT | None:
    """The best complete or stopped trial, or None if none has a score."""
    eligible = [trial for trial in trials if can_win(objective, trial)]
    return min(eligible, key=lambda trial: rank_key(objective, trial), default=None)
