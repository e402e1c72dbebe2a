"""The number of points of a finite space."""

from __future__ import annotations

import math
import time

import pytest

from autocnn.errors import SpaceError
from autocnn.space.parameters import Between, Categorical, Int, OneOf
from autocnn.space.points import count_points
from autocnn.space.space import SearchSpace


def switches(n):
    """`n` pairs: a switch, and a second one that there is while the first one is on."""
    first = {f"first {i}": Categorical(choices=(False, True)) for i in range(n)}
    second = {
        f"second {i}": Categorical(choices=(1, 2), when={f"first {i}": OneOf((True,))})
        for i in range(n)
    }
    return first, second


def test_many_parameters_are_counted_without_a_list_of_points():
    """Thirty parameters of five choices have 5 to the power of 30 points, at once."""
    begun = time.process_time()
    assert count_points({f"p{i}": Categorical(choices=(1, 2, 3, 4, 5)) for i in range(30)}) == 5**30
    assert time.process_time() - begun < 1.0


def test_conditions_that_split_the_space_too_far_are_refused():
    """13 switches that decide later are 8,192 parts, 14 are 16,384; each pair has three points."""
    first, second = switches(13)
    assert count_points(first | second) == 3**13
    first, second = switches(14)
    with pytest.raises(SpaceError, match="more than 10,000 parts"):
        count_points(first | second)


def test_what_no_later_parameter_needs_splits_nothing():
    """Pairs that stand together are two parts at any time, however many they are."""
    first, second = switches(40)
    both = {}
    for one, other in zip(first.items(), second.items(), strict=True):
        both.update((one, other))
    assert count_points(both) == 3**40


def test_a_condition_on_an_inactive_parameter_does_not_hold():
    """With a = 1: one point. With a = 2: b is 1 to 9, and c (2 values) where b is 8, 9."""
    parameters = {
        "a": Categorical(choices=(1, 2)),
        "b": Int(low=1, high=9, when={"a": OneOf((2,))}),
        "c": Categorical(choices=("x", "y"), when={"b": Between(low=8)}),
    }
    assert count_points(parameters) == 1 + 7 + 2 * 2


def test_more_points_than_a_float_can_hold_are_infinitely_many():
    """10 to the power of 400 points are no number that can be printed as a float."""
    parameters = {f"p{i}": Int(low=1, high=10**10) for i in range(40)}
    assert SearchSpace(name="wide", parameters=parameters).n_points() == math.inf
    assert SearchSpace(name="few", parameters={"a": Int(low=1, high=10**10)}).n_points() == 10**10
