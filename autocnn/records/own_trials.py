"""Which trials of a study autocnn made, and which of them have a point of its space.

Other programs may write into the same study of Optuna: they enqueue trials, or make their own.
"""

from __future__ import annotations

import optuna
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from autocnn.records.distributions import point_of
from autocnn.records.optuna_private import enqueued_values
from autocnn.space.space import SearchSpace

# User attributes of a trial
DRAWN = "autocnn"  # the mark of the trials that autocnn makes
ORIGIN = "origin"  # of a trial that autocnn enqueues: a recipe's, or that of a warm start
PROMOTED = "promoted"  # the promotion that it is, as plain values
PROPOSAL, INFEASIBLE, REFUSED = "proposal", "infeasible", "refused"
RESULT = "result"  # what became of it


def is_own(trial: FrozenTrial) -> bool:
    """True unless another program made `trial`; a waiting one may be enqueued by any."""
    attrs = trial.user_attrs
    if trial.state is OptunaState.WAITING or INFEASIBLE in attrs or REFUSED in attrs:
        return True
    if PROPOSAL in attrs:  # a trial that was copied from elsewhere has the number that it had
        proposal = attrs[PROPOSAL]
        return isinstance(proposal, dict) and proposal.get("number") == trial.number
    if trial.state.is_finished():
        return False
    return DRAWN in attrs or ORIGIN in attrs or enqueued_values(trial) is not None


def refuse(trial: optuna.Trial, reason: str) -> None:
    """Write the reason why the values that this trial was given are none of the space's."""
    trial.set_user_attr(REFUSED, reason)


def is_promoted(trial: FrozenTrial) -> bool:
    """True if `trial` has the configuration of an earlier one, with a longer schedule.

    Engines leave it out: nothing was drawn, and its scores are not to be compared with others.
    """
    return PROMOTED in trial.user_attrs


def has_point(trial: FrozenTrial) -> bool:
    """True if all values of `trial` have been drawn."""
    is_known = PROPOSAL in trial.user_attrs or INFEASIBLE in trial.user_attrs
    return is_known and not is_promoted(trial)


def was_drawn(trial: FrozenTrial) -> bool:
    """True if a sampler drew the values of `trial`, or draws them now; False if it is enqueued."""
    is_drawn = has_point(trial) or trial.state is OptunaState.RUNNING
    return is_drawn and not is_promoted(trial) and enqueued_values(trial) is None


def n_drawn_points(study: optuna.Study, space: SearchSpace) -> int:
    """The number of different points of `space` that were drawn, those without a network too."""
    drawn = [trial.params for trial in study.get_trials(deepcopy=False) if has_point(trial)]
    points = [point_of(params, space) for params in drawn]
    return len({tuple(point.items()) for point in points if point is not None})
