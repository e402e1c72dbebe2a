"""Recipes: the rule that sizes them, the portfolio, and recipes that a space refuses."""

from __future__ import annotations

import pytest

from autocnn.engines.recipes import (
    Entry,
    NetworkSize,
    Recipe,
    TrainingSet,
    halvings,
    load_portfolio,
    nearest_width,
    rate_scale,
    recipes_for,
    rule,
    widths_for,
)
from autocnn.errors import SpaceError
from autocnn.space.expand import NAMES
from autocnn.space.parameters import Between, Categorical, Fixed, Float, Int
from autocnn.space.space import SearchSpace
from autocnn.space.toml import load_space

SHAPES = [
    (1, 1, 1),
    (1, 1000, 3),
    (4, 4, 1),
    (8, 8, 1),
    (28, 28, 1),
    (32, 32, 3),
    (32, 128, 3),
    (48, 64, 3),
    (96, 96, 3),
    (224, 224, 3),
]


@pytest.mark.parametrize("filters", [8, 64])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_recipe_is_a_feasible_point_of_the_space_cnn(shape, filters):
    """For any size of images there are six networks, within the limits of the space."""
    space = load_space("cnn").fitted(shape, 3000)
    recipes = recipes_for(TrainingSet(shape=shape, n=3000), NetworkSize(filters=filters))
    assert len(recipes) >= 6
    for recipe in recipes:
        assert set(recipe.values) <= set(NAMES)
        values = recipe.point_in(space)
        assert space.network(space.config(values), shape, 10).parameters > 0


def test_narrower_networks_come_after_the_recipe_itself():
    """Half as wide again as 24 filters, 36, is nearest to 32; the narrowest has 8."""
    entry = Entry(name="wide", width=1.5, values={"flip": True})
    images = TrainingSet(shape=(32, 32, 3), n=9000)
    found = entry.recipes(images, NetworkSize(filters=24, batch_size=64))
    assert [recipe.values["filters"] for recipe in found] == [32, 16, 8]
    assert {recipe.values["batch_size"] for recipe in found} == {64}
    assert all(recipe.name == "wide" and recipe.values["flip"] for recipe in found)


def test_the_entries_of_the_portfolio_have_names_and_differ():
    """Six to eleven entries; for no size two of them are the same network and training."""
    entries = load_portfolio()
    assert 6 <= len(entries) <= 11
    assert len({entry.name for entry in entries}) == len(entries)
    for side in (8, 28, 96):
        recipes = recipes_for(TrainingSet(shape=(side, side, 3), n=3000), NetworkSize(filters=24))
        points = [tuple(sorted((k, str(v)) for k, v in r.values.items())) for r in recipes]
        assert len(set(points)) == len(points)


def test_few_images_are_shifted_first():
    """Up to 5,000 images the second recipe moves them, and does not mirror them."""
    recipes = recipes_for(TrainingSet(shape=(48, 48, 1), n=5_000), NetworkSize())
    assert [recipe.name for recipe in recipes[:2]] == ["plain", "shifted"]
    moved = [(recipe.values["flip"], recipe.values["shift_fraction"]) for recipe in recipes[:2]]
    assert moved == [(False, 0.0), (False, 0.07)]


def test_many_images_are_mirrored_and_painted_over_second():
    """A square of 8 pixels is 28 % of 28; the first recipe has the images as they are."""
    images = TrainingSet(shape=(28, 28, 1), n=5_001)
    space = load_space("cnn").fitted(images.shape, images.n)
    first = recipes_for(images, NetworkSize())[:2]
    assert [recipe.name for recipe in first] == ["pairs_still", "cutout"]
    found = [space.config(recipe.point_in(space)).augmentation for recipe in first]
    assert [(each.flip, each.shift, each.cutout) for each in found] == [(False, 0, 0), (True, 0, 8)]


@pytest.mark.parametrize(("n", "width"), [(5_000, 64), (5_001, 96)])
def test_only_many_images_have_more_than_64_filters(n, width):
    """96 are half as wide again as 64."""
    entry, images = Entry(name="wide", width=1.5), TrainingSet(shape=(28, 28, 1), n=n)
    assert entry.recipes(images, NetworkSize(filters=64))[0].values["filters"] == width


@pytest.mark.parametrize(
    ("side", "n"),
    # log2(side / 5.5) is 0.5, 2.3, 2.5, 3.1, 3.5, 4.1, 5.3
    [(1, 0), (2, 1), (8, 1), (28, 2), (32, 3), (48, 3), (64, 4), (96, 4), (224, 5)],
)
def test_images_are_halved_to_about_five_pixels(side, n):
    """An image of 32 pixels is halved to 4, one of 224 to 7."""
    assert halvings(side) == n


