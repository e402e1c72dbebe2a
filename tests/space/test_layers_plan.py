"""The plan of a network: shapes, order, parameters and MACs, worked by hand."""

from __future__ import annotations

import pytest

from autocnn.errors import Infeasible
from autocnn.space.config import Block, Dense, TrialConfig
from autocnn.space.layers import Network, conv_output_side, n_groups, plan_network


def _kinds(network: Network) -> list[str]:
    return [layer.kind for layer in network.layers]


@pytest.mark.parametrize(
    ("side", "kernel", "stride", "padding", "output"),
    [
        (227, 11, 4, "valid", 55),  # (227 - 11) / 4 + 1
        (28, 3, 1, "valid", 26),
        (28, 3, 1, "same", 28),
        (28, 3, 2, "same", 14),
        (7, 2, 2, "same", 4),  # rounded up
        (7, 2, 2, "valid", 3),  # rounded down
        (5, 5, 1, "valid", 1),
        (2, 9, 1, "same", 2),
    ],
)
def test_the_side_of_a_feature_map(side, kernel, stride, padding, output):
    """(W - F + 2P) / S + 1, rounded down; "same" pads so that only the stride counts."""
    assert conv_output_side(side, kernel, stride, padding) == output


def test_a_window_larger_than_the_map_is_infeasible():
    """A window larger than the map is infeasible with valid padding only."""
    with pytest.raises(Infeasible, match="a window of 5 pixels does not fit into 4 pixels"):
        conv_output_side(4, 5, 1, "valid")


def test_the_first_layer_of_alexnet():
    """96 filters of 11x11 at stride 4 over 227x227x3: 55x55x96."""
    block = Block(filters=(96,), kernel=11, stride=4, padding="valid")
    layer = plan_network(TrialConfig(blocks=(block,)), (227, 227, 3), 1000).layers[0]
    assert layer.output_shape == (55, 55, 96)
    assert layer.parameters == 11 * 11 * 3 * 96 + 96
    assert layer.macs == 55 * 55 * 11 * 11 * 3 * 96


@pytest.mark.parametrize(
    ("pool", "size", "shape"),
    [
        ("max", 2, (3, 4, 5)),
        ("average", 2, (3, 4, 5)),
        ("max", 3, (2, 3, 5)),
        ("max", 1, (7, 9, 5)),
    ],
)
def test_pooling_divides_each_side(pool, size, shape):
    """The remainder at the edge is dropped; channels stay; pooling costs no MACs."""
    config = TrialConfig(blocks=(Block(filters=(5,), pool=pool, pool_size=size),))
    network = plan_network(config, (7, 9, 1), 2)
    layer = next(layer for layer in network.layers if layer.kind == f"{pool}_pool")
    assert (layer.output_shape, layer.parameters, layer.macs) == (shape, 0, 0)


def test_a_pool_that_does_not_fit_is_infeasible():
    """Three blocks halve 8 pixels to 1, and a fourth cannot halve them."""
    blocks = (Block(filters=(1,), pool="max"),)
    assert plan_network(TrialConfig(blocks=blocks * 3), (8, 8, 1), 2).parameters > 0
    with pytest.raises(Infeasible, match="does not fit into 1 pixels"):
        plan_network(TrialConfig(blocks=blocks * 4), (8, 8, 1), 2)


def test_the_stride_is_the_last_convolutions():
    """The stride has the place of the pooling."""
    network = plan_network(TrialConfig(blocks=(Block(filters=(2, 3), stride=2),)), (8, 8, 1), 2)
    convolutions = [layer for layer in network.layers if layer.kind == "conv"]
    assert [layer.settings["stride"] for layer in convolutions] == [1, 2]
    assert [layer.output_shape for layer in convolutions] == [(8, 8, 2), (4, 4, 3)]


def test_no_layers_are_the_logits_alone():
    """Softmax regression: 8*8*1*3 weights and 3 biases."""
    network = plan_network(TrialConfig(), (8, 8, 1), 3)
    assert _kinds(network) == ["flatten", "dense"]
    assert (network.parameters, network.macs) == (195, 192)


@pytest.mark.parametrize(
    ("head", "inputs"), [("flatten", 3 * 3 * 5), ("global_average", 5), ("global_max", 5)]
)
def test_the_head_makes_a_vector(head, inputs):
    """Flattening keeps every pixel; a global head gives one number a channel."""
    config = TrialConfig(blocks=(Block(filters=(5,), padding="valid"),), head=head)
    network = plan_network(config, (5, 5, 1), 2)
    assert network.layers[-2].output_shape == (inputs,)
    assert network.layers[-1].parameters == inputs * 2 + 2


