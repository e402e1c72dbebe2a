"""`SearchSpace`: activity, points, draws, counts and limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from autocnn.errors import Infeasible, SpaceError
from autocnn.space.config import Block, Dense, TrialConfig
from autocnn.space.parameters import Between, Categorical, Fixed, Float, Int, OneOf
from autocnn.space.space import Limits, SearchSpace


@pytest.fixture
def space() -> SearchSpace:
    """Depth, size and dropout of dense layers; the kind of dropout has two nested conditions."""
    has_layers = {"dense_layers": Between(low=1)}
    return SearchSpace(
        name="test",
        parameters={
            "dense_layers": Int(low=0, high=2),
            "dense_units": Categorical(choices=(8, 16), when=has_layers),
            "dropout": Float(low=0.0, high=0.5, step=0.25, when=has_layers),
            "dropout_kind": Categorical(
                choices=("unit", "spatial"), when={"dropout": Between(low=0.01)}
            ),
            "flip": Categorical(choices=(False, True)),
            "batch_size": Fixed(value=32),
        },
    )


@pytest.mark.parametrize(
    ("name", "values", "active"),
    [
        ("dense_layers", {}, True),
        ("dense_units", {"dense_layers": 1}, True),
        ("dense_units", {"dense_layers": 0}, False),
        ("dropout_kind", {"dense_layers": 1, "dropout": 0.25}, True),
        ("dropout_kind", {"dense_layers": 1, "dropout": 0.0}, False),
        ("dropout_kind", {"dense_layers": 0}, False),
    ],
)
def test_a_parameter_is_active_if_its_conditions_hold(space, name, values, active):
    """A condition on a parameter that is inactive itself does not hold."""
    assert space.is_active(name, values) is active


def test_all_conditions_must_hold():
    """Two conditions of a parameter are joined by and."""
    when = {"flip": OneOf((True,)), "shift": Between(low=1)}
    space = SearchSpace(
        name="test",
        parameters={
            "flip": Categorical(choices=(False, True)),
            "shift": Int(low=0, high=1),
            "patience": Fixed(value=2, when=when),
        },
    )
    assert space.is_active("patience", {"flip": True, "shift": 1})
    assert not space.is_active("patience", {"flip": True, "shift": 0})
    assert not space.is_active("patience", {"flip": False, "shift": 1})


def test_fixed_parameters_do_not_vary(space):
    """Every other parameter varies, in drawing order."""
    names = [name for name, _ in space.varying()]
    assert names == ["dense_layers", "dense_units", "dropout", "dropout_kind", "flip"]


POINT = {"dense_layers": 1, "dense_units": 8, "dropout": 0.0, "flip": False, "batch_size": 32}


def test_a_whole_point_passes(space):
    """Every active parameter is in range, and no other has a value."""
    space.check_point(POINT)
    space.check_point({**POINT, "dropout": 0.25, "dropout_kind": "unit"})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dense_units": None}, "dense_units has no value"),
        ({"batch_size": None}, "batch_size has no value"),
        ({"dense_units": 9}, "dense_units = 9 is outside the space"),
        ({"batch_size": 64}, "batch_size = 64 is outside the space"),
        ({"dense_layers": True}, "dense_layers = True is outside the space"),
        ({"dropout": 0.25}, "dropout_kind has no value"),
        ({"dropout_kind": "unit"}, "dropout_kind = 'unit' is no active parameter"),
        ({"colour": 3}, "colour = 3 is no active parameter"),
    ],
)
def test_a_wrong_point_is_refused_by_name(space, changes, message):
    """The error names the missing, wrong, inactive or unknown parameter."""
    values = {k: v for k, v in {**POINT, **changes}.items() if v is not None}
    with pytest.raises(SpaceError, match=message):
        space.check_point(values)


def test_every_draw_is_a_point(space):
    """200 draws are points, and include both levels of the conditions."""
    rng = np.random.default_rng(0)
    draws = [space.sample(rng) for _ in range(200)]
    for values in draws:
        space.check_point(values)
    assert {len(values) for values in draws} == {3, 5, 6}


def test_draws_repeat_from_their_seed(space):
    """Draws depend on nothing but the generator."""
    first, second, other = (
        [space.sample(np.random.default_rng(seed)) for _ in range(1)] for seed in (0, 0, 1)
    )
    assert first == second
    assert first != other


def test_the_points_of_a_conditional_space_are_counted(space):
    """The space has 42 points, worked by hand."""
    # No dense layer: 2 (flip). One or two layers: 2 units x (1 without dropout + 2 rates x 2 kinds)
    # x 2 (flip) = 20 each. Together 2 + 2 x 20 = 42.
    assert space.n_points() == 42


def test_a_continuous_parameter_makes_infinitely_many_points():
    """A continuous parameter counts even if it is active at some points only."""
    space = SearchSpace(
        name="test",
        parameters={
            "flip": Categorical(choices=(False, True)),
            "dropout": Float(low=0.0, high=1.0, when={"flip": OneOf((True,))}),
        },
    )
    assert space.n_points() == math.inf


def test_the_configuration_of_a_point_is_its_expansion(space):
    """Values become layers of the configuration."""
    config = space.config({**POINT, "dense_layers": 2})
    assert config.dense == (Dense(units=8),) * 2
    assert (config.blocks, config.batch_size) == ((), 32)


def test_an_explicit_architecture_replaces_the_parameters():
    """Every configuration has the blocks and dense layers of the file."""
    blocks, dense = (Block(filters=(4,)),), (Dense(units=3),)
    space = SearchSpace(name="test", parameters={}, blocks=blocks, dense=dense)
    config = space.config({"batch_size": 8})
    assert (config.blocks, config.dense, config.batch_size) == (blocks, dense, 8)


# 8x8x1, one convolution of 4 filters: 3*3*1*4 + 4 = 40 parameters, 8*8*36 = 2304 MACs;
# logits of 2 classes: 256*2 + 2 = 514 parameters, 512 MACs. Together 554 and 2816.
CONFIG = TrialConfig(blocks=(Block(filters=(4,)),))


@pytest.mark.parametrize(
    "limits",
    [Limits(), Limits(parameters=554), Limits(macs=2816), Limits(parameters=554, macs=2816)],
)
def test_a_network_at_its_limits_passes(limits):
    """A limit is the largest allowed cost."""
    space = SearchSpace(name="test", parameters={}, limits=limits)
    network = space.network(CONFIG, (8, 8, 1), 2)
    assert (network.parameters, network.macs) == (554, 2816)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(parameters=553), "554 parameters are above the limit of 553"),
        (Limits(macs=2815), "2,816 macs are above the limit of 2,815"),
    ],
)
def test_a_network_above_a_limit_is_infeasible(limits, message):
    """The message has the cost and the limit."""
    space = SearchSpace(name="test", parameters={}, limits=limits)
    with pytest.raises(Infeasible, match=message):
        space.network(CONFIG, (8, 8, 1), 2)


def test_a_batch_that_is_drawn_leaves_sixteen_steps():
    """225 images have batches of 14 at most, and the rate follows; a fixed batch stays."""
    drawn = SearchSpace(name="test", parameters={"batch_size": Categorical(choices=(8, 128))})
    fitted = drawn.fitted((8, 8, 1), 225)
    assert [fitted.config({"batch_size": n}).batch_size for n in (8, 128)] == [8, 14]
    rates = [fitted.config({"batch_size": n}).optimizer.learning_rate for n in (8, 128)]
    assert rates == pytest.approx([4e-3 * (8 / 128) ** 0.5, 4e-3 * (14 / 128) ** 0.5])
    assert drawn.fitted((8, 8, 1), 10).config({"batch_size": 8}).batch_size == 1
    assert drawn.config({"batch_size": 128}).batch_size == 128  # the images are not known
    fixed = SearchSpace(name="test", parameters={"batch_size": Fixed(value=128)})
    assert fixed.fitted((8, 8, 1), 225).config({"batch_size": 128}).batch_size == 128


def test_a_batch_can_be_given_for_all_configurations():
    """It takes the place of the parameter, is not bounded, and the rate follows."""
    drawn = SearchSpace(name="test", parameters={"batch_size": Categorical(choices=(8, 128))})
    for space in (drawn, SearchSpace(name="test", parameters={})):
        given = space.with_batch(512).fitted((8, 8, 1), 225)
        assert given.sample(np.random.default_rng(0)) == {"batch_size": 512}
        config = given.config({"batch_size": 512})
        assert config.batch_size == 512
        assert config.optimizer.learning_rate == pytest.approx(4e-3 * 2)


@pytest.mark.parametrize("pixels", ["shift", "cutout"])
def test_a_fraction_of_the_side_becomes_pixels(pixels):
    """7 % of the shorter side: 7 of 96 pixels, 2 of 28, 2 of 32 if the images are not known."""
    space = SearchSpace(name="test", parameters={f"{pixels}_fraction": Fixed(value=0.07)})
    point = {f"{pixels}_fraction": 0.07}
    for shape, expected in (((96, 200, 3), 7), ((300, 28, 3), 2)):
        config = space.fitted(shape, 900).config(point)
        assert getattr(config.augmentation, pixels) == expected
    assert getattr(space.config(point).augmentation, pixels) == 2


@pytest.mark.parametrize(
    ("macs", "per_pixel", "shape", "limit"),
    [
        (None, None, (96, 96, 3), None),
        (100, None, (96, 96, 3), 100),
        (None, 10, (96, 96, 3), 92_160),
        (None, 10, (8, 8, 1), 10_240),  # that of 32x32 pixels
        (20_000, 10, (96, 96, 3), 20_000),
        (20_000, 10, (32, 16, 3), 10_240),
    ],
)
def test_a_limit_can_grow_with_the_images(macs, per_pixel, shape, limit):
    """The lower of the two limits holds."""
    assert Limits(macs=macs, macs_per_pixel=per_pixel).macs_for(shape) == limit
