"""The plan of residual blocks, separable convolutions and scaled logits, worked by hand."""

from __future__ import annotations

import pytest

from autocnn.errors import Infeasible
from autocnn.space.config import Block, Dense, TrialConfig
from autocnn.space.layers import Layer, plan_network


def _plan(*blocks: Block, shape: tuple[int, int, int] = (8, 8, 4)) -> dict[str, Layer]:
    """The layers of these blocks by name and in order, without head and logits."""
    layers = plan_network(TrialConfig(blocks=blocks), shape, 2).layers
    return {layer.name: layer for layer in layers[:-2]}


def test_every_layer_follows_the_one_before():
    """The first layer takes the scaled pixels."""
    blocks = (Block(filters=(2, 2), pool="max", dropout=0.1),)
    layers = plan_network(TrialConfig(blocks=blocks, dense=(Dense(units=3),)), (8, 8, 1), 2).layers
    before = ["pixels", *(layer.name for layer in layers[:-1])]
    assert [layer.inputs for layer in layers] == [(name,) for name in before]


def test_a_residual_block_adds_its_input_to_its_output():
    """Equal shapes need no projection. 2 x (3*3*4*4 + 4) parameters, 2 x 8*8*144 MACs."""
    layers = _plan(Block(filters=(4, 4), residual=True))
    assert [layer.kind for layer in layers.values()] == [
        *("conv", "activation", "conv", "activation", "add")
    ]
    last = layers["block1_add"]
    assert last.inputs == ("block1_conv2_relu", "pixels")
    assert (last.output_shape, last.parameters, last.macs) == ((8, 8, 4), 0, 0)
    assert sum(layer.parameters for layer in layers.values()) == 296
    assert sum(layer.macs for layer in layers.values()) == 18_432


def test_another_shape_is_projected():
    """A 1x1 convolution of stride 2, with the block's normalisation, maps 8x8x4 to 4x4x8."""
    # Convolutions 216 and 432, projection 32, normalisations 4 x (6 + 8 + 8); MACs 64*216 + 16*432
    # + 16*32.
    block = Block(filters=(6, 8), stride=2, normalisation="batch", residual=True)
    layers = _plan(block)
    assert list(layers)[-3:] == ["block1_bypass", "block1_bypass_norm", "block1_add"]
    bypass = layers["block1_bypass"]
    assert (bypass.kind, bypass.inputs, bypass.output_shape) == ("conv", ("pixels",), (4, 4, 8))
    assert layers["block1_bypass_norm"].inputs == ("block1_bypass",)
    assert layers["block1_add"].inputs == ("block1_conv2_relu", "block1_bypass_norm")
    assert sum(layer.parameters for layer in layers.values()) == 216 + 432 + 32 + 4 * 22
    assert sum(layer.macs for layer in layers.values()) == 13_824 + 6_912 + 512


@pytest.mark.parametrize(
    ("normalisation", "place", "parameters"),
    [
        ("none", "before_activation", [4 * 8 + 8]),
        ("batch", "before_activation", [4 * 8, 4 * 8]),
        ("layer", "before_activation", [4 * 8 + 8, 2 * 8]),
        ("batch", "after_activation", [4 * 8 + 8]),
        ("batch", "after_dropout", [4 * 8 + 8]),
    ],
)
def test_a_projection_is_normalised_as_the_convolutions_are(normalisation, place, parameters):
    """A normalisation at the block's end is not applied to the projection."""
    block = Block(
        filters=(8,), normalisation=normalisation, normalisation_place=place, residual=True
    )
    costs = [x.parameters for name, x in _plan(block).items() if "bypass" in name]
    assert costs == parameters


def test_the_sum_precedes_pooling_and_dropout():
    """The sum also precedes a normalisation at the block's end."""
    block = Block(
        filters=(4,),
        residual=True,
        pool="max",
        dropout=0.5,
        normalisation="batch",
        normalisation_place="after_dropout",
    )
    kinds = [layer.kind for layer in _plan(block).values()]
    assert kinds == ["conv", "activation", "add", "max_pool", "dropout", "batch_norm"]


def test_the_next_block_takes_the_sum():
    """The second of two residual blocks bypasses from the end of the first."""
    layers = _plan(*(Block(filters=(4,), residual=True, pool="max"),) * 2)
    assert layers["block2_conv1"].inputs == ("block1_pool",)
    assert layers["block2_add"].inputs == ("block2_conv1_relu", "block1_pool")


def test_valid_convolutions_of_a_residual_block_are_infeasible():
    """Two of them leave 4 pixels of 8; valid convolutions of one pixel leave all."""
    with pytest.raises(Infeasible, match="end at 4x4 and 8x8 pixels; padding must be same"):
        _plan(Block(filters=(4, 4), padding="valid", residual=True))
    assert "block1_add" in _plan(Block(filters=(4,), kernel=1, padding="valid", residual=True))


@pytest.mark.parametrize(
    ("padding", "stride", "shape", "macs"),
    [("same", 1, (5, 5, 8), 25 * 68), ("valid", 2, (2, 2, 8), 4 * 68)],
)
def test_a_separable_convolution_is_a_depthwise_and_a_pointwise_one(padding, stride, shape, macs):
    """3*3*4 + 4*8 weights and 8 biases; every pixel of the output costs all weights once."""
    block = Block(filters=(8,), convolution="separable", padding=padding, stride=stride)
    layer = _plan(block, shape=(5, 5, 4))["block1_conv1"]
    assert (layer.kind, layer.output_shape) == ("separable_conv", shape)
    assert (layer.parameters, layer.macs) == (68 + 8, macs)


def test_a_projection_is_no_separable_convolution():
    """A 1x1 convolution has no spatial part to separate."""
    layers = _plan(Block(filters=(8,), convolution="separable", residual=True))
    assert [x.kind for x in layers.values() if "conv" in x.kind] == ["separable_conv", "conv"]


def test_logits_may_have_no_bias_and_be_scaled():
    """3 inputs and 2 classes have 6 weights; the factor is no weight."""
    config = TrialConfig(dense=(Dense(units=3),), logits_bias=False, logits_scale=0.125)
    logits, scale = plan_network(config, (1, 1, 1), 2).layers[-2:]
    assert (logits.name, logits.parameters) == ("logits", 6)
    assert (scale.kind, scale.output_shape, scale.parameters) == ("scale", (2,), 0)
    assert scale.settings == {"factor": 0.125}