@pytest.mark.parametrize(
    ("place", "kinds"),
    [
        ("before_activation", ["conv", "norm", "act", "conv", "norm", "act", "pool", "drop"]),
        ("after_activation", ["conv", "act", "norm", "conv", "act", "norm", "pool", "drop"]),
        ("after_dropout", ["conv", "act", "conv", "act", "pool", "drop", "norm"]),
    ],
)
@pytest.mark.parametrize("normalisation", ["batch", "layer", "group"])
def test_the_order_within_a_block(place, kinds, normalisation):
    """Normalisation is before or after each activation, or once at the block's end."""
    names = {
        "norm": f"{normalisation}_norm",
        "act": "activation",
        "pool": "max_pool",
        "drop": "spatial_dropout",
    }
    block = Block(
        filters=(4, 4),
        normalisation=normalisation,
        normalisation_place=place,
        pool="max",
        dropout=0.5,
        dropout_kind="spatial",
    )
    network = plan_network(TrialConfig(blocks=(block,)), (8, 8, 1), 2)
    assert _kinds(network)[:-2] == [names.get(kind, kind) for kind in kinds]


@pytest.mark.parametrize(
    ("place", "kinds"),
    [
        ("before_activation", ["dense", "layer_norm", "activation", "dropout"]),
        ("after_activation", ["dense", "activation", "layer_norm", "dropout"]),
        ("after_dropout", ["dense", "activation", "dropout", "layer_norm"]),
    ],
)
def test_the_order_within_a_dense_layer(place, kinds):
    """The three positions of the normalisation are those of a block."""
    dense = Dense(units=4, normalisation="layer", normalisation_place=place, dropout=0.5)
    network = plan_network(TrialConfig(dense=(dense,)), (2, 2, 1), 2)
    assert _kinds(network)[1:-1] == kinds


def test_a_linear_activation_is_no_layer():
    """A linear activation computes nothing, so it is left out."""
    blocks, dense = (
        (Block(filters=(2,), activation="linear"),),
        (Dense(units=2, activation="linear"),),
    )
    network = plan_network(TrialConfig(blocks=blocks, dense=dense), (4, 4, 1), 2)
    assert _kinds(network) == ["conv", "flatten", "dense", "dense"]


@pytest.mark.parametrize(
    ("normalisation", "place", "parameters"),
    [
        ("none", "before_activation", 9 * 8 + 8),
        ("batch", "before_activation", 9 * 8 + 4 * 8),  # beta replaces the bias
        ("batch", "after_activation", 9 * 8 + 8 + 4 * 8),
        ("batch", "after_dropout", 9 * 8 + 8 + 4 * 8),
        ("layer", "before_activation", 9 * 8 + 8 + 2 * 8),
        ("group", "before_activation", 9 * 8 + 8 + 2 * 8),
    ],
)
def test_a_convolution_has_no_bias_before_batch_normalisation(normalisation, place, parameters):
    """The normalisation would subtract the bias."""
    block = Block(filters=(8,), normalisation=normalisation, normalisation_place=place)
    network = plan_network(TrialConfig(blocks=(block,)), (4, 4, 1), 2)
    assert network.parameters == parameters + (4 * 4 * 8 * 2 + 2)


@pytest.mark.parametrize(
    ("normalisation", "place", "parameters"),
    [
        ("batch", "before_activation", 16 * 8 + 4 * 8),
        ("batch", "after_dropout", 16 * 8 + 8 + 4 * 8),
        ("group", "before_activation", 16 * 8 + 8 + 2 * 8),
    ],
)
def test_a_dense_layer_has_no_bias_before_batch_normalisation(normalisation, place, parameters):
    """The normalisation would subtract the bias."""
    dense = Dense(units=8, normalisation=normalisation, normalisation_place=place)
    network = plan_network(TrialConfig(dense=(dense,)), (4, 4, 1), 2)
    assert network.parameters == parameters + (8 * 2 + 2)


@pytest.mark.parametrize(
    ("channels", "groups"), [(1, 1), (7, 7), (8, 8), (24, 8), (36, 6), (11, 1)]
)
def test_groups_divide_the_channels(channels, groups):
    """The number of groups is the largest divisor up to eight."""
    assert n_groups(channels) == groups


def test_layer_names_differ_and_have_their_position():
    """The names are those of the layers of the Keras model."""
    config = TrialConfig(
        blocks=(Block(filters=(2, 2), pool="max", dropout=0.1, normalisation="batch"),) * 2,
        dense=(Dense(units=3, dropout=0.1, normalisation="batch"),),
    )
    names = [layer.name for layer in plan_network(config, (8, 8, 1), 2).layers]
    assert len(set(names)) == len(names)
    assert names[:3] == ["block1_conv1", "block1_conv1_norm", "block1_conv1_relu"]
    assert names[-5:] == ["dense1", "dense1_norm", "dense1_relu", "dense1_dropout", "logits"]
