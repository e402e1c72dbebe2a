"""The Keras model equals the planned network, layer by layer."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from autocnn.data.catalog import dataset_info
from autocnn.nn.batches import evaluation_batch
from autocnn.nn.model import LAYERS, ImageSpec, build_model
from autocnn.space.config import NORMALISATION_PLACES, Block, Dense, TrialConfig
from autocnn.space.layers import plan_network
from autocnn.space.library import baseline_names
from autocnn.space.toml import load_space

SPEC = ImageSpec(shape=(16, 16, 3), n_classes=4, mean=(100.0, 50.0, 0.0), std=(50.0, 25.0, 1.0))
CONFIGS = {
    "logits": TrialConfig(),
    "dense": TrialConfig(
        dense=(Dense(units=6, dropout=0.5), Dense(units=5, activation="linear")), pixels="unit"
    ),
    "plain": TrialConfig(
        blocks=(
            Block(filters=(4, 5), kernel=2, padding="valid", pool="max", dropout=0.25),
            Block(filters=(6,), pool="average", pool_size=3, dropout=0.25, dropout_kind="spatial"),
        ),
        dense=(Dense(units=7, activation="gelu", normalisation="layer"),),
    ),
    "batch": TrialConfig(
        blocks=(
            Block(filters=(4,), stride=2, normalisation="batch", activation="leaky_relu"),
            Block(filters=(4,), normalisation="batch", normalisation_place="after_activation"),
            Block(filters=(4,), normalisation="batch", normalisation_place="after_dropout"),
        ),
        head="global_max",
        dense=(Dense(units=3, normalisation="batch", normalisation_place="after_dropout"),),
    ),
    "layer": TrialConfig(
        blocks=(Block(filters=(6, 6), normalisation="layer", activation="silu"),),
        head="global_average",
        dense=(Dense(units=4, normalisation="layer", normalisation_place="after_activation"),),
    ),
    "group": TrialConfig(
        blocks=(Block(filters=(12,), normalisation="group", activation="elu"),),
        dense=(Dense(units=9, normalisation="group", normalisation_place="after_dropout"),),
    ),
    "residual": TrialConfig(
        blocks=(
            Block(filters=(3,), residual=True),
            Block(filters=(4, 6), stride=2, normalisation="batch", residual=True),
            Block(filters=(6,), normalisation="layer", residual=True, pool="max"),
        ),
        logits_bias=False,
        logits_scale=0.125,
    ),
    "airbench94": TrialConfig(architecture="airbench94", head="global_max"),
    "separable": TrialConfig(
        blocks=(
            Block(filters=(4,), convolution="separable", normalisation="batch"),
            Block(filters=(6, 6), convolution="separable", padding="valid", stride=2),
        ),
    ),
}
IMAGES = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3)).astype(np.float32)


def inputs_of(layer):
    """The names of the layers whose outputs a layer of a Keras model takes."""
    tensors = layer.input if isinstance(layer.input, list) else [layer.input]
    return tuple(tensor._keras_history.operation.name for tensor in tensors)


def test_the_configurations_have_every_kind_of_layer():
    """The configurations of this file cover the whole table of layers."""
    kinds = {
        layer.kind
        for config in CONFIGS.values()
        for layer in plan_network(config, SPEC.shape, SPEC.n_classes).layers
    }
    assert kinds == set(LAYERS)


@pytest.mark.parametrize("export", [False, True])
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_the_model_is_as_it_was_planned(config, export):
    """Names, inputs, output shapes and parameters are those of the plan."""
    planned = plan_network(config, SPEC.shape, SPEC.n_classes)
    model = build_model(config, SPEC, export=export)
    built = {layer.name: layer for layer in model.layers}
    assert set(built) == {layer.name for layer in planned.layers} | {"image", "pixels", "output"}
    for layer in planned.layers:
        assert inputs_of(built[layer.name]) == layer.inputs
        assert built[layer.name].output.shape[1:] == layer.output_shape
        assert built[layer.name].count_params() == layer.parameters
    assert inputs_of(built["output"]) == (planned.layers[-1].name,)
    assert model.count_params() == planned.parameters


@pytest.mark.parametrize("name", baseline_names())
def test_a_baseline_has_the_parameters_that_were_counted(name):
    """The parameters counted by Keras equal those of the plan."""
    space = load_space(name)
    info = dataset_info(space.published.dataset)
    config = space.config({key: p.all_values()[0] for key, p in space.parameters.items()})
    channels = info.image_shape[2]
    spec = ImageSpec(
        shape=info.image_shape, n_classes=10, mean=(0.0,) * channels, std=(1.0,) * channels
    )
    planned = plan_network(config, info.image_shape, 10)
    assert build_model(config, spec, export=True).count_params() == planned.parameters


def test_a_residual_block_adds_its_input():
    """With all weights 0 the convolution gives 0, and the sum equals the pixels."""
    config = TrialConfig(blocks=(Block(filters=(3,), residual=True),), pixels="unit")
    model = build_model(config, SPEC)
    model.set_weights([np.zeros_like(w) for w in model.get_weights()])
    inside = keras.Model(model.input, model.get_layer("block1_add").output)
    np.testing.assert_allclose(np.asarray(inside(IMAGES)), IMAGES / 255, rtol=1e-6)


def test_logits_are_scaled():
    """The logits are a quarter of those of an equal network without the factor."""
    plain, scaled = (build_model(TrialConfig(logits_scale=s), SPEC) for s in (1.0, 0.25))
    scaled.set_weights(plain.get_weights())
    logits, quarters = (np.asarray(m(IMAGES, training=False)) for m in (plain, scaled))
    np.testing.assert_allclose(quarters, logits / 4, rtol=1e-5)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_an_exported_model_has_only_layers_of_keras(config):
    """An exported file loads without autocnn, so it has only layers of Keras."""
    model = build_model(config, SPEC, export=True)
    stock = {cls for cls in vars(keras.layers).values() if isinstance(cls, type)}
    assert [layer for layer in model.layers if type(layer) not in stock] == []


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_an_exported_model_gives_the_probabilities_of_the_trained_one(config):
    """With equal weights the output is the softmax of the logits, one column a class."""
    trained, exported = build_model(config, SPEC), build_model(config, SPEC, export=True)
    exported.set_weights(trained.get_weights())
    logits, probabilities = (np.asarray(m(IMAGES, training=False)) for m in (trained, exported))
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(probabilities, odds / odds.sum(axis=1, keepdims=True), atol=1e-5)
    assert probabilities.shape == (3, 4)


@pytest.mark.parametrize(
    ("pixels", "pixel", "scaled"),
    [("unit", (255.0, 51.0, 0.0), (1.0, 0.2, 0.0)), ("standardize", (150.0, 0.0, 2.0), (1, -2, 2))],
)
def test_pixels_are_scaled_inside_the_model(pixels, pixel, scaled):
    """Pixels are divided by 255, or normalised by (100, 50, 0) and (50, 25, 1)."""
    spec = ImageSpec(shape=(1, 1, 3), n_classes=2, mean=SPEC.mean, std=SPEC.std)
    model = build_model(TrialConfig(pixels=pixels), spec)
    output = model.get_layer("pixels")(np.array([[[pixel]]], np.float32))
    np.testing.assert_allclose(np.ravel(output), scaled, rtol=1e-6)


def test_initial_weights_come_from_the_seed():
    """Equal seeds give equal weights; layers of equal shape differ, and so do other seeds."""
    config = TrialConfig(blocks=(Block(filters=(3, 3)),))
    first, again, other = (build_model(config, SPEC, seed).get_weights() for seed in (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])
    assert not np.array_equal(first[0], first[2])


def test_initial_weights_have_the_spread_of_their_kind():
    """He: variance 2/192 of inputs 8x8x3 before relu; Glorot at the logits: 2/(64 + 64)."""
    spec = ImageSpec(shape=(8, 8, 3), n_classes=64, mean=SPEC.mean, std=SPEC.std)
    hidden, bias, logits, _ = build_model(TrialConfig(dense=(Dense(units=64),)), spec).get_weights()
    assert hidden.var() == pytest.approx(2 / 192, rel=0.1)
    assert logits.var() == pytest.approx(2 / 128, rel=0.1)
    assert not bias.any()


def test_separable_convolutions_keep_the_spread():
    """Depthwise weights have variance 1/9 for any channels; pointwise ones 2/channels."""
    block = Block(filters=(512,), convolution="separable")
    spec = ImageSpec(shape=(8, 8, 256), n_classes=2, mean=(0.0,) * 256, std=(1.0,) * 256)
    depthwise, pointwise = build_model(TrialConfig(blocks=(block,)), spec).get_weights()[:2]
    assert (depthwise.shape, pointwise.shape) == ((3, 3, 256, 1), (1, 1, 256, 512))
    assert depthwise.var() == pytest.approx(1 / 9, rel=0.1)
    assert pointwise.var() == pytest.approx(2 / 256, rel=0.1)


@pytest.mark.parametrize("place", NORMALISATION_PLACES)
def test_dropout_acts_in_training_only(place):
    """Two predictions of one image are equal."""
    config = TrialConfig(
        blocks=(Block(filters=(8,), dropout=0.5, normalisation_place=place),), head="global_max"
    )
    model = build_model(config, SPEC)
    judged = [np.asarray(model(IMAGES, training=False)) for _ in range(2)]
    trained = [np.asarray(model(IMAGES, training=True)) for _ in range(2)]
    np.testing.assert_array_equal(judged[0], judged[1])
    assert not np.array_equal(trained[0], trained[1])


@pytest.mark.parametrize(
    ("shape", "n", "batch"),
    [
        ((28, 28, 1), 10_000, 500),
        ((32, 32, 3), 10_000, 500),
        ((32, 32, 3), 6, 6),
        ((64, 64, 3), 10_000, 125),
        ((224, 224, 3), 10_000, 10),  # 500 x 1,024 / 50,176 = 10.2
        ((800, 800, 3), 10_000, 1),
    ],
)
def test_large_images_are_evaluated_a_few_at_a_time(shape, n, batch):
    """The batch of large images takes no more memory than 500 images of 32x32."""
    assert evaluation_batch(shape, n) == batch
