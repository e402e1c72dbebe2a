"""The probe: sizes that a space has, the network that is measured."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from autocnn.engines.recipes import NetworkSize
from autocnn.space.parameters import Categorical, Fixed, Int
from autocnn.space.space import SearchSpace
from autocnn.study import probe

SPACE = SearchSpace(
    name="test",
    parameters={"blocks": Fixed(value=2), "filters": Int(low=4, high=8), "kernel": Fixed(value=3)},
)


def _start(space: SearchSpace, batch_size: int | None = None) -> probe.Start:
    settings: Any = SimpleNamespace(batch_size=batch_size)
    unused: Any = None
    return probe.Start(settings=settings, space=space, data=unused, executor=unused)


def test_a_size_is_one_that_the_space_has():
    """The nearest width and batch; a space without such a parameter has all of them."""
    assert probe.in_space(_start(SPACE), NetworkSize(filters=64, batch_size=32)) == NetworkSize(
        filters=8, batch_size=32
    )
    space = SearchSpace(
        name="test",
        parameters={"filters": Categorical(choices=(16, 48)), "batch_size": Fixed(value=64)},
    )
    assert probe.in_space(_start(space), NetworkSize(filters=24, batch_size=16)) == NetworkSize(
        filters=16, batch_size=64
    )


def test_a_batch_that_is_given_is_the_only_one():
    """Also one that no recipe would have."""
    start = _start(SPACE.with_batch(300), 300)
    assert probe.batches_of(start) == (300,)
    assert probe.in_space(start, NetworkSize(filters=4, batch_size=16)).batch_size == 300


def test_values_of_a_space_that_has_none_of_them_do_not_count():
    """A width of 5 is no width of a recipe: the recipes are none of its points in any case."""
    space = SearchSpace(name="test", parameters={"filters": Fixed(value=5)})
    assert probe.values_of(space, "filters", (8, 16)) == (8, 16)
