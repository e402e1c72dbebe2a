"""Parameters as Optuna's distributions, and drawing the values of a trial from them."""

from __future__ import annotations

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from autocnn.space.parameters import Categorical, Fixed, Float, Int, Parameter, Value, same
from autocnn.space.space import SearchSpace


def to_distribution(parameter: Int | Float | Categorical) -> BaseDistribution:
    """Optuna's distribution over the values of `parameter`."""
    if isinstance(parameter, Categorical):
        return CategoricalDistribution(parameter.choices)
    if isinstance(parameter, Int):
        low, step = parameter.low, parameter.step
        high = parameter.high - (parameter.high - low) % step  # on the grid, or Optuna warns
        return IntDistribution(low, high, step=step, log=parameter.log)
    end = parameter.high if parameter.step is None else float(parameter.all_values()[-1])
    return FloatDistribution(parameter.low, end, step=parameter.step, log=parameter.log)


def draw_values(trial: optuna.Trial, space: SearchSpace) -> dict[str, Value]:
    """A value for each parameter that is active, drawn with the study's sampler.

    A value that is on record already, or that a recipe fixes, is returned and not drawn. Optuna
    writes each value to the record as it is drawn.
    """
    values: dict[str, Value] = {}
    for name, parameter in space.parameters.items():
        if space.is_active(name, values):
            values[name] = _draw(trial, name, parameter)
    return values


def _draw(trial: optuna.Trial, name: str, parameter: Parameter) -> Value:
    if isinstance(parameter, Fixed):
        return parameter.value
    value = suggest(trial, name, to_distribution(parameter))
    if isinstance(parameter, Categorical):  # Optuna takes 1 and True for one choice
        return next(choice for choice in parameter.choices if same(choice, value))
    return value


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
