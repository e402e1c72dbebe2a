"""Evolution: a good trial so far, with a few of its parameters changed.

Source: regularized evolution, arXiv:1802.01548, which has no crossover either.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial

from autocnn.engines.independent import SeededRandomSampler
from autocnn.engines.mutations import mutate
from autocnn.engines.replayed_samplers import Draw
from autocnn.objectives import Objective
from autocnn.records.converter import to_json
from autocnn.records.optuna_record import standing_key
from autocnn.records.own_trials import PROPOSAL
from autocnn.space.parameters import Value
from autocnn.space.seeds import derive_seed

LIVING = 50  # the latest trials with a score, duplicates apart, among which parents are chosen
TOURNAMENT = 0.5  # the share of LIVING that is drawn at random; the best of it is the parent
MORE_CHANGES = 1.0  # parameters that are changed beyond the first, on average
TRIES = 50  # children that are drawn until one has a network and a new configuration
SMALLER = 0.9  # times the parameters of the smallest network that reaches the target, at most


class _Mutation(SeededRandomSampler):
    """Draws the values of a child of a good trial; at random if no trial has a score yet."""

    def __init__(self, draw: Draw) -> None:
        super().__init__(draw.seed)
        self._draw = draw

    @cached_property
    def _child(self) -> dict[str, Value]:
        """The first of TRIES children that is worth training, or else the last of them."""
        draw = self._draw
        configs = {trial.number: _config_of(trial) for trial in draw.earlier()}
        living, known = living_trials(draw.scored(), configs), set(configs.values())
        ranks = [standing_key(draw.objective, trial, score) for trial, score in living]
        most = most_parameters(draw.objective, living)
        child: dict[str, Value] = {}
        for attempt in range(TRIES if living else 0):
            rng = np.random.default_rng(derive_seed(draw.seed, "mutation", attempt))
            rivals = rng.choice(len(living), math.ceil(TOURNAMENT * len(living)), replace=False)
            parent, _ = living[min(rivals, key=lambda i: ranks[i])]
            n_changes = 1 + int(rng.poisson(MORE_CHANGES))
            child = mutate(draw.space, draw.space.canonical(parent.params), n_changes, rng)
            found = draw.feasible(child)
            if found is None or found[1].parameters > most:
                continue
            if _text(to_json(found[0])) not in known:
                break
        return child

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """The child's value, or a random one."""
        if param_name in self._child:
            return self._child[param_name]
        return super().sample_independent(study, trial, param_name, param_distribution)


def most_parameters(objective: Objective, scored: Iterable[tuple[FrozenTrial, float]]) -> float:
    """The parameters that a child may have: fewer than any network that is good enough has.

    Infinite unless `objective` ranks networks by size, and one of `scored` reaches its score.
    """
    sizes = [
        trial.user_attrs[PROPOSAL]["parameters"]
        for trial, score in scored
        if objective.is_enough(score) and PROPOSAL in trial.user_attrs
    ]
    return SMALLER * min(sizes, default=math.inf)


def living_trials(
    scored: Iterable[tuple[FrozenTrial, float]], configs: Mapping[int, str]
) -> list[tuple[FrozenTrial, float]]:
    """The latest LIVING trials of `scored`, each with its score; no duplicates.

    `configs` has the configurations of the trials that count, by number. A trial of the same
    configuration as an earlier one is left out: it would be in a tournament twice, and live longer.
    """
    first: dict[str, tuple[FrozenTrial, float]] = {}
    for trial, score in scored:
        if trial.number in configs:
            first.setdefault(configs[trial.number], (trial, score))
    return list(first.values())[-LIVING:]


def _config_of(trial: FrozenTrial) -> str:
    """A text for the configuration of `trial`; for the trial alone if none was proposed."""
    proposal: Mapping[str, Any] | None = trial.user_attrs.get(PROPOSAL)
    return f"trial {trial.number}" if proposal is None else _text(proposal["config"])


def _text(config: Mapping[str, Any]) -> str:
    return json.dumps(config, sort_keys=True)


def evolution(draw: Draw) -> BaseSampler:
    """A mutation of the best of half the latest trials with a score, pruned ones included."""
    return _Mutation(draw)
