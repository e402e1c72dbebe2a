"""The probe: the recipes that a space has, their sizes, and the network that is measured."""

from __future__ import annotations

import pytest

from autocnn.engines.recipes import NetworkSize, Recipe, TrainingSet
from autocnn.records.study_settings import StudySettings
from autocnn.space.parameters import Categorical, Fixed, Int
from autocnn.space.space import SearchSpace
from autocnn.study import probe

SPACE = SearchSpace(
    name="test",
    parameters={"blocks": Fixed(value=2), "filters": Int(low=4, high=8), "kernel": Fixed(value=3)},
)
RECIPE = Recipe(name="one", values={"blocks": 2, "filters": 8})
FOREIGN = Recipe(name="two", values={"blocks": 3, "filters": 8})
IMAGES = TrainingSet(shape=(8, 8, 1), n=54)
SIZE = NetworkSize(filters=8)


@pytest.fixture
def asked(monkeypatch) -> list[tuple[TrainingSet, NetworkSize]]:
    """The arguments with which the recipes are asked for: one that fits SPACE, and one that not."""
    asked = []

    def give(images, size):
        asked.append((images, size))
        return [FOREIGN, RECIPE]

    monkeypatch.setattr(probe, "recipes_for", give)
    return asked


def test_only_recipes_that_are_points_of_the_space_are_taken(asked):
    """Each other recipe is reported in one line."""
    fitting, skipped = probe.find_recipes(StudySettings(study="x"), SPACE, IMAGES, SIZE)
    assert fitting == [RECIPE]
    assert [line.partition(":")[0] for line in skipped] == ["recipe two is skipped"]
    assert asked == [(IMAGES, SIZE)]


def test_no_recipes_are_used_if_they_are_switched_off(asked):
    """The option `--no-recipes` gives an empty list."""
    settings = StudySettings(study="x", recipes=False)
    assert probe.find_recipes(settings, SPACE, IMAGES, SIZE) == ([], [])
    assert asked == []


def test_a_size_is_one_that_the_space_has():
    """The nearest width and batch; a space without such a parameter has all of them."""
    assert probe.in_space(SPACE, NetworkSize(filters=64, batch_size=32)) == NetworkSize(
        filters=8, batch_size=32
    )
    space = SearchSpace(
        name="test",
        parameters={"filters": Categorical(choices=(16, 48)), "batch_size": Fixed(value=64)},
    )
    assert probe.in_space(space, NetworkSize(filters=24, batch_size=16)) == NetworkSize(
        filters=16, batch_size=64
    )


def test_values_of_a_space_that_has_none_of_them_do_not_count():
    """A width of 5 is no width of a recipe: the recipes are none of its points in any case."""
    space = SearchSpace(name="test", parameters={"filters": Fixed(value=5)})
    assert probe.values_of(space, "filters", (8, 16)) == (8, 16)
