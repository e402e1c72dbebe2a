"""The names of Optuna that are not public and that autocnn needs, all in this one module.

pyproject.toml bounds Optuna below its next major version. tests/records/test_optuna_private.py
fails, with what to do, once a name has gone.

| name of Optuna | why it is needed |
|---|---|
| `Study._storage` | `create_study` and `set_trial_user_attr` take the storage of a study |
| `Trial._trial_id`, `FrozenTrial._trial_id` | to report to a trial of an earlier process |
| `_transform._SearchSpaceTransform` | CMA-ES works in the unit cube: Optuna's own CMA-ES uses it |
| `HyperbandPruner._get_bracket_id` | a bracket must not depend on the study's name |
| `QMCSampler._find_sample_id` | Optuna would count the place in the sequence in the storage |
| `NSGAIISampler._elite_population_selection_strategy` | selects the parents of a generation |
| `completed_rung_0`, a system attribute | the score of a trial at its first rung of halving |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.pruners import HyperbandPruner
from optuna.samplers import NSGAIISampler, QMCSampler
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial

FIRST_RUNG_SCORE = "completed_rung_0"  # Optuna's system attribute of a trial


def storage_of(study: optuna.Study) -> BaseStorage:
    """The storage that holds `study`."""
    return study._storage  # noqa: SLF001  see the table above


def open_trial(study: optuna.Study, trial: FrozenTrial) -> optuna.Trial:
    """`trial`, which is running, as an object that takes reports.

    The study's sampler is bound to it here: set the sampler before.
    """
    return optuna.Trial(study, trial._trial_id)  # noqa: SLF001  see the table above


def write_attribute(
    study: optuna.Study, trial: optuna.Trial | FrozenTrial, key: str, value: Any
) -> None:
    """Write a user attribute of a running trial without an `optuna.Trial`, so without a sampler."""
    trial_id = trial._trial_id  # noqa: SLF001  see the table above
    storage_of(study).set_trial_user_attr(trial_id, key, value)


class UnitCube:
    """Points of numerical distributions as vectors of the unit cube, and back."""

    def __init__(self, distributions: Mapping[str, BaseDistribution]) -> None:
        from optuna._transform import _SearchSpaceTransform  # if it goes, only CMA-ES goes

        self._transform = _SearchSpaceTransform(dict(distributions), transform_0_1=True)

    @property
    def bounds(self) -> np.ndarray:
        """Lower and upper end of each axis, of shape (axes, 2)."""
        return self._transform.bounds

    def vector(self, params: Mapping[str, Any]) -> np.ndarray:
        """The vector of the values `params`; values of other distributions are left out."""
        return self._transform.transform(dict(params))

    def params(self, vector: np.ndarray) -> dict[str, Any]:
        """The values that `vector` stands for."""
        return self._transform.untransform(vector)


class NamelessHyperband(HyperbandPruner):
    """Optuna's Hyperband, but the bracket of a trial depends on the trial's number alone."""

    def _get_bracket_id(self, study: optuna.Study, trial: FrozenTrial) -> int:
        return super()._get_bracket_id(cast(optuna.Study, SimpleNamespace(study_name="")), trial)


class PlacedQMC(QMCSampler):
    """Optuna's quasi-random sampler, but the place in the sequence is given by `place`."""

    def __init__(self, place: Callable[[], int], *, seed: int) -> None:
        super().__init__(scramble=True, seed=seed)
        self._place = place

    def _find_sample_id(
        self, study: optuna.Study, search_space: dict[str, BaseDistribution]
    ) -> int:
        return self._place()


def select_elite(
    sampler: NSGAIISampler, study: optuna.Study, population: Sequence[FrozenTrial]
) -> list[FrozenTrial]:
    """The trials of `population` that are the parents of the next generation."""
    select = sampler._elite_population_selection_strategy  # noqa: SLF001  see the table above
    return list(select(study, list(population)))
