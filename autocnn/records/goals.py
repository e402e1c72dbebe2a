"""The goals of a study: a score, and costs of a network that are to be low as well.

`--objective accuracy,macs` names both. A cost is known of every trial without its training (its
parameters, its multiply-accumulates) or is measured before it (its latency).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autocnn.objectives import OBJECTIVES

if TYPE_CHECKING:  # the names of settings are printed without loading a library
    from autocnn.records.trial_record import TrialRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One cost of a network, of which less is better."""

    name: str  # in --objective
    title: str  # with its unit, as a column or an axis has it
    column: str  # of the leaderboard
    of: Callable[[TrialRecord], float | None]  # None: not measured


COSTS = {
    each.name: each
    for each in (
        Cost(
            name="size",
            title="parameters",
            column="parameters",
            of=lambda trial: trial.parameters,
        ),
        Cost(
            name="macs",
            title="MACs of an image",
            column="macs",
            of=lambda trial: trial.macs,
        ),
        Cost(
            name="latency",
            title="latency of an image (ms)",
            column="latency_ms",
            of=lambda trial: None if trial.result is None else trial.result.latency_ms,
        ),
    )
}
DEFAULT_COSTS = ("size",)  # of the Pareto front of a study that names none
LATENCY = "latency"


def split_goals(text: str) -> tuple[str, tuple[str, ...]]:
    """The objective and the costs that a text such as "accuracy,size" names."""
    objective, *costs = (name.strip() for name in text.split(","))
    return objective, tuple(costs)


def are_goals(text: str) -> bool:
    """True if `text` names an objective, or one and different costs after it."""
    objective, costs = split_goals(text)
    return objective in OBJECTIVES and set(costs) <= COSTS.keys() and len(set(costs)) == len(costs)
