"""A whole search in virtual CPU seconds, over a recorded pool.

The first stage proposes until its share of the time is spent. Each later one trains the best of the
stage before it, the best first, as long as a training fits. The winner is the best by validation of
the last stage that has a trial. The refit is assumed to equal the winner's own training until its
best epoch. If the refit has a longer horizon, it is the recorded run of that horizon, at its last
epoch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from replay_policies import PRUNERS, Known, Policy, propose, rung_of
from replay_surrogate import Run, SearchedPool

FEWEST_EPOCHS = 1.5  # that must fit before a trial is begun, as study/budget.py


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one search came to."""

    held: float  # accuracy of the winner on the held-out part
    val: float  # that it was chosen by; NaN if the refit has another horizon
    n_trials: int  # of the first stage
    n_pruned: int
    n_promoted: int  # of the later stages
    spent: float  # CPU seconds, without the refit


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One search: the pool, the time, the seed."""

    pool: SearchedPool
    budget: float  # CPU seconds of search and refit
    seed: int
    n_validation: int
    shuffle: bool = True  # the order of the recipes is drawn, the same for every policy


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial with a score."""

    entry: int
    run: Run
    epochs: int  # that were trained

    @property
    def score(self) -> float:
        """The best validation accuracy so far."""
        return float(self.run.val[: self.epochs].max())


@dataclass(slots=True)
class _Search:
    policy: Policy
    task: Task
    left: float  # seconds of search time
    known: Known
    at_rung: list[float] = field(default_factory=list)
    n_trials: int = 0
    n_pruned: int = 0

    def first_stage(self, until: float) -> list[Trial]:
        """Propose and train until `until` seconds are left; the trials that can win."""
        stage, done = self.policy.stages[0], list[Trial]()
        while self.left > until:
            entry = propose(self.policy, self.known)
            if entry is None:
                break
            run = self.task.pool.entries[entry].run(stage.horizon, self.task.seed)
            if self.left < FEWEST_EPOCHS * run.cpu[0]:
                break
            trial, goes_on = self._train(entry, run, bool(done))
            if trial is not None:
                self.known.scored.append((entry, trial.score))
                if goes_on:
                    done.append(trial)
        return done

    def _train(self, entry: int, run: Run, has_winner: bool) -> tuple[Trial | None, bool]:
        """Train a proposal: the trial, None without a score; and True if it was not pruned."""
        self.n_trials += 1
        n = int(np.searchsorted(run.cpu, self.left, side="right"))
        rung = rung_of(len(run.val), self.policy.first_rung)
        if run.failed or n == 0:
            self.left -= min(self.left, run.seconds)
            return None, False
        trial = Trial(entry, run, min(n, len(run.val)))
        if n >= rung < len(run.val):
            at_rung = float(run.val[:rung].max())
            rule = PRUNERS[self.policy.pruner]
            is_poor = rule(self.at_rung, at_rung, self.task.n_validation)
            self.at_rung.append(at_rung)
            if is_poor and has_winner:
                self.n_pruned += 1
                self.left -= float(run.cpu[rung - 1])
                return Trial(entry, run, rung), False
        self.left -= min(self.left, run.seconds)
        return trial, True

    def later_stage(self, horizon: int, before: Sequence[Trial], until: float) -> list[Trial]:
        """Train the best of `before` with this horizon, those that fit."""
        done: list[Trial] = []
        for trial in sorted(before, key=lambda t: -t.score):
            run = self.task.pool.entries[trial.entry].run(horizon, self.task.seed)
            if self.left <= until:
                break
            if run.seconds > self.left:
                continue
            self.left -= run.seconds
            if not run.failed:
                done.append(Trial(trial.entry, run, len(run.val)))
        return done


def search(policy: Policy, task: Task) -> Outcome | None:
    """Play one search; None if no trial has a score."""
    pool, rng = task.pool, np.random.default_rng([task.seed, 1])
    recipes = list(pool.recipes)
    if task.shuffle:
        np.random.default_rng([task.seed, 0]).shuffle(recipes)
    total = task.budget - pool.typical_seconds(policy.refit_horizon)
    known = Known(pool, rng, recipes, np.zeros(len(pool.entries), dtype=bool))
    playing = _Search(policy, task, total, known)
    until = total * (1 - policy.stages[0].share)
    done = playing.first_stage(until)
    last, n_promoted, horizon = done, 0, policy.stages[0].horizon
    for stage in policy.stages[1:]:
        until = max(0.0, until - total * stage.share)
        promoted = playing.later_stage(stage.horizon, last, until)
        if not promoted:
            break
        last, horizon, n_promoted = promoted, stage.horizon, n_promoted + len(promoted)
    if not last:
        return None
    winner = max(last, key=lambda t: (t.score, -float(t.run.loss[: t.epochs].min())))
    return Outcome(
        held=_held(winner, horizon, policy, task),
        val=winner.score if horizon == policy.refit_horizon else math.nan,
        n_trials=playing.n_trials,
        n_pruned=playing.n_pruned,
        n_promoted=n_promoted,
        spent=total - playing.left,
    )


def _held(winner: Trial, horizon: int, policy: Policy, task: Task) -> float:
    if horizon == policy.refit_horizon:
        last = winner.epochs - 1
        return float(winner.run.held[winner.run.best(last + 1) if policy.best_epoch else last])
    longer = task.pool.entries[winner.entry].run(policy.refit_horizon, task.seed)
    return float(longer.held[-1])
