"""The values of a parameter in segments, and whether conditions can hold: no range is listed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from autocnn.space.parameters import (
    Between,
    Categorical,
    Condition,
    Fixed,
    Float,
    Int,
    OneOf,
    Parameter,
    Value,
    is_number,
)


def segments(parameter: Parameter, rules: Sequence[Condition]) -> list[tuple[Value, int]]:
    """The first value and the number of values of each segment of a finite parameter.

    Each rule holds for all values of a segment, or for none. Choices for which the same rules hold
    are one segment, wherever they stand.
    """
    if isinstance(parameter, Categorical | Fixed):
        alike: dict[tuple[bool, ...], list[Value]] = {}
        for value in parameter.all_values():
            alike.setdefault(tuple(rule.holds(value) for rule in rules), []).append(value)
        return [(values[0], len(values)) for values in alike.values()]
    n = int(parameter.n_values())
    cuts = {0, n}
    for rule in rules:
        cuts |= {place for place in _cuts(parameter, rule, n) if 0 < place < n}
    places = sorted(cuts)
    return [(parameter.value_at(first), end - first) for first, end in pairwise(places)]


def can_hold(parameter: Parameter, rules: Sequence[Condition]) -> bool:
    """True if some value of `parameter` satisfies all `rules`.

    A continuous range can satisfy bounds with room between them, but never hits one number.
    """
    if not math.isinf(parameter.n_values()):
        return any(
            all(rule.holds(value) for rule in rules) for value, _ in segments(parameter, rules)
        )
    assert isinstance(parameter, Float)
    bounds = [rule for rule in rules if isinstance(rule, Between)]
    low = max([parameter.low, *(rule.low for rule in bounds)])
    high = min([parameter.high, *(rule.high for rule in bounds)])
    return len(bounds) == len(rules) and low < high


def _cuts(parameter: Int | Float, rule: Condition, n: int) -> list[int]:
    """The places at which `rule` may begin or cease to hold."""
    if isinstance(rule, Between):
        begin = _first(n, lambda place: parameter.value_at(place) >= rule.low)
        return [begin, _first(n, lambda place: parameter.value_at(place) > rule.high)]
    assert isinstance(rule, OneOf)
    cuts = list[int]()
    for value in rule.values:
        if is_number(value):
            at = _first(n, lambda place, value=value: parameter.value_at(place) >= value)  # type: ignore[misc]
            cuts += [at, at + 1]
    return cuts


def _first(n: int, holds: Callable[[int], bool]) -> int:
    """The first place below `n` for which `holds`, which stays true once it is; else `n`."""
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low
