"""Drawing values in Optuna's words, and which parameters of a space are conditional."""

from __future__ import annotations

import math

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from autocnn.space.parameters import Categorical, Condition, Fixed, Float, Int, Parameter, Value
from autocnn.space.space import SearchSpace


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


def steady_parameters(space: SearchSpace) -> dict[str, Int | Float | Categorical]:
    """The parameters that vary and are active at every point, in drawing order."""
    activity = _activity(space)
    return {
        name: parameter
        for name, parameter in space.parameters.items()
        if not isinstance(parameter, Fixed) and activity[name] is True and parameter.n_values() > 1
    }


def conditional_parameters(space: SearchSpace) -> list[str]:
    """The varying parameters that are active at some points only.

    A condition that holds everywhere, such as one on a fixed value, makes no parameter conditional.
    """
    activity = _activity(space)
    return [name for name, _ in space.varying() if activity[name] is None]


def _activity(space: SearchSpace) -> dict[str, bool | None]:
    """Per parameter: True where it is always active, False where never, None where it depends."""
    activity: dict[str, bool | None] = {}
    for name, parameter in space.parameters.items():
        rules = [
            _holds(space.parameters[other], activity[other], rule)
            for other, rule in parameter.when.items()
        ]
        activity[name] = False if False in rules else None if None in rules else True
    return activity


def _holds(other: Parameter, is_active: bool | None, rule: Condition) -> bool | None:
    """Whether `rule` holds at every value of `other`, at none (False), or at some (None)."""
    if is_active is False:
        return False
    if math.isinf(other.n_values()):
        return None
    held = {rule.holds(value) for value in other.all_values()}
    if held == {False}:
        return False
    return True if held == {True} and is_active else None
