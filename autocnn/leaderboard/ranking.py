"""The one order of trials: by score, then by size, then by number."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Protocol, TypeVar

from autocnn.trial import TrialState

_FINISHED = (TrialState.COMPLETE, TrialState.STOPPED)


class Ranked(Protocol):
    """What decides a trial's rank; a `TrialRecord` has it, and a row of a leaderboard."""

    @property
    def number(self) -> int:
        """Of the trial."""
        ...

    @property
    def state(self) -> TrialState:
        """What became of it."""
        ...

    @property
    def score(self) -> float | None:
        """Validation accuracy of the best epoch, or None where there is none."""
        ...

    @property
    def parameters(self) -> int:
        """Of its network."""
        ...


RankedT = TypeVar("RankedT", bound=Ranked)


def rank_trials(records: Iterable[RankedT]) -> list[RankedT]:
    """All trials, best first.

    Complete and stopped ones by score, then fewer parameters, then number; pruned ones after
    them by the same; then those without a score, running ones, and failed ones by number.
    """
    return sorted(records, key=_rank_key)


def winner(records: Iterable[RankedT]) -> RankedT | None:
    """The best complete or stopped trial, or None where none has a score."""
    eligible = [r for r in records if r.state in _FINISHED and _score(r) > -math.inf]
    return min(eligible, key=_rank_key, default=None)


def _score(record: Ranked) -> float:
    score = record.score
    return -math.inf if score is None or math.isnan(score) else score


def _rank_key(record: Ranked) -> tuple[float, ...]:
    score, number = _score(record), record.number
    if record.state is TrialState.FAILED:
        return (4, number)
    if record.state is TrialState.RUNNING:
        return (3, number)
    if record.state is TrialState.PRUNED:
        return (1, -score, record.parameters, number)
    if score == -math.inf:
        return (2, number)
    return (0, -score, record.parameters, number)
