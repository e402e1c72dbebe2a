"""Keras Tuner's oracles as an engine; the study's Optuna record holds all that they need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from autocnn.engines.base import BaseEngine
from autocnn.engines.independent import IndependentSampler, SeededRandomSampler
from autocnn.engines.keras_tuner_oracles import (
    METRIC,
    OWN,
    build_oracle,
    decode,
    encode,
    unpromoted,
)
from autocnn.engines.protocol import Draft, EngineSetup
from autocnn.errors import Infeasible, StudyError
from autocnn.records.optuna_private import enqueued_values, one_trial
from autocnn.space.parameters import Value
from autocnn.space.seeds import derive_seed
from autocnn.space.space import SearchSpace
from autocnn.trial import Wait

# The notes of a trial. `at` is the number of calls that the oracle had received before.
DRAWN = "oracle"  # {"at", "id", "values"}: what the oracle drew, as Keras Tuner writes it
REPORTED = "oracle_told"  # {"at", "score"}: what was reported to the oracle


class KerasTunerEngine(BaseEngine):
    """Proposes with an oracle of Keras Tuner and prunes with a pruner of Optuna.

    The oracle lives in memory. It is built again from the notes on record by the same calls in the
    same order, so a study goes on as if it had never been interrupted.
    """

    def __init__(self, study: optuna.Study, space: SearchSpace, setup: EngineSetup) -> None:
        super().__init__(study, space, setup)
        self._is_grid = setup.proposer == "grid"
        self._oracle = build_oracle(setup, space, self._is_feasible)
        self._clock = 0  # calls that the oracle has received
        self._replay()

    def propose(self, left: FrozenTrial | None = None) -> Draft | Wait | None:
        """The oracle's next trial, or a recipe that waits; `left` with the values on record.

        A crash may have come between the creation of a trial and the notes: such a trial has no
        values yet, and takes the oracle's next ones.
        """
        if left is not None and not _is_undrawn(left):
            return self._draft(_drawn(left.user_attrs), {})
        if left is None and self._in_state(OptunaState.WAITING):
            return self._draft({}, {})  # a recipe, or another enqueued trial
        if self._setup.proposer == "bayesian" and self._is_exhausted():
            return None  # the oracle would repeat points without end
        drawn = self._oracle.create_trial(f"asked {self._clock}")
        if drawn.status == "IDLE":
            return Wait()
        if drawn.status == "STOPPED":
            return None
        values = dict(drawn.hyperparameters.values)
        return self._draft(
            values, {DRAWN: {"at": self._tick(), "id": drawn.trial_id, "values": values}}
        )

    def _draft(self, encoded: Mapping[str, Any], notes: Mapping[str, Any]) -> Draft:
        last, parent = encoded.get(f"{OWN}epochs"), encoded.get(f"{OWN}trial_id")
        return Draft(
            source=_Given(
                decode(self._space, encoded, is_grid=self._is_grid), self._setup.seed, self._space
            ),
            first_epoch=encoded.get(f"{OWN}initial_epoch", 0),
            last_epoch=self._setup.horizon if last is None else last,
            parent=parent and self._numbers()[parent],
            notes=notes,
        )

    def learn(self, number: int, score: float | None) -> Mapping[str, Any]:
        """Report to the oracle; a trial without a score counts as a guess.

        A trial that Keras Tuner calls failed leaves a hole in a bracket, which then never ends,
        and gives nothing to the Gaussian process.
        """
        trial = one_trial(self._study, number)
        known = self._score_of_a_failure() if score is None else score
        reported = {"at": self._tick(), "score": known}
        self._report_to_oracle(trial, known)
        return {REPORTED: reported}

    def _score_of_a_failure(self) -> float:
        """The score of guessing; if a loss is minimised, none better than the worst one so far."""
        objective, trials = self._setup.objective, self._study.get_trials(deepcopy=False)
        guess = objective.guess([1] * self._setup.n_classes)
        if objective.maximize:
            return guess
        notes = (trial.user_attrs.get(REPORTED) for trial in trials)
        return max([guess, *(float(note["score"]) for note in notes if note is not None)])

    def continuable(self) -> frozenset[int]:
        """The running trials and their parents, and those that Hyperband may still promote."""
        names = unpromoted(self._oracle)
        # A running trial needs its parent's checkpoint until it has ended.
        running = self._in_state(OptunaState.RUNNING)
        parents = (_drawn(trial.user_attrs).get(f"{OWN}trial_id") for trial in running)
        names |= {name for name in parents if name is not None}
        numbers = self._numbers() if names else {}
        return super().continuable() | {numbers[name] for name in names}

    def _numbers(self) -> dict[str, int]:
        """The number of each trial that the oracle drew, by the oracle's name for it."""
        trials = self._study.get_trials(deepcopy=False)
        drawn = [trial for trial in trials if DRAWN in trial.user_attrs]
        return {trial.user_attrs[DRAWN]["id"]: trial.number for trial in drawn}

    # --- the oracle ---

    def _report_to_oracle(self, trial: FrozenTrial, score: float) -> None:
        if DRAWN in trial.user_attrs:
            drawn = self._oracle.trials[trial.user_attrs[DRAWN]["id"]]
        elif self._is_grid:
            return  # a grid would go on from the recipe's point
        else:
            drawn = self._add_recipe(trial.params)
        self._oracle.update_trial(drawn.trial_id, {METRIC: score})
        drawn.status = "COMPLETED"
        self._oracle.end_trial(drawn)

    def _add_recipe(self, params: Mapping[str, Value]) -> Any:
        """Add a trial that the oracle did not draw."""
        values = encode(self._space, self._space.canonical(params), is_grid=self._is_grid)
        recorded, self._oracle.recorded = self._oracle.recorded, values
        added = self._oracle.create_trial(f"recipe {self._clock}")
        self._oracle.recorded = recorded
        return added

    def _replay(self) -> None:
        """Repeat the calls to the oracle that the notes on record hold, in their order."""
        calls = []
        for trial in self._study.get_trials(deepcopy=False):
            if DRAWN in trial.user_attrs:
                calls.append((trial.user_attrs[DRAWN]["at"], self._draw_again, trial))
            if REPORTED in trial.user_attrs and trial.state.is_finished():
                calls.append((trial.user_attrs[REPORTED]["at"], self._report_again, trial))
        for at, repeat, trial in sorted(calls, key=lambda call: call[0]):
            self._clock = at
            repeat(trial)
            self._clock = at + 1

    def _draw_again(self, trial: FrozenTrial) -> None:
        recorded = trial.user_attrs[DRAWN]
        if self._setup.proposer in ("bayesian", "random"):
            self._oracle.recorded = recorded["values"]  # these keep nothing but the values
        drawn = self._oracle.create_trial(f"asked {self._clock}")
        self._oracle.recorded = None
        if (drawn.trial_id, drawn.hyperparameters.values) != (recorded["id"], recorded["values"]):
            version = metadata.version("keras-tuner")
            raise StudyError(
                f"study {self._study.study_name}: Keras Tuner {version} draws another trial "
                f"{trial.number} than the record holds; go on with the version that the study was "
                "made with, or start another study"
            )

    def _report_again(self, trial: FrozenTrial) -> None:
        self._report_to_oracle(trial, trial.user_attrs[REPORTED]["score"])

    def _is_feasible(self, encoded: Mapping[str, Any]) -> bool:
        try:
            config = self._space.config(decode(self._space, encoded, is_grid=self._is_grid))
            self._space.network(config, self._setup.image_shape, self._setup.n_classes)
        except Infeasible:
            return False
        return True

    def _tick(self) -> int:
        self._clock += 1
        return self._clock - 1


@dataclass(frozen=True, slots=True)
class _Given(IndependentSampler):
    """A sampler of values that are known already, so that they enter the record as any others.

    The values that an enqueued trial lacks are drawn at random.
    """

    values: Mapping[str, Value]
    study_seed: int
    space: SearchSpace

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """The known value; without one a random value."""
        if param_name in self.values:
            return self.values[param_name]
        sampler = SeededRandomSampler(derive_seed(self.study_seed, trial.number, "sample"))
        value = sampler.sample_independent(study, trial, param_name, param_distribution)
        return self.space.canonical({param_name: value})[param_name]


def _drawn(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """What the oracle drew for the trial with these user attributes; nothing for a recipe."""
    return dict(attrs[DRAWN]["values"]) if DRAWN in attrs else {}


def _is_undrawn(trial: FrozenTrial) -> bool:
    return DRAWN not in trial.user_attrs and enqueued_values(trial) is None
