"""A parameter in Optuna's words."""

from __future__ import annotations

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from autocnn.space.parameters import Categorical, Float, Int


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
