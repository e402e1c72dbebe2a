"""What all engines share: the record that they read, and Optuna's pruner."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import optuna
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from autocnn.engines.protocol import FIRST_LOOK, Draft, EngineSetup
from autocnn.engines.pruners import build_pruner, passes_first_look
from autocnn.records.optuna_private import one_reading
from autocnn.records.own_trials import is_promoted, n_drawn_points
from autocnn.space.space import SearchSpace
from autocnn.trial import Wait

MAX_COUNTED_POINTS = 1000  # a larger space is never searched to its end, but by a grid


class BaseEngine(ABC):
    """An engine that reads all it needs from an Optuna study; a subclass proposes."""

    def __init__(self, study: optuna.Study, space: SearchSpace, setup: EngineSetup) -> None:
        self._study, self._space, self._setup = study, space, setup
        self._pruner = build_pruner(setup.pruner, setup.horizon, setup.objective, setup.class_sizes)
        self._n_points = space.n_points()

    @abstractmethod
    def propose(self, left: FrozenTrial | None = None) -> Draft | Wait | None:
        """The next trial, or `left` once more: see `Engine.propose`."""

    def learn(self, number: int, score: float | None) -> Mapping[str, Any]:
        """Nothing: a sampler of Optuna learns from the record."""
        return {}

    def should_prune(self, trial: FrozenTrial, epoch: int) -> bool:
        """True if the first look (epoch 0) or Optuna's pruner (later epochs) ends the trial.

        No trial is pruned while none is complete: the search could end without a network. A
        promoted trial is not pruned: its schedule is longer than that of the others. At an epoch up
        to which every network still guesses, the scores differ by chance alone, and none is pruned.
        """
        if is_promoted(trial):
            return False
        with one_reading(self._study):  # at most: a pruner before its first rung reads nothing
            if not self._is_poor(trial, epoch):  # asked in any case: it writes the rungs
                return False
            trials = self._study.get_trials(deepcopy=False)
        if not any(other.state is OptunaState.COMPLETE for other in trials):
            return False
        return epoch == FIRST_LOOK or not self._all_guess([*trials, trial], epoch)

    def _all_guess(self, trials: list[FrozenTrial], epoch: int) -> bool:
        """True if no trial had a score up to `epoch` that is clearly better than a guess."""
        objective, sizes = self._setup.objective, self._setup.class_sizes
        reported = (trial.intermediate_values.items() for trial in trials)
        scores = (score for each in reported for at, score in each if at <= epoch)
        return bool(sizes) and all(objective.is_guess(score, sizes) for score in scores)

    def _is_poor(self, trial: FrozenTrial, epoch: int) -> bool:
        if epoch != FIRST_LOOK:
            return self._pruner.prune(self._study, trial)
        trials = self._study.get_trials(deepcopy=False)
        reported = [t.intermediate_values for t in trials if t.number != trial.number]
        others = [scores[FIRST_LOOK] for scores in reported if FIRST_LOOK in scores]
        score = trial.intermediate_values[FIRST_LOOK]
        return not passes_first_look(score, others, self._setup.objective)

    def continuable(self) -> frozenset[int]:
        """The trials that are running on record, those of an interrupted run included."""
        return frozenset(trial.number for trial in self._in_state(OptunaState.RUNNING))

    def _in_state(self, state: OptunaState) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=[state])

    def _is_exhausted(self, *, is_grid: bool = False) -> bool:
        """True once every point of a small space has been drawn, or of any space in a grid."""
        if self._n_points > MAX_COUNTED_POINTS and not is_grid:
            return False
        return n_drawn_points(self._study, self._space) >= self._n_points
