"""Samplers that draw each parameter independently of the others."""

from __future__ import annotations

from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial

from autocnn.space.seeds import derive_seed


class IndependentSampler(BaseSampler):
    """Draws each parameter independently; a subclass implements `sample_independent`."""

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """No parameters: none are drawn jointly."""
        return {}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """No values: none are drawn jointly."""
        return {}


class SeededRandomSampler(IndependentSampler):
    """Draws a parameter at random, seeded by `seed` and the parameter's name.

    The order of the draws does not matter. So a trial of which a killed process had drawn some
    parameters gets the values that it would have got.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """A random value of the distribution."""
        sampler = RandomSampler(seed=derive_seed(self._seed, param_name))
        return sampler.sample_independent(study, trial, param_name, param_distribution)
