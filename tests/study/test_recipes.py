"""The recipes of a study: points of its space, at widths that cost about the same."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from autocnn.data.dataset import TrainingImages
from autocnn.data.prepared import prepare_images
from autocnn.engines.recipes import NetworkSize, Recipe, TrainingSet
from autocnn.records.study_settings import StudySettings
from autocnn.space.cost import work_of
from autocnn.space.parameters import Fixed, Int
from autocnn.space.space import Limits, SearchSpace
from autocnn.space.toml import load_space
from autocnn.study import recipes
from autocnn.study.cost_model import CostModel

SPACE = SearchSpace(
    name="test",
    parameters={"blocks": Fixed(value=2), "filters": Int(low=4, high=8), "kernel": Fixed(value=3)},
)
SETTINGS = StudySettings(study="x")
SIZE = NetworkSize(filters=8)


@dataclass(frozen=True)
class _Entry:
    """An entry of a portfolio: its recipe at these widths."""

    name: str
    blocks: int
    widths: tuple[int, ...]
    asked: list = field(default_factory=list)

    def recipes(self, images, size):
        self.asked.append((images, size))
        return [
            Recipe(name=self.name, values={"blocks": self.blocks, "filters": width})
            for width in self.widths
        ]


@pytest.fixture
def use(monkeypatch):
    """A function that replaces the portfolio by these entries."""
    return lambda *entries: monkeypatch.setattr(recipes, "entries_for", lambda images: entries)


def test_only_recipes_that_are_points_of_the_space_are_taken(use, data):
    """Each other recipe is reported in one line."""
    one, two = _Entry("one", 2, (8,)), _Entry("two", 3, (8,))
    use(two, one)
    fitting, skipped = recipes.find_recipes(SETTINGS, SPACE, data, SIZE)
    assert fitting == [Recipe(name="one", values={"blocks": 2, "filters": 8})]
    assert skipped == ["recipe two is skipped: blocks = 3 is outside the space"]
    assert one.asked == [(TrainingSet(shape=(8, 8, 1), n=54), SIZE)]


def test_no_recipes_are_used_if_they_are_switched_off(use, data):
    """The option `--no-recipes` gives an empty list."""
    entry = _Entry("one", 2, (8,))
    use(entry)
    settings = StudySettings(study="x", recipes=False)
    assert recipes.find_recipes(settings, SPACE, data, SIZE) == ([], [])
    assert entry.asked == []


def test_a_width_that_the_space_lacks_gives_way_to_a_narrower_one(use, data):
    """The space has 4 to 8 filters."""
    use(_Entry("one", 2, (12, 8, 4)))
    fitting, skipped = recipes.find_recipes(SETTINGS, SPACE, data, SIZE)
    assert ([r.values["filters"] for r in fitting], skipped) == ([8], [])


def test_a_width_above_the_limits_gives_way_to_a_narrower_one(use, data):
    """The limit is the number of parameters of the network with 4 filters."""
    use(_Entry("one", 2, (8, 4)))
    config = SPACE.config({"blocks": 2, "filters": 4, "kernel": 3})
    limit = SPACE.network(config, (8, 8, 1), data.n_classes).parameters
    space = SearchSpace(name="test", parameters=SPACE.parameters, limits=Limits(parameters=limit))
    fitting, _ = recipes.find_recipes(SETTINGS, space, data, SIZE)
    assert [r.values["filters"] for r in fitting] == [4]


def test_a_recipe_above_every_limit_is_skipped(use, data):
    """The line says which limit its widest network breaks."""
    use(_Entry("one", 2, (8, 4)))
    space = SearchSpace(name="test", parameters=SPACE.parameters, limits=Limits(macs=1))
    fitting, (line,) = recipes.find_recipes(SETTINGS, space, data, SIZE)
    assert fitting == []
    assert line.startswith("recipe one is skipped: ")
    assert line.endswith("macs are above the limit of 1")


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (90, 120, 3)])
def test_no_recipe_costs_much_more_than_the_first(shape):
    """1.3 times as much at most, unless the narrowest network that recipes have costs more."""
    pixels = np.random.default_rng(0).integers(0, 256, (60, *shape), dtype=np.uint8)
    labels = np.arange(60, dtype=np.int64) % 2
    data = prepare_images("x", ("a", "b"), TrainingImages(images=pixels, labels=labels))
    space = load_space("cnn").fitted(shape, data.train.n)

    def seconds(recipe):
        config = space.config(recipe.point_in(space))
        network = space.network(config, shape, 2)
        return CostModel().image_seconds(work_of(config, network, shape, data.train.n))

    size = NetworkSize(filters=48, batch_size=32)
    fitting, skipped = recipes.find_recipes(SETTINGS, space, data, size)
    assert skipped == []
    first, *others = fitting
    assert first.values["filters"] == 64
    for recipe in others:
        assert seconds(recipe) <= 1.3 * seconds(first) or recipe.values["filters"] == 8
    pairs = next(recipe for recipe in others if recipe.name == "pairs")
    assert pairs.values["filters"] < 48  # pairs of convolutions cost more than single ones
