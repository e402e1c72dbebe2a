"""The Pareto front: the trials that no other one beats in every goal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from autocnn.objectives import Objective, can_win
from autocnn.records.goals import COSTS
from autocnn.records.trial_record import TrialRecord


def pareto_front(
    records: Iterable[TrialRecord], objective: Objective, costs: Sequence[str]
) -> frozenset[int]:
    """The numbers of the trials that can win, and that no other one dominates.

    A trial dominates another one if its score and all `costs` are as good or better, and one of
    them is better. Of trials that are equal in all of them the first stays. A trial of which a cost
    was not measured is left out.
    """
    points: dict[tuple[float, ...], int] = {}
    for record in records:
        if can_win(objective, record):
            point = _point(record, objective, costs)
            if math.inf not in point:
                points[point] = min(record.number, points.get(point, record.number))
    front: list[tuple[float, ...]] = []
    for point in sorted(points):  # none is dominated by one that comes later
        if not any(all(f <= p for f, p in zip(other, point, strict=True)) for other in front):
            front.append(point)
    return frozenset(points[point] for point in front)


def _point(record: TrialRecord, objective: Objective, costs: Sequence[str]) -> tuple[float, ...]:
    """The goals of a trial, each as a number of which less is better."""
    assert record.score is not None
    values = (COSTS[name].of(record) for name in costs)
    return (
        objective.advantage(0.0, record.score),
        *(math.inf if value is None else value for value in values),
    )
