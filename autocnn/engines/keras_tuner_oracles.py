"""Keras Tuner's oracles: our search spaces in their words, and no files, prints or lost seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras_tuner
import numpy as np
from keras_tuner import oracles
from keras_tuner.src.engine.conditions import Parent
from threadpoolctl import threadpool_limits

from autocnn.engines.builders import find_builder
from autocnn.records.choices import TUNERS
from autocnn.space.parameters import (
    Categorical,
    Fixed,
    Float,
    Int,
    Parameter,
    Value,
    is_number,
    same,
)
from autocnn.space.seeds import derive_seed
from autocnn.space.space import SearchSpace

METRIC = "val_accuracy"
FACTOR = 3  # of Hyperband: one in so many goes on, Keras Tuner's default
INITIAL_POINTS = 10  # random ones before the Gaussian process; the default of 3 a dimension is 100
NO_FAILURE_LIMIT = 10**9  # Keras Tuner would end a search after three failures in a row
MAX_DRAWS = 1000  # infeasible ones in a row before the space counts as exhausted
OWN = "tuner/"  # the prefix of the values by which Hyperband speaks of epochs

Encoded = dict[str, Any]  # values in Keras Tuner's words, Hyperband's own among them

# The entries of the table `autocnn.records.choices.TUNERS`: class and arguments of each oracle.
HYPERBAND = (oracles.HyperbandOracle, {"factor": FACTOR, "hyperband_iterations": None})
BAYESIAN = (
    oracles.BayesianOptimizationOracle,
    {"max_trials": None, "num_initial_points": INITIAL_POINTS},
)
RANDOM = (oracles.RandomSearchOracle, {"max_trials": None})
GRID: tuple[Any, dict[str, Any]] = (oracles.GridSearchOracle, {})


class _InMemory:
    """Stands before an oracle's class: keeps it off the disk, repeatable, and within the limits."""

    study_seed: int
    is_feasible: Callable[[Encoded], bool]
    _tried_so_far: set[str]
    recorded: Encoded | None = None  # what the next trial was, where a record is replayed

    def save(self) -> None:
        """Nothing: the study's record is the only one."""

    def _save_trial(self, trial: Any) -> None:
        """Nothing, likewise."""

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """The oracle's next values; drawn from a seed of this trial's own."""
        if self.recorded is not None:
            return {"status": "RUNNING", "values": self.recorded}
        seed = derive_seed(self.study_seed, len(self.trials), "sample")  # type: ignore[attr-defined]
        self._seed_state = seed
        self._random_state = np.random.RandomState(seed)  # the Bayesian oracle's
        with threadpool_limits(1):  # the Gaussian process is too small for more to help
            values: dict[str, Any] = super().populate_space(trial_id)  # type: ignore[misc]
        return values

    def _random_values(self) -> Encoded | None:
        """Random values that can have a network: an infeasible draw takes no place in a bracket.

        Where every point has been drawn, Hyperband draws them again: a bracket that is not full
        promotes nobody, and a duplicate costs nothing.
        """
        values = self._untried_values()
        if values is None and hasattr(self, "_brackets"):
            self._tried_so_far.clear()
            values = self._untried_values()
        return values

    def _untried_values(self) -> Encoded | None:
        for _ in range(MAX_DRAWS):
            values: Encoded | None = super()._random_values()  # type: ignore[misc]
            if values is None or self.is_feasible(values):
                return values
            self._tried_so_far.add(self._compute_values_hash(values))  # type: ignore[attr-defined]
        return None


