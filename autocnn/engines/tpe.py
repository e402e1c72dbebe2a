"""TPE, the tree-structured Parzen estimator, over trials that are ranked within their rung."""

from __future__ import annotations

import warnings

import optuna
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from autocnn.engines.replayed_samplers import Draw, InMemorySampler, with_values
from autocnn.engines.rungs import rank_in_rung
from autocnn.records.own_trials import INFEASIBLE

_SEEN = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)


def tpe(draw: Draw) -> BaseSampler:
    """TPE over trials that are ranked within their rung, docs/decisions/0039.

    Optuna's takes any complete trial for better than any pruned one. Here the score of a trial is
    its place among all, and all are complete. Trials that run, and infeasible draws, count as poor
    ones: Optuna does so with running trials (its constant liar). Failed trials are left out.
    """
    trials = [trial for trial in draw.earlier() if trial.state in _SEEN]
    scored = [trial for trial in trials if _has_ended(trial)]
    places = rank_in_rung(scored, draw.objective)
    sign = -1 if draw.objective.maximize else 1
    values = {t.number: float(sign * at) for t, at in zip(scored, places, strict=True)}
    known = [
        with_values(trial, (values[trial.number],) if trial.number in values else None)
        for trial in trials
    ]
    return InMemorySampler(make_tpe(draw.seed), known, [draw.objective.direction])


def make_tpe(seed: int) -> TPESampler:
    """Optuna's TPE over all parameters jointly, from the first trial that it knows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return TPESampler(n_startup_trials=1, group=True, multivariate=True, seed=seed)


def _has_ended(trial: FrozenTrial) -> bool:
    """True for a trial that is over and is no infeasible draw."""
    return trial.state is not TrialState.RUNNING and INFEASIBLE not in trial.user_attrs
