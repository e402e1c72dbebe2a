"""Optuna's samplers and pruners by name, and the wrapper that makes every draw repeatable."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from autocnn.records.storage import n_ended
from autocnn.space.seeds import derive_seed

STARTUP_TRIALS = 4  # before TPE models anything, recipes included
REDUCTION_FACTOR = 4  # of halving and Hyperband
LOOK_FACTOR = 3  # one in so many passes its first look
# Of the horizon. Earlier epochs, with a rising rate, say too little; and the next rung, four times
# as late, is the end: a trial that has come to three quarters is worth its last one.
FIRST_RUNG = 0.25


def _tpe(seed: int) -> BaseSampler:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(
            n_startup_trials=STARTUP_TRIALS, group=True, multivariate=True, seed=seed
        )


SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {
    "tpe": _tpe,
    "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
}


def build_pruner(name: str, horizon: int) -> BasePruner:
    """The pruner of this name for trials of at most `horizon` epochs."""
    first = math.ceil(FIRST_RUNG * horizon)
    makers: dict[str, Callable[[], BasePruner]] = {
        "halving": lambda: optuna.pruners.SuccessiveHalvingPruner(
            min_resource=first, reduction_factor=REDUCTION_FACTOR
        ),
        "hyperband": lambda: optuna.pruners.HyperbandPruner(
            min_resource=first, max_resource=horizon, reduction_factor=REDUCTION_FACTOR
        ),
        "median": lambda: optuna.pruners.MedianPruner(
            n_startup_trials=STARTUP_TRIALS, n_warmup_steps=first
        ),
        "none": optuna.pruners.NopPruner,
    }
    return makers[name]()


def passes_first_look(score: float, others: Sequence[float]) -> bool:
    """True where `score` is in the upper 1 / LOOK_FACTOR of all first looks, its own included.

    Nothing passes before STARTUP_TRIALS others have been looked at.
    """
    if len(others) < STARTUP_TRIALS:
        return False
    n_passing = (len(others) + 1) // LOOK_FACTOR
    return sum(other > score for other in others) < n_passing


class PerTrialSampler(BaseSampler):
    """Draws each trial with a fresh sampler, seeded from the study's seed and the trial's number.

    A study that is interrupted and continued thus draws what it would have drawn; one sampler
    created again with the same seed would repeat its first points.
    """

    def __init__(self, name: str, study_seed: int) -> None:
        self._make, self._study_seed = SAMPLERS[name], study_seed
        self._inner = self._make(0)

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Make the sampler of this trial: random until STARTUP_TRIALS trials have ended."""
        # Infeasible draws are no trials, but TPE would count them among its start-up trials.
        make = self._make if n_ended(study) >= STARTUP_TRIALS else SAMPLERS["random"]
        self._inner = make(derive_seed(self._study_seed, trial.number, "sample"))
        self._inner.before_trial(study, trial)

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """As the sampler of this trial does."""
        return self._inner.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """As the sampler of this trial does."""
        return self._inner.sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """As the sampler of this trial does."""
        return self._inner.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """As the sampler of the latest trial does; none of those by name keeps a state."""
        self._inner.after_trial(study, trial, state, values)