@pytest.mark.parametrize(
    ("side", "stem", "blocks"),
    [
        (8, (0, None, None), 2),
        (28, (0, None, None), 3),
        (47, (0, None, None), 4),
        (48, (32, 3, 2), 3),
        (96, (32, 3, 2), 4),
        (224, (32, 5, 4), 4),
    ],
)
def test_a_stem_takes_the_first_halvings(side, stem, blocks):
    """The last block is not halved, so there is one block more than halvings after the stem."""
    values = rule(TrainingSet(shape=(side, side, 3), n=9000), NetworkSize(filters=32))
    found = values["stem_filters"], values.get("stem_kernel"), values.get("stem_stride")
    assert (found, values["blocks"]) == (stem, blocks)


def test_the_labels_of_few_images_are_smoothed():
    """Up to 5,000 images."""
    smoothing = [
        rule(TrainingSet(shape=(28, 28, 1), n=n), NetworkSize())["label_smoothing"]
        for n in (5_000, 5_001)
    ]
    assert smoothing == [0.1, 0.0]


def test_the_rate_falls_less_than_the_root_of_the_batch():
    """2.5, 3.15, 3.97 and 5 times the customary rate are 0.01, 0.0089, 0.0079 and 0.0071."""
    assert [rate_scale(batch) for batch in (128, 64, 32, 16)] == [2.5, 3.15, 3.97, 5.0]
    space = load_space("cnn")
    assert all(space.parameters["learning_rate_scale"].contains(rate_scale(b)) for b in (16, 128))


@pytest.mark.parametrize(
    ("filters", "width"), [(1, 8), (8, 8), (12, 16), (18, 16), (36, 32), (40, 48), (96, 64)]
)
def test_a_width_is_one_of_the_space(filters, width):
    """The nearest by ratio: 36 is 32 times 1.125 and 48 divided by 1.33."""
    assert nearest_width(filters) == width
    space = load_space("cnn")
    assert all(space.parameters["filters"].contains(each) for each in widths_for(5_001))


RECIPE = Recipe(
    name="small",
    values={"dense_layers": 1, "dense_units": 10, "learning_rate": 0.01, "flip": True},
)


def _space(**changes) -> SearchSpace:
    """A space around the recipe; a parameter that is None is left out."""
    parameters = {
        "dense_layers": Int(low=0, high=2),
        "dense_units": Int(low=4, high=64, when={"dense_layers": Between(low=1)}),
        "learning_rate": Float(low=0.001, high=0.1, log=True),
        "flip": Categorical(choices=(False, True)),
    } | changes
    return SearchSpace(
        name="test", parameters={k: p for k, p in parameters.items() if p is not None}
    )


def test_a_recipe_is_a_point_of_a_space_around_it():
    """A recipe is a point of a space in which all of its values vary."""
    assert RECIPE.values_in(_space()) == RECIPE.values


def test_a_value_that_the_space_fixes_is_left_out():
    """A parameter that the space fixes to the recipe's value has no distribution in Optuna."""
    values = RECIPE.values_in(_space(flip=Fixed(value=True)))
    assert values == {"dense_layers": 1, "dense_units": 10, "learning_rate": 0.01}


def test_a_default_of_both_is_left_out():
    """The recipe's early stopping is the default's, so the space need not have it."""
    recipe = Recipe(name="small", values={**RECIPE.values, "early_stopping": True})
    assert recipe.values_in(_space()) == RECIPE.values


def test_a_recipe_without_a_fixed_default_is_accepted():
    """The space fixes the patience to the default that the recipe leaves out."""
    assert RECIPE.values_in(_space(patience=Fixed(value=5))) == RECIPE.values


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dense_units": Int(low=16, high=64)}, "dense_units = 10 is outside the space"),
        ({"flip": Fixed(value=False)}, "flip = True is outside the space"),
        ({"shift": Int(low=0, high=2)}, "shift has no value"),
        ({"dense_layers": Fixed(value=0)}, "dense_layers = 1 is outside the space"),
        ({"flip": None}, "flip"),
        ({"shift": Fixed(value=2)}, "shift"),
        ({"dense_units": None}, "dense_units"),
    ],
)
def test_a_foreign_recipe_is_refused(changes, message):
    """A value out of range, a surplus parameter and an unknown parameter are refused."""
    with pytest.raises(SpaceError, match=message):
        RECIPE.values_in(_space(**changes))
