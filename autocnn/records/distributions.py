"""A parameter in Optuna's words."""

from __future__ import annotations

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from autocnn.space.parameters import Categorical, Float, Int, Value


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
