"""Optuna's pruners by name, and the rule of the first look."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import optuna
from optuna.pruners import BasePruner, SuccessiveHalvingPruner
from optuna.trial import FrozenTrial

from autocnn.engines.builders import find_builder
from autocnn.engines.rungs import STARTUP_TRIALS
from autocnn.objectives import ACCURACY, Objective
from autocnn.records.choices import PRUNERS
from autocnn.records.optuna_private import FIRST_RUNG_SCORE, NamelessHyperband

REDUCTION_FACTOR = 4  # of halving and Hyperband
LOOK_FACTOR = 3  # one trial in so many passes its first look
TOP_PERCENT = 25.0  # what the pruner percentile keeps; the median keeps the better half
# The share of the horizon before the first rung. The scores of earlier epochs, at a rising learning
# rate, say too little; and the next rung, four times as late, is the end: a trial that has come to
# three quarters of its epochs is worth the last quarter.
FIRST_RUNG = 0.25
# Of a short schedule a quarter is an epoch or two, whose scores say less: every replay of short
# trials has a later rung, or none, no worse and up to half a point better.
FEWEST_EPOCHS = 3
LATEST_RUNG = 0.5  # of the horizon, of recipes: those that augment the images learn later
# Before so many updates of the weights, images that are learned late look alike to every network,
# and a network that learns its images by heart is ahead of those that will be better.
FEWEST_UPDATES = 1_000

# From the first epoch at which a trial may be given up, the objective of the scores, and the
# validation images of each class (empty: scores count as exact).
PrunerBuilder = Callable[[int, Objective, Sequence[int]], BasePruner]


def build_pruner(
    name: str, horizon: int, objective: Objective = ACCURACY, class_sizes: Sequence[int] = ()
) -> BasePruner:
    """The pruner of this name for trials of at most `horizon` epochs.

    The direction of the scores is that of the Optuna study; `objective` and the validation images
    of each class give the standard error of a score.

    No pruner judges before a quarter of the horizon, nor before FEWEST_EPOCHS. "halving" passes the
    best quarter of all trials that came there, and those that chance may have kept out of it.
    "hyperband" does so, without chance, with two of three trials, and leaves the third alone.
    "median" and "percentile" compare at every epoch from there on: the best score so far must be in
    the better half, or the best TOP_PERCENT, of what the *complete* trials had at that epoch
    (Optuna counts a percentile from the best), once there are STARTUP_TRIALS of them.
    """
    build: PrunerBuilder = find_builder(PRUNERS, name)
    return build(first_rung(horizon), objective, class_sizes)


def first_rung(horizon: int) -> int:
    """The first epoch at which a trial of at most `horizon` epochs may be given up."""
    return max(FEWEST_EPOCHS, math.ceil(FIRST_RUNG * horizon))


# The entries of the table `autocnn.records.choices.PRUNERS`.


def build_halving(first: int, objective: Objective, class_sizes: Sequence[int]) -> BasePruner:
    """Successive halving with one rung, at epoch `first`."""
    return Halving(first, objective, class_sizes)


def build_hyperband(first: int, _: Objective, __: Sequence[int]) -> BasePruner:
    """Hyperband with two brackets."""
    return Hyperband(first)


def build_median(first: int, _: Objective, __: Sequence[int]) -> BasePruner:
    """The median rule, from epoch `first` on."""
    return optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS, n_warmup_steps=first)


def build_percentile(first: int, _: Objective, __: Sequence[int]) -> BasePruner:
    """The percentile rule, from epoch `first` on."""
    return optuna.pruners.PercentilePruner(
        TOP_PERCENT, n_startup_trials=STARTUP_TRIALS, n_warmup_steps=first
    )


def build_none(_: int, __: Objective, ___: Sequence[int]) -> BasePruner:
    """No pruning."""
    return optuna.pruners.NopPruner()


class Halving(SuccessiveHalvingPruner):
    """Optuna's halving, but a trial within one standard error of the last that passes goes on.

    Half a point of accuracy on 5,000 images hardly tells two trials apart. Without `class_sizes`
    (the validation images of each class) scores count as exact.
    """

    def __init__(self, first: int, objective: Objective, class_sizes: Sequence[int]) -> None:
        super().__init__(min_resource=first, reduction_factor=REDUCTION_FACTOR)
        self._objective, self._class_sizes = objective, class_sizes

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """True if the trial came to its rung and is clearly not among the best there."""
        is_pruned = super().prune(study, trial)
        if not is_pruned or not self._class_sizes or trial.last_step is None:
            return is_pruned
        objective = self._objective
        score = trial.intermediate_values[trial.last_step]
        others = study.get_trials(deepcopy=False)
        at_rung = [t.system_attrs.get(FIRST_RUNG_SCORE) for t in others if t.number != trial.number]
        scores = sorted([s for s in at_rung if s is not None] + [score], reverse=objective.maximize)
        last_to_pass = scores[max(0, len(scores) // REDUCTION_FACTOR - 1)]
        error = objective.error(last_to_pass, self._class_sizes)
        bound = last_to_pass - error if objective.maximize else last_to_pass + error
        return objective.is_better(bound, score)


class Hyperband(BasePruner):
    """Optuna's Hyperband with two brackets: one judges at epoch `first`, one at the end only.

    The bracket of a trial follows from the trial's number alone. In Optuna it follows from the
    study's name too, so that two studies of one seed would differ. The pruner is wrapped, because
    Optuna shows a sampler beside its own Hyperband the trials of one bracket only, too few to learn
    from.
    """

    def __init__(self, first: int) -> None:
        self._inner = NamelessHyperband(
            min_resource=first,
            max_resource=REDUCTION_FACTOR * first,  # not the horizon, which may give one bracket
            reduction_factor=REDUCTION_FACTOR,
        )

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """True if halving within the trial's bracket prunes it."""
        return self._inner.prune(study, trial)


def passes_first_look(score: float, others: Sequence[float], objective: Objective) -> bool:
    """True if `score` is in the better 1 / LOOK_FACTOR of all first looks, its own included.

    No trial passes before STARTUP_TRIALS others had their first look.
    """
    if len(others) < STARTUP_TRIALS or not math.isfinite(score):
        return False
    n_passing = (len(others) + 1) // LOOK_FACTOR
    return sum(objective.is_better(other, score) for other in others) < n_passing
