"""Keras Tuner's oracles as an engine; every trial is mirrored into the study's Optuna record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from itertools import pairwise
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from autocnn.engines.base import RecordedEngine
from autocnn.engines.independent import OneByOne
from autocnn.engines.keras_tuner_oracles import METRIC, OWN, build_oracle, decode, encode
from autocnn.engines.protocol import EngineSetup
from autocnn.errors import Infeasible, StudyError
from autocnn.records.optuna_record import continued_trial
from autocnn.space.parameters import Value
from autocnn.space.space import SearchSpace
from autocnn.trial import Wait

# User attributes of a trial. `at` counts what the oracle was asked and told before.
ASKED = "oracle"  # {"at", "id", "values"}: what the oracle drew, in its own words
TOLD = "oracle_told"  # {"at", "score"}


class KerasTunerEngine(RecordedEngine):
    """Proposes with an oracle of Keras Tuner and prunes with an Optuna pruner.

    The oracle lives in memory. It is rebuilt from the record by asking and telling it again in
    the same order, so a study goes on as if it had never been interrupted.
    """

    def __init__(self, study: optuna.Study, space: SearchSpace, setup: EngineSetup) -> None:
        super().__init__(study, space, setup)
        # A crash may have come between Optuna's number for a trial and the oracle's words for it.
        self._undrawn = [trial for trial in self._to_continue if _is_undrawn(trial.user_attrs)]
        self._to_continue = [t for t in self._to_continue if not _is_undrawn(t.user_attrs)]
        self._is_grid = setup.proposer == "grid"
        self._oracle = build_oracle(
            setup.proposer, space, setup.seed, setup.horizon, self._is_feasible
        )
        self._clock = 0
        self._number: dict[str, int] = {}  # of the trial, by the oracle's name for it
        self._replay()

    def continuable(self) -> frozenset[int]:
        """Those left running, and those of Hyperband's open brackets that were not promoted yet."""
        names = set()
        for bracket in getattr(self._oracle, "_brackets", ()):
            for entered, promoted in pairwise(bracket["rounds"]):
                gone_on = {entry["past_id"] for entry in promoted}
                names |= {entry["id"] for entry in entered} - gone_on
        # A trial that goes on just now needs its parent's checkpoint until it has ended.
        states = [OptunaState.RUNNING]
        running = self._study.get_trials(deepcopy=False, states=states)
        parents = (_asked(trial.user_attrs).get(f"{OWN}trial_id") for trial in running)
        names |= {name for name in parents if name is not None}
        return super().continuable() | {self._number[name] for name in names}

    def _draw(self) -> optuna.Trial | Wait | None:
        if self._study.get_trials(deepcopy=False, states=[OptunaState.WAITING]):
            return self._study.ask()  # a recipe
        if self._setup.proposer == "bayesian" and self._is_exhausted():
            return None  # its oracle would go on for ever
        drawn = self._oracle.create_trial(f"asked {self._clock}")
        if drawn.status == "IDLE":
            return Wait()
        if drawn.status == "STOPPED":
            return None
        values = dict(drawn.hyperparameters.values)
        undrawn, study = self._undrawn, self._study
        trial = continued_trial(study, undrawn.pop(0)) if undrawn else study.ask()
        trial.set_user_attr(ASKED, {"at": self._tick(), "id": drawn.trial_id, "values": values})
        self._number[drawn.trial_id] = trial.number
        return trial

    def _epochs(self, trial: optuna.Trial) -> tuple[int, int, int | None]:
        values = _asked(trial.user_attrs)
        first, last = values.get(f"{OWN}initial_epoch", 0), values.get(f"{OWN}epochs")
        parent = values.get(f"{OWN}trial_id")
        horizon = self._setup.horizon
        return first, horizon if last is None else last, parent and self._number[parent]

    def _propose(self, trial: optuna.Trial) -> Any:
        values = decode(self._space, _asked(trial.user_attrs), is_grid=self._is_grid)
        self._study.sampler = _Given(values)
        return super()._propose(trial)

    def _learn(self, trial: optuna.Trial, score: float | None) -> None:
        """Tell the oracle; a trial without a score is as good as guessing, for every tuner.

        A trial that Keras Tuner calls failed leaves a hole in a bracket, which then never ends,
        and says nothing to the Gaussian process.
        """
        known = 1 / self._setup.n_classes if score is None else score
        trial.set_user_attr(TOLD, {"at": self._tick(), "score": known})
        self._tell_oracle(trial.user_attrs, trial.params, known)

    def _tell_oracle(
        self, attrs: Mapping[str, Any], params: Mapping[str, Value], score: float
    ) -> None:
        if ASKED not in attrs:
            if not self._is_grid:  # which would go on from there
                self._add_recipe(params, score)
            return
        told = self._oracle.trials[attrs[ASKED]["id"]]
        self._oracle.update_trial(told.trial_id, {METRIC: score})
        told.status = "COMPLETED"
        self._oracle.end_trial(told)

    def _add_recipe(self, params: Mapping[str, Value], score: float) -> None:
        """Let the oracle know of a trial that it did not draw."""
        values = encode(self._space, params, is_grid=self._is_grid)
        recorded, self._oracle.recorded = self._oracle.recorded, values
        added = self._oracle.create_trial(f"recipe {self._clock}")
        self._oracle.recorded = recorded
        self._oracle.update_trial(added.trial_id, {METRIC: score})
        added.status = "COMPLETED"
        self._oracle.end_trial(added)

    def _replay(self) -> None:
        """Ask and tell the oracle again what the record says that it was asked and told."""
        events = []
        for trial in self._study.get_trials(deepcopy=False):
            if ASKED in trial.user_attrs:
                events.append((trial.user_attrs[ASKED]["at"], self._ask_again, trial))
            if TOLD in trial.user_attrs and trial.state.is_finished():
                events.append((trial.user_attrs[TOLD]["at"], self._tell_again, trial))
        for at, repeat, trial in sorted(events, key=lambda event: event[0]):
            self._clock = at
            repeat(trial)
            self._clock = at + 1

    def _ask_again(self, trial: FrozenTrial) -> None:
        asked = trial.user_attrs[ASKED]
        if self._setup.proposer in ("bayesian", "random"):
            self._oracle.recorded = asked["values"]  # nothing but the values is to be restored
        drawn = self._oracle.create_trial(f"asked {self._clock}")
        self._oracle.recorded = None
        if (drawn.trial_id, drawn.hyperparameters.values) != (asked["id"], asked["values"]):
            version = metadata.version("keras-tuner")
            raise StudyError(
                f"study {self._study.study_name}: Keras Tuner {version} draws another trial "
                f"{trial.number} than the record holds; go on with the version that the study was "
                "made with, or start another study"
            )
        self._number[drawn.trial_id] = trial.number

    def _tell_again(self, trial: FrozenTrial) -> None:
        self._tell_oracle(trial.user_attrs, trial.params, trial.user_attrs[TOLD]["score"])

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
class _Given(OneByOne):
    """Suggests values that are known already, so that they enter the record as any others do."""

    values: Mapping[str, Value]

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """The known value."""
        return self.values[param_name]


def _asked(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """What the oracle drew; nothing for a recipe."""
    return dict(attrs[ASKED]["values"]) if ASKED in attrs else {}


def _is_undrawn(attrs: Mapping[str, Any]) -> bool:
    return ASKED not in attrs and "recipe" not in attrs
