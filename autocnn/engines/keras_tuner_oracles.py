"""Keras Tuner's oracles: search spaces as `HyperParameters`, and no files, prints or lost seeds.

This is the one module that uses Keras Tuner, and the names of it that are not public.
pyproject.toml bounds Keras Tuner below its next minor version.
tests/engines/test_keras_tuner_oracles.py fails, with what to do, once a name has gone.

| name of Keras Tuner | why it is needed |
|---|---|
| `src.engine.conditions.Parent` | a condition, for parameters that depend on several others |
| `HyperParameters._conditions` | `conditional_scope` allows one parent, without a condition |
| `Oracle._save_trial` | writes a file for each trial: replaced by nothing |
| `Oracle._random_values` | draws at random: repeated here until a draw is feasible |
| `Oracle._tried_so_far`, `_compute_values_hash` | the points that a random draw leaves out |
| `Oracle._seed_state`, `BayesianOptimizationOracle._random_state` | set before each draw |
| `HyperbandOracle._brackets` | which trials may still be promoted |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import keras_tuner
import numpy as np
from keras_tuner import oracles
from threadpoolctl import threadpool_limits

from autocnn.engines.builders import find_builder
from autocnn.engines.protocol import EngineSetup
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

METRIC = "score"
FACTOR = 3  # of Hyperband: one in so many goes on, Keras Tuner's default
INITIAL_POINTS = 10  # random ones before the Gaussian process; the default of 3 a dimension is 100
NO_FAILURE_LIMIT = 10**9  # Keras Tuner would end a search after three failures in a row
MAX_DRAWS = 1000  # infeasible ones in a row before the space counts as exhausted
OWN = "tuner/"  # the prefix of the values in which Hyperband states epochs and parents

Encoded = dict[str, Any]  # values as Keras Tuner writes them, Hyperband's own among them

# The entries of the table `autocnn.records.choices.TUNERS`: class and arguments of each oracle.
HYPERBAND = (oracles.HyperbandOracle, {"factor": FACTOR, "hyperband_iterations": None})
BAYESIAN = (
    oracles.BayesianOptimizationOracle,
    {"max_trials": None, "num_initial_points": INITIAL_POINTS},
)
RANDOM = (oracles.RandomSearchOracle, {"max_trials": None})
GRID: tuple[Any, dict[str, Any]] = (oracles.GridSearchOracle, {})


class _InMemory:
    """Mixed into an oracle's class: no files, a seed for each draw, and feasible draws only."""

    study_seed: int
    is_feasible: Callable[[Encoded], bool]
    _tried_so_far: set[str]
    recorded: Encoded | None = None  # the values of the next trial, while a record is replayed

    def save(self) -> None:
        """Write no file: the study's record holds everything."""

    def _save_trial(self, trial: Any) -> None:
        """Write no file: the study's record holds everything."""

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """The oracle's next values, drawn with a seed that follows from the number of trials."""
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

        Once every point has been drawn, Hyperband draws them again: a bracket that is not full
        promotes no trial, and a duplicate costs nothing.
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
    setup: EngineSetup, space: SearchSpace, is_feasible: Callable[[Encoded], bool]
) -> Any:
    """The oracle over `space` of the tuner that `setup` names, in its objective's direction."""
    tuner, seed = setup.proposer, setup.seed
    kind, options = find_builder(TUNERS, tuner)
    if tuner == "hyperband":
        options = {**options, "max_epochs": setup.horizon}
    oracle = type("InMemoryOracle", (_InMemory, kind), {})(
        objective=keras_tuner.Objective(METRIC, "max" if setup.objective.maximize else "min"),
        hyperparameters=declare(space, is_grid=tuner == "grid"),
        allow_new_entries=False,
        seed=derive_seed(seed, "oracle") or 1,  # Keras Tuner takes 0 for no seed
        max_consecutive_failed_trials=NO_FAILURE_LIMIT,
        **options,
    )
    oracle.study_seed, oracle.is_feasible = seed, is_feasible
    oracle.verbose = 0
    return oracle


def unpromoted(oracle: Any) -> set[str]:
    """The names of the trials that Hyperband may still promote; none for other oracles."""
    names: set[str] = set()
    for bracket in getattr(oracle, "_brackets", ()):
        for entered, promoted in pairwise(bracket["rounds"]):
            gone_on = {entry["past_id"] for entry in promoted}
            names |= {entry["id"] for entry in entered} - gone_on
    return names


def declare(space: SearchSpace, *, is_grid: bool) -> Any:
    """The space as `keras_tuner.HyperParameters`: choices by their index, conditions as lists."""
    hp = keras_tuner.HyperParameters()
    for name, parameter in space.parameters.items():
        hp._conditions = _conditions(space, name, is_grid)  # noqa: SLF001  see the table above
        _declare(hp, name, parameter, is_grid)
    hp._conditions = []  # noqa: SLF001  see the table above
    return hp


def _conditions(space: SearchSpace, name: str, is_grid: bool) -> list[Any]:
    """The conditions of parameter `name`, and of every parameter that it depends on."""
    from keras_tuner.src.engine.conditions import Parent  # if it has gone, a test names it

    found: list[Any] = []
    for other, rule in space.parameters[name].when.items():
        parent = space.parameters[other]
        values = [_encode(parent, v, is_grid) for v in parent.all_values() if rule.holds(v)]
        # If no value holds, the parameter is never active. Keras Tuner refuses an empty list.
        found += [*_conditions(space, other, is_grid), Parent(other, values or [-1])]
    return [condition for i, condition in enumerate(found) if condition not in found[:i]]


def decode(space: SearchSpace, encoded: Mapping[str, Any], *, is_grid: bool) -> dict[str, Value]:
    """The space's values for values of Keras Tuner; of active parameters only."""
    values: dict[str, Value] = {}
    for name, parameter in space.parameters.items():
        if name in encoded and space.is_active(name, values):
            at = encoded[name]
            listed = _is_listed(parameter, is_grid)
            value = parameter.all_values()[int(at)] if listed else _within(parameter, at)
            values[name] = parameter.canonical(value)
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
    """True if Keras Tuner is given the index of a value: for everything but plain ranges."""
    if isinstance(parameter, Int) and parameter.n_values() > 1:
        return is_grid  # a grid would visit only ten values of a logarithmic range
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
