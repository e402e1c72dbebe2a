"""The dimensions of a space: membership, draws and counts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from autocnn.errors import SpaceError
from autocnn.space.parameters import Between, Categorical, Fixed, Float, Int, OneOf


@pytest.mark.parametrize(
    ("parameter", "inside", "outside"),
    [
        (Int(low=2, high=6), [2, 3, 6, 3.0], [1, 7, 3.5, "3", True, math.nan]),
        (Int(low=8, high=64, step=8), [8, 56, 64], [12, 72, 0]),
        (Float(low=0.0, high=0.5), [0.0, 0.3, 0.5, 0], [-0.1, 0.51, True, "0.3"]),
        (Float(low=0.0, high=0.4, step=0.1), [0.0, 0.1 + 0.2, 0.4], [0.15, 0.5]),
        (Categorical(choices=(0, 16, True)), [0, 16, 16.0, True], [1, False, "0"]),
        (Categorical(choices=("max", "none")), ["max"], ["min", 0]),
        (Fixed(value=1), [1], [True, 2, "1"]),
    ],
)
def test_a_parameter_contains_its_values_only(parameter, inside, outside):
    """Range, step and kind are checked; a boolean is no number."""
    assert [value for value in inside if not parameter.contains(value)] == []
    assert [value for value in outside if parameter.contains(value)] == []


@pytest.mark.parametrize(
    ("parameter", "values"),
    [
        (Int(low=2, high=4), (2, 3, 4)),
        (Int(low=1, high=6, step=2), (1, 3, 5)),
        (Int(low=3, high=3), (3,)),
        (Int(low=1, high=4, log=True), (1, 2, 3, 4)),
        (Float(low=0.0, high=1.0, step=0.25), (0.0, 0.25, 0.5, 0.75, 1.0)),
        (Float(low=0.0, high=0.6, step=0.25), (0.0, 0.25, 0.5)),
        (Float(low=0.5, high=0.5), (0.5,)),
        (Categorical(choices=("b", "a")), ("b", "a")),
        (Fixed(value="max"), ("max",)),
    ],
)
def test_a_finite_parameter_lists_and_counts_its_values(parameter, values):
    """Every value is listed once, in order, and is contained."""
    assert parameter.all_values() == values
    assert parameter.n_values() == len(values)
    assert all(parameter.contains(value) for value in values)


def test_a_step_that_binary_fractions_miss_still_reaches_the_end():
    """0.05 to 0.4 by 0.05 are eight values, though 8 x 0.05 is not 0.4 in floating point."""
    parameter = Float(low=0.05, high=0.4, step=0.05)
    assert parameter.n_values() == 8
    assert parameter.all_values() == pytest.approx([0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4])


@pytest.mark.parametrize(("high", "step", "n"), [(0.6, 0.1, 7), (0.3, 0.1, 4), (0.4, 0.05, 9)])
def test_rounding_never_lists_a_value_above_the_range(high, step, n):
    """6 x 0.1 is 0.6000000000000001: the last value is the range's end."""
    parameter = Float(low=0.0, high=high, step=step)
    values = parameter.all_values()
    assert (len(values), values[-1]) == (n, high)
    assert all(parameter.contains(value) for value in values)


def test_a_continuous_range_has_no_list():
    """A continuous range has infinitely many values."""
    parameter = Float(low=0.0, high=1.0)
    assert parameter.n_values() == math.inf
    with pytest.raises(SpaceError, match="continuous range"):
        parameter.all_values()


@pytest.mark.parametrize(
    "parameter",
    [
        Int(low=2, high=4),
        Int(low=1, high=6, step=2),
        Int(low=1, high=3, log=True),
        Float(low=0.0, high=0.6, step=0.1),
        Float(low=0.05, high=0.4, step=0.05),
        Categorical(choices=(False, True, "x")),
        Fixed(value=7),
    ],
)
def test_every_value_is_drawn_and_no_other(parameter):
    """200 draws give each of at most eight values, and no other value."""
    rng = np.random.default_rng(0)
    drawn = [parameter.sample(rng) for _ in range(200)]
    assert all(parameter.contains(value) for value in drawn)
    assert len({(type(v), round(v, 6) if isinstance(v, float) else v) for v in drawn}) == (
        parameter.n_values()
    )


@pytest.mark.parametrize(
    ("parameter", "middle"),
    [
        (Float(low=0.0, high=1.0), 0.5),
        (Float(low=1e-4, high=1.0, log=True), 1e-2),
        (Int(low=1, high=10_000, log=True), 100),
    ],
)
def test_draws_are_uniform_on_the_right_scale(parameter, middle):
    """Half of the draws are below the middle of the range, or of its logarithm."""
    rng = np.random.default_rng(0)
    below = sum(parameter.sample(rng) < middle for _ in range(2000))
    assert 900 < below < 1100


@pytest.mark.parametrize(
    ("cls", "arguments", "message"),
    [
        (Int, {"low": 3, "high": 2}, "low must not be above high, got low = 3, high = 2"),
        (Float, {"low": 1.0, "high": 0.5}, "low must not be above high"),
        (Int, {"low": 1, "high": 2, "step": 0}, "step must be > 0, got 0"),
        (Float, {"low": 0.0, "high": 1.0, "step": -0.1}, "step must be > 0, got -0.1"),
        (Float, {"low": 0.0, "high": 1.0, "step": math.nan}, "step must be > 0"),
        (Int, {"low": 0, "high": 2, "log": True}, "log = true needs low > 0, got 0"),
        (Float, {"low": 0.0, "high": 2.0, "log": True}, "log = true needs low > 0"),
        (Int, {"low": 1, "high": 8, "step": 2, "log": True}, "log = true and step"),
        (Float, {"low": 0.1, "high": 1.0, "step": 0.1, "log": True}, "log = true and step"),
        (Float, {"low": 0.0, "high": math.inf}, "low and high must be finite"),
        (Float, {"low": math.nan, "high": 1.0}, "low and high must be finite"),
        (Categorical, {"choices": ()}, "choices must name at least one value"),
        (Categorical, {"choices": (1, 2, 1)}, "choices must differ, got 1 twice"),
        (Categorical, {"choices": (*range(10_000), 9_999)}, "choices must differ, got 9999 twice"),
        (Categorical, {"choices": (1, True)}, "got True beside 1, which are one value on record"),
        (
            Float,
            {"low": 0.0, "high": 1.0, "step": 1e-9},
            "step = 1e-09 gives more than 10,000,000 values",
        ),
        (Float, {"low": 1e16, "high": 1e16 + 64, "step": 2.0}, "step = 2.0 is too small"),
    ],
)
def test_a_wrong_range_is_refused_when_it_is_made(cls, arguments, message):
    """A range without any value, or one that cannot be drawn, is no parameter."""
    with pytest.raises(SpaceError, match=message):
        cls(**arguments)


@pytest.mark.parametrize(
    ("condition", "yes", "no"),
    [
        (OneOf(("adam", "lion")), ["adam"], ["sgd", 1]),
        (OneOf((True,)), [True], [1, False]),
        (OneOf((1,)), [1, 1.0], [True, 2]),
        (Between(low=1), [1, 2.5], [0, True, "2"]),
        (Between(high=0.5), [0, 0.5], [0.6]),
        (Between(), [0, -1e9], ["x", False]),
    ],
)
def test_a_condition_holds_for_its_values_only(condition, yes, no):
    """Bounds are included; a boolean is no number."""
    assert [value for value in yes if not condition.holds(value)] == []
    assert [value for value in no if condition.holds(value)] == []
