"""Segments of values, and whether conditions can hold."""

from __future__ import annotations

import pytest

from autocnn.space.parameters import Between, Categorical, Fixed, Float, Int, OneOf
from autocnn.space.segments import can_hold, segments

STEPPED = Float(low=0.0, high=0.4, step=0.1)


@pytest.mark.parametrize(
    ("parameter", "rules", "expected"),
    [
        (Int(low=1, high=9), [], [(1, 9)]),
        (Int(low=1, high=9), [Between(low=4)], [(1, 3), (4, 6)]),
        (Int(low=1, high=9), [Between(high=4), OneOf((7,))], [(1, 4), (5, 2), (7, 1), (8, 2)]),
        (STEPPED, [OneOf((0.3,))], [(0.0, 3), (0.3, 1), (0.4, 1)]),
        (STEPPED, [OneOf(("x", True, 0.25))], [(0.0, 3), (0.3, 1), (0.4, 1)]),
        (Int(low=0, high=10**18), [Between(low=7)], [(0, 7), (7, 10**18 - 6)]),
        (Categorical(choices=("a", 1)), [OneOf((1,))], [("a", 1), (1, 1)]),
        (Categorical(choices=(1, 5, 2, 9)), [Between(low=3)], [(1, 2), (5, 2)]),
        (Categorical(choices=(1, 5, 2, 9)), [], [(1, 4)]),
        (Fixed(value=3), [Between(low=1)], [(3, 1)]),
    ],
)  # fmt: skip
def test_a_segment_begins_where_a_rule_may_change(parameter, rules, expected):
    """The first value and the number of values of each segment; no value is listed."""
    assert segments(parameter, rules) == expected


@pytest.mark.parametrize(
    ("parameter", "rules", "expected"),
    [
        (STEPPED, [OneOf((0.3,))], True),
        (STEPPED, [OneOf((0.35,))], False),
        (STEPPED, [Between(low=0.31, high=0.39)], False),  # between two steps
        (STEPPED, [Between(low=0.3), Between(high=0.3)], True),
        (STEPPED, [Between(low=0.3), Between(high=0.2)], False),
        (Int(low=0, high=8, step=4), [Between(low=1, high=3)], False),
        (Float(low=0.0, high=1.0), [Between(low=0.5)], True),
        (Float(low=0.0, high=1.0), [OneOf((0.5,))], False),  # hit by chance only
        (Float(low=0.0, high=1.0), [Between(low=1.0)], False),
        (Float(low=0.5, high=0.5), [OneOf((0.5,))], True),  # its only value
        (Categorical(choices=("a", "b")), [OneOf(("a",)), OneOf(("b",))], False),
        (Fixed(value=True), [OneOf((1,))], False),
    ],
)
def test_a_condition_that_no_value_satisfies_is_found(parameter, rules, expected):
    """Several rules must hold for one and the same value."""
    assert can_hold(parameter, rules) is expected
