"""Evolution: a good trial so far, with a few of its parameters drawn anew.

Source: regularized evolution, arXiv:1802.01548, which has no crossover either.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial

from autocnn.engines.independent import SeededRandomSampler
from autocnn.engines.replayed_samplers import Draw
from autocnn.records.optuna_record import standing_key
from autocnn.space.seeds import derive_seed

LIVING = 50  # the latest trials with a score, among which parents are chosen
TOURNAMENT = 0.5  # the share of LIVING that is drawn at random; the best of it is the parent
MORE_CHANGES = 1.0  # parameters that are drawn anew beyond the first, on average


class _Mutation(SeededRandomSampler):
    """Takes over the parent's values, except those of the parameters that are changed."""

    def __init__(self, draw: Draw) -> None:
        super().__init__(draw.seed)
        self._draw = draw

    @cached_property
    def _inherited(self) -> dict[str, Any]:
        """The parent's values that are kept; nothing if no trial has a score yet."""
        living = self._draw.scored()[-LIVING:]
        if not living:
            return {}
        rng = np.random.default_rng(derive_seed(self._draw.seed, "mutation"))
        rivals = rng.choice(len(living), math.ceil(TOURNAMENT * len(living)), replace=False)
        objective = self._draw.objective
        keys = [(standing_key(objective, *living[i]), i) for i in rivals]
        parent, _ = living[min(keys)[1]]
        names = sorted(parent.params)
        n_changes = min(len(names), 1 + int(rng.poisson(MORE_CHANGES)))
        changed = set(rng.choice(names, n_changes, replace=False).tolist()) if names else set()
        return {name: parent.params[name] for name in names if name not in changed}

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """The parent's value, or a random one."""
        value = self._inherited.get(param_name)
        if value is not None:
            return value
        return super().sample_independent(study, trial, param_name, param_distribution)


def evolution(draw: Draw) -> BaseSampler:
    """A mutation of the best of half the latest trials with a score, pruned ones included."""
    return _Mutation(draw)
