"""The number of points of a finite space: no point is listed."""

from __future__ import annotations

from collections.abc import Mapping

from autocnn.errors import SpaceError
from autocnn.space.parameters import Parameter, Value
from autocnn.space.segments import segments

MAX_PARTS = 10_000  # into which conditions may split a finite space
Known = tuple[tuple[str, Value], ...]  # the values that later conditions refer to, by their names


def count_points(parameters: Mapping[str, Parameter]) -> int:
    """The number of points, feasible or not, of finite parameters in drawing order.

    The points are counted in parts, in each of which the same later conditions hold. A value that
    no later condition refers to splits no part.
    Raises: SpaceError if there are more than MAX_PARTS parts.
    """
    parts: dict[Known, int] = {(): 1}
    names = list(parameters)
    for place, (name, parameter) in enumerate(parameters.items()):
        later = [parameters[other].when for other in names[place + 1 :]]
        referred = {other for when in later for other in when}
        pieces = segments(parameter, [when[name] for when in later if name in when])
        found: dict[Known, int] = {}
        for known, n in parts.items():
            for value, n_values in pieces if _is_active(parameter, dict(known)) else [(None, 1)]:
                more = known if value is None else (*known, (name, value))
                kept = tuple(pair for pair in more if pair[0] in referred)
                found[kept] = found.get(kept, 0) + n * n_values
            if len(found) > MAX_PARTS:
                raise SpaceError(
                    f"the conditions (when) split the space into more than {MAX_PARTS:,} parts; "
                    "take fewer conditions, or fewer values in them"
                )
        parts = found
    return sum(parts.values())


def _is_active(parameter: Parameter, values: Mapping[str, Value]) -> bool:
    return all(o in values and rule.holds(values[o]) for o, rule in parameter.when.items())
