"""The baselines of the library, layer by layer, worked by hand."""

from __future__ import annotations

import pytest

from autocnn.data.catalog import dataset_info
from autocnn.space.config import TrialConfig
from autocnn.space.layers import Network
from autocnn.space.library import baseline_names
from autocnn.space.toml import load_space

# Weights of every layer that has any, on the images that were published: with biases unless batch
# normalisation follows; its four values a channel are in the list.
COSTS = {
    "mlp_two_layer": [3072 * 50 + 50, 50 * 10 + 10],
    "mlp_deep": [3072 * 100, 400, *(100 * 100, 400) * 4, 100 * 10 + 10],
    "mlp_1000_512": [3_073_000, 512_512, 5_130],
    "cnn_16_32_64": [208, 2_080, 8_256, 512_500, 5_010],
    "cnn_16_32_64_aug": [208, 2_080, 8_256, 512_500, 5_010],
    # 32 pixels become 30, 28, 14, 12, 10 and 8
    "cnn_bn_cifar": [
        *(27 * 32 + 32, 288 * 64 + 64, 256),
        *(576 * 64 + 64, 256),
        *(576 * 128 + 128, 1152 * 64 + 64, 256),
        *(8 * 8 * 64 * 128 + 128, 128 * 10 + 10),
    ],
    # 28 pixels become 26, 24 and 12
    "mnist_adadelta": [9 * 32 + 32, 288 * 64 + 64, 12 * 12 * 64 * 128 + 128, 1_290],
    "fashion_64_64": [640, 36_928, 204_928, 1_290],
    "all_conv": [
        *(27 * 96 + 96, 864 * 96 + 96, 864 * 96 + 96),
        *(864 * 192 + 192, 1728 * 192 + 192, 1728 * 192 + 192),
        *(1728 * 192 + 192, 192 * 192 + 192, 192 * 10 + 10),
    ],
    # 28 pixels become 28, 14, 10 and 5
    "lenet": [25 * 6 + 6, 150 * 16 + 16, 5 * 5 * 16 * 120 + 120, 120 * 84 + 84, 84 * 10 + 10],
    # 32 pixels become 16, 8 and 4
    "vgg_small": [
        *(27 * 32 + 32, 288 * 32 + 32),
        *(288 * 64 + 64, 576 * 64 + 64),
        *(576 * 128 + 128, 1152 * 128 + 128),
        *(4 * 4 * 128 * 128 + 128, 128 * 10 + 10),
    ],
    "resnet9": [
        *(27 * 64, 4 * 64),
        *(576 * 128, 4 * 128),
        *(1152 * 128, 4 * 128) * 2,
        *(1152 * 256, 4 * 256),
        *(2304 * 512, 4 * 512),
        *(4608 * 512, 4 * 512) * 2,
        512 * 10,
    ],
    # 32 pixels become 31, 15, 7 and 3; three values a channel: normalisation has no scale
    "airbench94": [
        12 * 24 + 24,
        *(216 * 64, 3 * 64, 576 * 64, 3 * 64),
        *(576 * 256, 3 * 256, 2304 * 256, 3 * 256),
        *(2304 * 256, 3 * 256) * 2,
        256 * 10,
    ],
}
# As published; resnet9's 6,573,120 do not count the moving mean and variance of 2,240 channels.
TOTALS = {
    "mlp_1000_512": 3_590_642,
    "cnn_16_32_64": 528_054,
    "cnn_16_32_64_aug": 528_054,
    "mnist_adadelta": 1_199_882,
    "fashion_64_64": 243_786,
    "all_conv": 1_369_738,
    "lenet": 61_706,
    "vgg_small": 550_570,
    "resnet9": 6_573_120 + 2 * 2_240,
}


def _config(name: str) -> TrialConfig:
    space = load_space(name)
    return space.config({key: p.all_values()[0] for key, p in space.parameters.items()})


def _network(name: str) -> Network:
    space = load_space(name)
    info = dataset_info(space.published.dataset)
    return space.network(_config(name), info.image_shape, info.n_classes)


def _sides(network: Network) -> list[int]:
    return [layer.output_shape[0] for layer in network.layers if layer.kind == "conv"]


def test_every_baseline_is_worked_by_hand():
    """The table of this file has every baseline of the library."""
    assert set(COSTS) == set(baseline_names())


@pytest.mark.parametrize("name", COSTS)
def test_a_baseline_has_its_published_size(name):
    """The weights are those published, layer by layer and in total."""
    network = _network(name)
    assert [layer.parameters for layer in network.layers if layer.parameters] == COSTS[name]
    assert network.parameters == TOTALS.get(name, sum(COSTS[name]))


