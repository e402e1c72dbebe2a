"""Mutations change what they are asked to change, and to nothing outside the space."""

from __future__ import annotations

import math
import statistics
from collections import Counter

import numpy as np
import pytest

from autocnn.engines.mutations import STEP, mutate, other_value, reflect
from autocnn.space.parameters import Categorical, Fixed, Float, Int, OneOf
from autocnn.space.space import SearchSpace

SPACE = SearchSpace(
    name="test",
    parameters={
        "optimizer": Categorical(choices=("sgd", "momentum")),
        "momentum": Float(low=0.8, high=0.98, when={"optimizer": OneOf(("momentum",))}),
        "shift": Int(low=0, high=3),
        "flip": Categorical(choices=(True,)),
        "batch_size": Fixed(value=32),
    },
)


def _others(parameter, value, n=400):
    rng = np.random.default_rng(0)
    return [other_value(parameter, value, rng) for _ in range(n)]


@pytest.mark.parametrize(
    ("share", "reflected"),
    [(0.25, 0.25), (-0.25, 0.25), (1.25, 0.75), (2.25, 0.25), (-1.25, 0.75), (1.0, 1.0)],
)
def test_a_share_is_mirrored_into_the_range(share, reflected):
    """At 0 and at 1, as often as needed."""
    assert reflect(share) == pytest.approx(reflected)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        (Int(low=0, high=1), 0),
        (Int(low=0, high=2), 2),
        (Int(low=16, high=130, step=16), 128),
        (Int(low=1, high=4, log=True), 1),
        (Int(low=32, high=512, log=True), 512),
        (Float(low=0.0, high=0.4, step=0.1), 0.3),
        (Float(low=0.0, high=0.55, step=0.2), 0.4),
        (Float(low=0.8, high=0.98), 0.98),
        (Float(low=1e-5, high=0.1, log=True), 1e-5),
        (Categorical(choices=(False, True)), False),
        (Categorical(choices=("a", "b", "c")), "b"),
    ],
)
def test_another_value_is_one_of_the_parameter_and_not_the_same(parameter, value):
    """At the ends of ranges too, and in canonical notation."""
    for other in _others(parameter, value):
        assert parameter.contains(other)
        assert other == parameter.canonical(other)
        assert type(other) is type(value)
        assert other != value


def test_other_choices_are_equally_likely():
    """Of three choices, each of the other two about 200 of 400 times."""
    counts = Counter(_others(Categorical(choices=("a", "b", "c")), "b"))
    assert set(counts) == {"a", "c"}
    assert abs(counts["a"] - 200) < 40


def test_a_number_moves_by_a_seventh_of_its_range():
    """The deviation of a step is 0.15 of the range, or of the range of the logarithm."""
    moves = [x - 50 for x in _others(Float(low=0.0, high=100.0), 50.0)]
    assert statistics.pstdev(moves) == pytest.approx(100 * STEP, rel=0.1)
    assert abs(statistics.mean(moves)) < 3
    ratios = [math.log10(x) for x in _others(Float(low=0.01, high=100.0, log=True), 1.0)]
    assert statistics.pstdev(ratios) == pytest.approx(4 * STEP, rel=0.1)


def test_a_short_range_moves_to_a_neighbour_on_either_side():
    """A step that rounds to nothing goes to the next value in its direction."""
    counts = Counter(_others(Int(low=0, high=4), 2))
    assert counts[1] > 140
    assert counts[3] > 140
    assert counts[0] + counts[4] < 60


def test_the_number_of_changes_is_kept():
    """Optimizer and shift have other values; flip and batch_size have none."""
    parent = {"optimizer": "sgd", "shift": 1, "flip": True}
    for seed in range(30):
        rng = np.random.default_rng(seed)
        one, two = (mutate(SPACE, parent, n, rng) for n in (1, 9))
        assert sum(one[name] != value for name, value in parent.items()) == 1
        assert two["optimizer"] == "momentum"
        assert two["shift"] != 1
        for child in (one, two):
            SPACE.check_point(child)


def test_what_becomes_active_is_random_and_what_does_not_has_no_value():
    """Momentum comes with its optimizer, anywhere in its range, and goes with it."""
    sgd, momentum = {"optimizer": "sgd"}, {"optimizer": "momentum", "momentum": 0.9}
    only = SearchSpace(name="o", parameters={n: SPACE.parameters[n] for n in momentum})
    drawn = [mutate(only, sgd, 1, np.random.default_rng(s))["momentum"] for s in range(200)]
    assert statistics.mean(drawn) == pytest.approx(0.89, abs=0.01)
    assert max(drawn) - min(drawn) > 0.16
    children = [mutate(only, momentum, 1, np.random.default_rng(s)) for s in range(50)]
    assert {"momentum" in child for child in children} == {True, False}
    assert momentum not in children


def test_a_point_without_other_values_has_itself_as_child():
    """A space that varies nothing has one point."""
    one = SearchSpace(name="one", parameters={"flip": Fixed(value=True)})
    assert mutate(one, {}, 2, np.random.default_rng(0)) == {"flip": True}
