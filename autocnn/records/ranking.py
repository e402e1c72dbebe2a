"""The one order of trials: by score, then by size, then by number."""

from __future__ import annotations

import math
from collections.abc import Iterable

from autocnn.records.record import TrialRecord
from autocnn.trial import TrialState

_FINISHED = (TrialState.COMPLETE, TrialState.STOPPED)


def rank_trials(records: Iterable[TrialRecord]) -> list[TrialRecord]:
    """All trials, best first.

    Complete and stopped ones by score, then fewer parameters, then number; pruned ones after
    them by the same; then those without a score, running ones, and failed ones by number.
    """
    return sorted(records, key=_rank_key)


def winner(records: Iterable[TrialRecord]) -> TrialRecord | None:
    """The best complete or stopped trial, or None where none has a score."""
    eligible = [r for r in records if r.state in _FINISHED and _score(r) > -math.inf]
    return min(eligible, key=_rank_key, default=None)


def _score(record: TrialRecord) -> float:
    score = record.score
    return -math.inf if score is None or math.isnan(score) else score


def _rank_key(record: TrialRecord) -> tuple[float, ...]:
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