@pytest.mark.parametrize("name", COSTS)
def test_a_baseline_is_one_network_with_its_source(name):
    """A baseline has a source, its published batch size and no early stopping."""
    space, config = load_space(name), _config(name)
    assert space.n_points() == 1
    assert space.published.source
    assert space.published.batch_size in (None, config.batch_size)
    assert config.early_stopping.enabled is False
    reached = space.published.test_accuracy
    assert reached is None or f"{reached:g}" in space.description


def test_mlp_1000_512_uses_every_weight_once():
    """The MACs of a multilayer perceptron are its weights without the biases."""
    assert _network("mlp_1000_512").macs == 3_072_000 + 512_000 + 5_120


def test_cnn_bn_cifar_normalises_after_dropout():
    """The layers are those published; 32 pixels become 30, 28, 14, 12, 10 and 8."""
    network = _network("cnn_bn_cifar")
    conv, end = ["conv", "activation"], ["max_pool", "dropout", "batch_norm"]
    assert [layer.kind for layer in network.layers] == [
        *(*conv, *conv, *end),
        *(*conv, *end),
        *(*conv, *conv, *end),
        *("flatten", "dense", "activation", "dense"),
    ]
    assert _sides(network) == [30, 28, 12, 10, 8]


def test_all_conv_has_strides_instead_of_pooling():
    """32 to 16 to 8, then 6 by a valid convolution, as in table 1 of the paper."""
    network = _network("all_conv")
    assert _sides(network) == [32, 32, 16, 16, 16, 8, 6, 6]
    assert {layer.kind for layer in network.layers} == {
        *("conv", "activation", "dropout", "global_average", "dense")
    }


def test_resnet9_is_the_network_of_its_source():
    """Convolution, batch norm, relu; two of four pooled; two residual pairs; logits / 8."""
    # In the source no activation follows a sum, and the last pooling takes the whole 4x4 map.
    network = _network("resnet9")
    conv, add = ["conv", "batch_norm", "activation"], ["add"]
    assert [layer.kind for layer in network.layers] == [
        *conv,
        *(*conv, "max_pool"),
        *(*conv, *conv, *add),
        *(*conv, "max_pool"),
        *(*conv, "max_pool"),
        *(*conv, *conv, *add),
        *("global_max", "dense", "scale"),
    ]
    assert _sides(network) == [32, 32, 16, 16, 16, 8, 4, 4]
    sums = [layer.inputs for layer in network.layers if layer.kind == "add"]
    assert sums == [("block3_conv2_relu", "block2_pool"), ("block6_conv2_relu", "block5_pool")]
    assert network.layers[-1].settings == {"factor": 0.125}


def test_airbench94_is_the_network_of_its_source():
    """Whitening, then three groups that pool before they normalise; logits / 9."""
    network = _network("airbench94")
    group = [
        *("conv", "max_pool", "batch_norm", "activation"),
        *("conv", "batch_norm", "activation"),
    ]
    assert [layer.kind for layer in network.layers] == [
        *("conv", "activation"),
        *group * 3,
        *("global_max", "dense", "scale"),
    ]
    assert _sides(network) == [31, 31, 15, 15, 7, 7, 3]
    assert network.layers[0].settings["padding"] == "valid"
    assert network.layers[-1].settings["factor"] == pytest.approx(1 / 9)


@pytest.mark.parametrize("kind", ["dataset", "optimizer"])
def test_the_update_rules_are_the_published_ones(kind):
    """Optimizers and data sets are those of the sources."""
    names = {
        "mlp_two_layer": ("cifar10", "sgd"),
        "mlp_deep": ("cifar10", "adam"),
        "mlp_1000_512": ("cifar10", "rmsprop"),
        "cnn_16_32_64": ("cifar10", "rmsprop"),
        "cnn_16_32_64_aug": ("cifar10", "rmsprop"),
        "cnn_bn_cifar": ("cifar10", "adam"),
        "mnist_adadelta": ("mnist", "adadelta"),
        "fashion_64_64": ("fashion_mnist", "adam"),
        "all_conv": ("cifar10", "momentum"),
        "lenet": ("mnist", "momentum"),
        "vgg_small": ("cifar10", "momentum"),
        "resnet9": ("cifar10", "nesterov"),
        "airbench94": ("cifar10", "nesterov"),
    }
    if kind == "dataset":
        found = {name: load_space(name).published.dataset for name in names}
    else:
        found = {name: _config(name).optimizer.name for name in names}
    assert found == {name: row[kind == "optimizer"] for name, row in names.items()}