def build_oracle(
    tuner: str, space: SearchSpace, seed: int, horizon: int, is_feasible: Callable[[Encoded], bool]
) -> Any:
    """The oracle of this tuner over `space`, maximising the score."""
    kind, options = find_builder(TUNERS, tuner)
    if tuner == "hyperband":
        options = {**options, "max_epochs": horizon}
    oracle = type("InMemoryOracle", (_InMemory, kind), {})(
        objective=keras_tuner.Objective(METRIC, "max"),
        hyperparameters=declare(space, is_grid=tuner == "grid"),
        allow_new_entries=False,
        seed=derive_seed(seed, "oracle") or 1,  # Keras Tuner takes 0 for no seed
        max_consecutive_failed_trials=NO_FAILURE_LIMIT,
        **options,
    )
    oracle.study_seed, oracle.is_feasible = seed, is_feasible
    oracle.verbose = 0
    return oracle


def declare(space: SearchSpace, *, is_grid: bool) -> Any:
    """The space as Keras Tuner's `HyperParameters`: choices by their index, conditions listed."""
    hp = keras_tuner.HyperParameters()
    for name, parameter in space.parameters.items():
        # `conditional_scope` knows no parent that has a condition of its own, nor two parents.
        hp._conditions = _conditions(space, name, is_grid)
        _declare(hp, name, parameter, is_grid)
    hp._conditions = []
    return hp


def _conditions(space: SearchSpace, name: str, is_grid: bool) -> list[Any]:
    """Those of parameter `name`, and of everything that it hangs on."""
    found: list[Any] = []
    for other, rule in space.parameters[name].when.items():
        parent = space.parameters[other]
        values = [_encode(parent, v, is_grid) for v in parent.all_values() if rule.holds(v)]
        # No value holds: never active. Keras Tuner takes no empty list.
        found += [*_conditions(space, other, is_grid), Parent(other, values or [-1])]
    return [condition for i, condition in enumerate(found) if condition not in found[:i]]


def decode(space: SearchSpace, encoded: Mapping[str, Any], *, is_grid: bool) -> dict[str, Value]:
    """The values that Keras Tuner's stand for; active parameters only."""
    values: dict[str, Value] = {}
    for name, parameter in space.parameters.items():
        if name in encoded and space.is_active(name, values):
            at = encoded[name]
            listed = _is_listed(parameter, is_grid)
            values[name] = parameter.all_values()[int(at)] if listed else _within(parameter, at)
    return values


def _within(parameter: Parameter, value: Any) -> Any:
    """`value`, but not above the range: Keras Tuner's logarithmic integers end one too high."""
    if isinstance(parameter, Int | Float):
        return min(max(value, parameter.low), parameter.high)
    return value


def encode(space: SearchSpace, values: Mapping[str, Value], *, is_grid: bool) -> Encoded:
    """The inverse of `decode`."""
    return {n: _encode(space.parameters[n], value, is_grid) for n, value in values.items()}


def _is_listed(parameter: Parameter, is_grid: bool) -> bool:
    """True where Keras Tuner is given the index of a value: everything but plain ranges."""
    if isinstance(parameter, Int) and parameter.n_values() > 1:
        return is_grid  # which would visit only ten values of a logarithmic range
    return parameter.n_values() < float("inf")


def _declare(hp: Any, name: str, parameter: Parameter, is_grid: bool) -> None:
    if isinstance(parameter, Fixed):
        hp.Fixed(name, 0)
    elif _is_listed(parameter, is_grid):
        values = parameter.all_values()
        ordered = not isinstance(parameter, Categorical) or all(is_number(v) for v in values)
        hp.Choice(name, list(range(len(values))), ordered=ordered)
    elif isinstance(parameter, Int):
        step = None if parameter.log else parameter.step
        high = parameter.high - (parameter.high - parameter.low) % parameter.step
        hp.Int(name, parameter.low, high, step=step, sampling=_sampling(parameter.log))
    elif not isinstance(parameter, Categorical):
        hp.Float(name, parameter.low, parameter.high, sampling=_sampling(parameter.log))


def _sampling(log: bool) -> str:
    return "log" if log else "linear"


def _encode(parameter: Parameter, value: Value, is_grid: bool) -> Any:
    if not _is_listed(parameter, is_grid):
        return value
    at: int = next(i for i, v in enumerate(parameter.all_values()) if same(v, value))
    return at
