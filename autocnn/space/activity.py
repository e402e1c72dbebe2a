"""The parameters that are active at every point of a space, and those at some points only."""

from __future__ import annotations

import math

from autocnn.space.parameters import Categorical, Condition, Fixed, Float, Int, Parameter
from autocnn.space.segments import segments
from autocnn.space.space import SearchSpace


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
    """By parameter: True if it is always active, False if never, None if at some points only."""
    activity: dict[str, bool | None] = {}
    for name, parameter in space.parameters.items():
        rules = [
            _holds(space.parameters[other], activity[other], rule)
            for other, rule in parameter.when.items()
        ]
        activity[name] = False if False in rules else None if None in rules else True
    return activity


def _holds(other: Parameter, is_active: bool | None, rule: Condition) -> bool | None:
    """True if `rule` holds at every value of `other`, False if at none, None if at some."""
    if is_active is False:
        return False
    if math.isinf(other.n_values()):
        return None
    held = {rule.holds(value) for value, _ in segments(other, [rule])}
    if held == {False}:
        return False
    return True if held == {True} and is_active else None
