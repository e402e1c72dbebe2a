"""Recipes: points of the space cnn for one image size, and recipes that a space refuses."""

from __future__ import annotations

import pytest

from autocnn.engines.recipes import Recipe, load_recipes
from autocnn.errors import SpaceError
from autocnn.space.expand import NAMES, expand
from autocnn.space.parameters import Between, Categorical, Fixed, Float, Int
from autocnn.space.space import SearchSpace
from autocnn.space.toml import load_space

SHAPES = [(8, 8, 1), (28, 28, 1), (32, 32, 3)]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_size_has_at_least_three_recipes(shape):
    """The recipes of a size have different names."""
    names = [recipe.name for recipe in load_recipes(shape)]
    assert len(names) >= 3
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_recipe_is_a_feasible_point_of_the_space_cnn(shape):
    """Values are in range and named in the space, and the network is within the limits."""
    space, recipes = load_space("cnn"), load_recipes(shape)
    assert recipes
    for recipe in recipes:
        assert set(recipe.values) <= set(NAMES)
        values = recipe.values_in(space)
        space.check_point(values)
        config = space.config(values)
        assert config == expand(recipe.values)
        assert space.network(config, shape, 10).parameters > 0


def test_other_sizes_have_none():
    """There is no recipe for an unusual image size."""
    assert load_recipes((31, 17, 3)) == []


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
