"""Parameters as Optuna's distributions, and drawing the values of a trial from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from autocnn.space.parameters import Categorical, Fixed, Float, Int, Parameter, Value
from autocnn.space.space import SearchSpace


def to_distribution(parameter: Int | Float | Categorical) -> BaseDistribution:
    """Optuna's distribution over the values of `parameter`."""
    if isinstance(parameter, Categorical):
        return CategoricalDistribution(parameter.choices)
    if isinstance(parameter, Int):
        low, step = parameter.low, parameter.step
        high = parameter.high - (parameter.high - low) % step  # on the grid, or Optuna warns
        return IntDistribution(low, high, step=step, log=parameter.log)
    end = parameter.high
    if parameter.step is not None:
        end = parameter.value_at(int(parameter.n_values()) - 1)
    return FloatDistribution(parameter.low, end, step=parameter.step, log=parameter.log)


def draw_values(trial: optuna.Trial, space: SearchSpace) -> dict[str, Value]:
    """A value for each parameter that is active, drawn with the study's sampler.

    A value that is on record already, or that is enqueued, is returned and not drawn. Optuna writes
    each value to the record as it is drawn.
    """
    values: dict[str, Value] = {}
    for name, parameter in space.parameters.items():
        if space.is_active(name, values):
            values[name] = _draw(trial, name, parameter)
    return values


def _draw(trial: optuna.Trial, name: str, parameter: Parameter) -> Value:
    if isinstance(parameter, Fixed):
        return parameter.value
    return parameter.canonical(suggest(trial, name, to_distribution(parameter)))


def point_of(params: Mapping[str, Any], space: SearchSpace) -> dict[str, Value] | None:
    """The point of `space` that Optuna's `params` are, in its one notation.

    None if an active parameter has no value, or one outside its range.
    """
    values: dict[str, Value] = {}
    for name, parameter in space.parameters.items():
        if not space.is_active(name, values):
            continue
        value: Any = parameter.value if isinstance(parameter, Fixed) else params.get(name)
        if not parameter.contains(value):
            return None
        values[name] = parameter.canonical(value)
    return values


def why_refused(
    given: Mapping[str, Any], drawn: Mapping[str, BaseDistribution], space: SearchSpace
) -> str | None:
    """Why the values that another program gave a trial are no part of a point; None if they are.

    `given` may lack parameters, which are drawn then. `drawn` has the distributions of the values
    that are on record as drawn already.
    """
    for name, value in given.items():
        parameter = space.parameters.get(name)
        if parameter is None:
            return f"the space has no parameter {name}"
        if not parameter.contains(value):
            return f"{name} = {value!r} is outside the space"
        if name in drawn and (
            isinstance(parameter, Fixed) or drawn[name] != to_distribution(parameter)
        ):
            return f"{name} was drawn from another range than the space's"
    known = {n: p.value for n, p in space.parameters.items() if isinstance(p, Fixed)}
    known |= space.canonical(given)
    for name in given:
        for other, rule in space.parameters[name].when.items():
            if other in known and not rule.holds(known[other]):
                return f"{name} is not active if {other} = {known[other]!r}"
    return None


def suggest(trial: optuna.Trial, name: str, distribution: BaseDistribution) -> Value:
    """The value of `name` in `trial`, drawn from `distribution` unless it was drawn before."""
    if isinstance(distribution, IntDistribution):
        return trial.suggest_int(
            name, distribution.low, distribution.high, step=distribution.step, log=distribution.log
        )
    if isinstance(distribution, FloatDistribution):
        return trial.suggest_float(
            name, distribution.low, distribution.high, step=distribution.step, log=distribution.log
        )
    assert isinstance(distribution, CategoricalDistribution)
    value: Value = trial.suggest_categorical(name, distribution.choices)  # type: ignore[assignment]
    return value
