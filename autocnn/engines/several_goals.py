"""Optuna's samplers for several goals: a score, and costs of the network that are to be low.

The record has the score of a trial as its value, and its costs beside it. A study in memory, which
has one direction for each goal, is built from it for each draw, as for the samplers of
`autocnn.engines.replayed_samplers`. Nothing is pruned with several goals, so that every trial with
a score has all of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial

from autocnn.engines.nsga2 import POPULATION, Nsga2
from autocnn.engines.replayed_samplers import Direction, Draw, InMemorySampler, with_values
from autocnn.engines.tpe import make_tpe
from autocnn.records.goals import COSTS
from autocnn.records.own_trials import PROPOSAL, RESULT


def several_by_tpe(draw: Draw) -> BaseSampler:
    """TPE for several goals: the good trials are those of the first Pareto fronts.

    Source: Ozaki et al., Multiobjective tree-structured Parzen estimator, JAIR 73, 2022.
    """
    return InMemorySampler(make_tpe(draw.seed), _known(draw), _directions(draw))


def several_by_nsga2(draw: Draw) -> BaseSampler:
    """NSGA-II, a genetic algorithm; each POPULATION trials with a score are a generation.

    Source: Deb et al., A fast and elitist multiobjective genetic algorithm: NSGA-II, 2002.
    """
    sampler = Nsga2(population_size=POPULATION, seed=draw.seed)
    return InMemorySampler(sampler, _known(draw), _directions(draw))


def _known(draw: Draw) -> list[FrozenTrial]:
    """The trials with a score, and with all costs measured, as complete ones with all goals."""
    costs = draw.setup.costs
    found = ((t, (score, *costs_on_record(t.user_attrs, costs))) for t, score in draw.scored())
    return [with_values(trial, values) for trial, values in found if math.inf not in values]


def _directions(draw: Draw) -> list[Direction]:
    costs: list[Direction] = ["minimize"] * len(draw.setup.costs)
    return [draw.objective.direction, *costs]


def costs_on_record(attributes: Mapping[str, Any], costs: tuple[str, ...]) -> tuple[float, ...]:
    """The `costs` of a trial by its user attributes; infinite if one was not measured."""
    proposal: Mapping[str, Any] = attributes.get(PROPOSAL) or {}
    result: Mapping[str, Any] = attributes.get(RESULT) or {}
    known = {**proposal, "latency_ms": result.get("latency_ms")}
    values = (known.get(COSTS[name].column) for name in costs)
    return tuple(math.inf if value is None else float(value) for value in values)
