"""Optuna's pruners by name, and the rule of the first look."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import cast

import optuna
from optuna.pruners import BasePruner, HyperbandPruner, SuccessiveHalvingPruner
from optuna.trial import FrozenTrial

from autocnn.engines.builders import find_builder
from autocnn.engines.samplers import STARTUP_TRIALS
from autocnn.records.choices import PRUNERS

REDUCTION_FACTOR = 4  # of halving and Hyperband
LOOK_FACTOR = 3  # one in so many passes its first look
RUNG = "completed_rung_0"  # where Optuna keeps a trial's score at its only rung
TOP_PERCENT = 25.0  # what the pruner percentile keeps; the median keeps the better half
# Of the horizon. Earlier epochs, with a rising rate, say too little; and the next rung, four times
# as late, is the end: a trial that has come to three quarters is worth its last one.
FIRST_RUNG = 0.25

# From the first epoch at which a trial may be given up, and the number of validation images or None
# if it is not known.
PrunerBuilder = Callable[[int, int | None], BasePruner]


def build_pruner(name: str, horizon: int, n_validation: int | None = None) -> BasePruner:
    """The pruner of this name for trials of at most `horizon` epochs.

    None judges before a quarter of the horizon. Halving passes the best quarter of all trials that
    came there, and those that chance may have kept out of it. Hyperband does so, without chance,
    with two of three trials, and leaves the third alone. Median and percentile ask at every epoch
    from there on whether the best score so far is in the better half, or the best TOP_PERCENT, of
    what the *complete* trials had at that epoch (Optuna counts a percentile from the best), once
    there are STARTUP_TRIALS of them.
    """
    build: PrunerBuilder = find_builder(PRUNERS, name)
    return build(math.ceil(FIRST_RUNG * horizon), n_validation)


# The entries of the table `autocnn.records.choices.PRUNERS`.


def build_halving(first: int, n_validation: int | None) -> BasePruner:
    """Successive halving with one rung, at epoch `first`."""
    return Halving(first, n_validation)


def build_hyperband(first: int, _: int | None) -> BasePruner:
    """Hyperband with two brackets."""
    return Hyperband(first)


def build_median(first: int, _: int | None) -> BasePruner:
    """The median rule, from epoch `first` on."""
    return optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS, n_warmup_steps=first)


def build_percentile(first: int, _: int | None) -> BasePruner:
    """The percentile rule, from epoch `first` on."""
    return optuna.pruners.PercentilePruner(
        TOP_PERCENT, n_startup_trials=STARTUP_TRIALS, n_warmup_steps=first
    )


def build_none(_: int, __: int | None) -> BasePruner:
    """No pruning."""
    return optuna.pruners.NopPruner()


class Halving(SuccessiveHalvingPruner):
    """Optuna's halving, but for who is within one standard error of the last that passes.

    A score is the share of `n_validation` images: half a point of 5,000 says little of two trials.
    """

    def __init__(self, first: int, n_validation: int | None) -> None:
        super().__init__(min_resource=first, reduction_factor=REDUCTION_FACTOR)
        self._n_validation = n_validation

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """True where the trial came to its rung and is clearly not among the best there."""
        is_given_up = super().prune(study, trial)
        if not is_given_up or self._n_validation is None or trial.last_step is None:
            return is_given_up
        score = trial.intermediate_values[trial.last_step]
        others = study.get_trials(deepcopy=False)
        at_rung = [t.system_attrs.get(RUNG) for t in others if t.number != trial.number]
        scores = sorted([s for s in at_rung if s is not None] + [score], reverse=True)
        last_to_pass = scores[max(0, len(scores) // REDUCTION_FACTOR - 1)]
        spread = math.sqrt(max(0.0, last_to_pass * (1 - last_to_pass)) / self._n_validation)
        return bool(score < last_to_pass - spread)


class Hyperband(BasePruner):
    """Optuna's Hyperband with two brackets: one judges at epoch `first`, one at the end only.

    A trial's bracket follows from its number alone. Optuna's follows from the study's name too, so
    that two studies of one seed would differ; and Optuna, where it sees its own Hyperband, shows a
    sampler the trials of one bracket only, too few to learn from. Hence a wrapper.
    """

    def __init__(self, first: int) -> None:
        self._inner = _Nameless(
            min_resource=first,
            max_resource=REDUCTION_FACTOR * first,  # not the horizon, which may give one bracket
            reduction_factor=REDUCTION_FACTOR,
        )

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """True where halving within the trial's bracket gives it up."""
        return self._inner.prune(study, trial)


class _Nameless(HyperbandPruner):
    def _get_bracket_id(self, study: optuna.Study, trial: FrozenTrial) -> int:
        return super()._get_bracket_id(cast(optuna.Study, SimpleNamespace(study_name="")), trial)


def passes_first_look(score: float, others: Sequence[float]) -> bool:
    """True where `score` is in the upper 1 / LOOK_FACTOR of all first looks, its own included.

    Nothing passes before STARTUP_TRIALS others have been looked at.
    """
    if len(others) < STARTUP_TRIALS:
        return False
    n_passing = (len(others) + 1) // LOOK_FACTOR
    return sum(other > score for other in others) < n_passing
