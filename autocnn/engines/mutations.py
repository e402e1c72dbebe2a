"""Mutations: a point of a space with a few of its values changed to others."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from autocnn.space.parameters import Categorical, Float, Int, Value, same
from autocnn.space.space import SearchSpace

STEP = 0.15  # the standard deviation of a change of a number, of the parameter's range


def mutate(
    space: SearchSpace, parent: Mapping[str, Value], n_changes: int, rng: np.random.Generator
) -> dict[str, Value]:
    """The point `parent` with other values for `n_changes` of its parameters.

    A parameter that becomes active by a change is drawn at random. Fewer parameters change if fewer
    have other values, or if a change makes the parameter of another one inactive.
    """
    free = [name for name, p in space.varying() if name in parent and p.n_values() > 1]
    drawn = rng.choice(len(free), min(len(free), n_changes), replace=False)
    changed = {free[int(i)] for i in drawn}
    child: dict[str, Value] = {}
    for name, parameter in space.parameters.items():
        if not space.is_active(name, child):
            continue
        if name not in parent:
            child[name] = parameter.sample(rng)
        elif name in changed and isinstance(parameter, Int | Float | Categorical):
            child[name] = other_value(parameter, parent[name], rng)
        else:
            child[name] = parent[name]
    return child


def other_value(
    parameter: Int | Float | Categorical, value: Value, rng: np.random.Generator
) -> Value:
    """Another value of `parameter`: of choices any, of numbers one near `value`.

    A number moves by a normal step of STEP times the range (of its logarithm if `log`). It is
    reflected into the range, and rounded to a value of it. `parameter` has two values or more.
    """
    if isinstance(parameter, Categorical):
        others = [choice for choice in parameter.choices if not same(choice, value)]
        return others[int(rng.integers(len(others)))]
    step = rng.normal(0.0, STEP)
    share = reflect(_share(parameter, float(value)) + step)
    if math.isinf(parameter.n_values()):
        return min(max(_at_share(parameter, share), parameter.low), parameter.high)
    last = int(parameter.n_values()) - 1
    old, new = (_place(parameter, v) for v in (float(value), _at_share(parameter, share)))
    if new == old:
        new = old + (1 if step > 0 else -1)
        new = 2 * old - new if not 0 <= new <= last else new
    return parameter.value_at(new)


def reflect(share: float) -> float:
    """`share`, mirrored at 0 and at 1 until it is between them."""
    share = abs(share) % 2
    return 2 - share if share > 1 else share


def _share(parameter: Int | Float, value: float) -> float:
    """Where `value` is in the range, from 0 to 1."""
    low, high = _ends(parameter)
    if parameter.log:
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)


def _at_share(parameter: Int | Float, share: float) -> float:
    low, high = _ends(parameter)
    if parameter.log:
        return low * math.exp(share * math.log(high / low))
    return low + share * (high - low)


def _ends(parameter: Int | Float) -> tuple[float, float]:
    """The first and the last value; a range with a step may end before its `high`."""
    if math.isinf(parameter.n_values()):
        return parameter.low, parameter.high
    return parameter.low, parameter.value_at(int(parameter.n_values()) - 1)


def _place(parameter: Int | Float, value: float) -> int:
    """The place of the value of a finite range that is nearest to `value`, from 0."""
    step = 1 if parameter.step is None else parameter.step
    return round((value - parameter.low) / step)
