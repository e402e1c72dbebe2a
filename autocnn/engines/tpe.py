"""TPE, the tree-structured Parzen estimator, over trials that are ranked within their rung."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import optuna
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from autocnn.engines.replayed_samplers import Draw, InMemorySampler, with_values
from autocnn.engines.rungs import rank_in_rung
from autocnn.records.own_trials import INFEASIBLE
from autocnn.space.seeds import derive_seed

_SEEN = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
GOOD = 25  # the most trials that Optuna's TPE takes for good ones, of 241 or more
HISTORY = 300  # trials with a place that TPE is given at most; as many infeasible, as many running


def tpe(draw: Draw) -> BaseSampler:
    """TPE over trials that are ranked within their rung, docs/decisions/0039.

    Optuna's takes any complete trial for better than any pruned one. Here the score of a trial is
    its place among all, and all are complete. Trials that run, and infeasible draws, count as poor
    ones: Optuna does so with running trials (its constant liar). Failed trials are left out. Of a
    long history TPE is given the good trials and a sample of the others, docs/decisions/0059.
    """
    trials = [trial for trial in draw.earlier() if trial.state in _SEEN]
    scored = [trial for trial in trials if _has_ended(trial)]
    places = rank_in_rung(scored, draw.objective)
    sign = -1 if draw.objective.maximize else 1
    values = {t.number: float(sign * at) for t, at in zip(scored, places, strict=True)}
    best = {t.number for t, at in zip(scored, places, strict=True) if at < GOOD}
    known = [
        with_values(trial, (values[trial.number],) if trial.number in values else None)
        for trial in bounded(trials, best, derive_seed(draw.study_seed, draw.number, "history"))
    ]
    return InMemorySampler(make_tpe(draw.seed), known, [draw.objective.direction])


def bounded(trials: Sequence[FrozenTrial], best: set[int], seed: int) -> list[FrozenTrial]:
    """The trials that TPE learns from, in their order: all of them if there are few.

    Those whose number is in `best` stay. Of the others with a score a sample stays, so that HISTORY
    have a score, and of the infeasible draws as large a share, HISTORY at most. Of the running ones
    HISTORY stay at most, too. `seed` draws the samples.
    """
    others = [i for i, t in enumerate(trials) if _has_ended(t) and t.number not in best]
    barred = [i for i, t in enumerate(trials) if INFEASIBLE in t.user_attrs]
    room = max(0, HISTORY - len(best))
    share = min(1.0, room / len(others)) if others else 1.0
    rng = np.random.default_rng(seed)
    dropped = _dropped(others, room, rng)
    dropped |= _dropped(barred, min(HISTORY, round(share * len(barred))), rng)
    neither = set(others) | set(barred) | {i for i, t in enumerate(trials) if t.number in best}
    running = [i for i in range(len(trials)) if i not in neither]
    dropped |= _dropped(running, HISTORY, rng)
    return [trial for i, trial in enumerate(trials) if i not in dropped]


def _dropped(places: Sequence[int], n_kept: int, rng: np.random.Generator) -> set[int]:
    """All of `places` but a sample of `n_kept`."""
    n_dropped = max(0, len(places) - n_kept)
    return set(rng.permutation(places)[:n_dropped].tolist()) if n_dropped else set()


def make_tpe(seed: int) -> TPESampler:
    """Optuna's TPE over all parameters jointly, from the first trial that it knows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return TPESampler(n_startup_trials=1, group=True, multivariate=True, seed=seed)


def _has_ended(trial: FrozenTrial) -> bool:
    """True for a trial that is over and is no infeasible draw."""
    return trial.state is not TrialState.RUNNING and INFEASIBLE not in trial.user_attrs
