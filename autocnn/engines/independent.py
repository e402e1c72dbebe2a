"""Samplers that draw every parameter by itself."""

from __future__ import annotations

from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial

from autocnn.space.seeds import derive_seed


class OneByOne(BaseSampler):
    """Draws every parameter by itself; a subclass says how."""

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Nothing is drawn together."""
        return {}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Nothing is drawn together."""
        return {}


class AtRandom(OneByOne):
    """Draws by one seed and the parameter's name: the same in whatever order.

    So a draw that a killed process had half made comes to what it would have come to.
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
        """One at random."""
        sampler = RandomSampler(seed=derive_seed(self._seed, param_name))
        return sampler.sample_independent(study, trial, param_name, param_distribution)
