"""The Keras model is the planned network, layer by layer."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from autocnn.nn.model import LAYERS, ImageSpec, build_model
from autocnn.space.config import NORMALISATION_PLACES, Block, Dense, TrialConfig
from autocnn.space.layers import plan_network

SPEC = ImageSpec(shape=(8, 8, 3), n_classes=4, mean=(100.0, 50.0, 0.0), std=(50.0, 25.0, 1.0))
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
}
IMAGES = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3)).astype(np.float32)


def test_the_configurations_have_every_kind_of_layer():
    """What follows speaks of the whole table of layers."""
    kinds = {
        layer.kind
        for config in CONFIGS.values()
        for layer in plan_network(config, SPEC.shape, SPEC.n_classes).layers
    }
    assert kinds == set(LAYERS)


@pytest.mark.parametrize("export", [False, True])
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_the_model_is_as_it_was_planned(config, export):
    """Names in order, output shapes, parameters: all from the one list."""
    planned = plan_network(config, SPEC.shape, SPEC.n_classes)
    model = build_model(config, SPEC, export=export)
    built = [layer for layer in model.layers if layer.name not in ("image", "pixels", "output")]
    assert [layer.name for layer in built] == [layer.name for layer in planned.layers]
    assert [layer.output.shape[1:] for layer in built] == [x.output_shape for x in planned.layers]
    assert [layer.count_params() for layer in built] == [x.parameters for x in planned.layers]
    assert model.count_params() == planned.parameters


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_an_exported_model_has_only_layers_of_keras(config):
    """So that its file loads where autocnn is not installed."""
    model = build_model(config, SPEC, export=True)
    stock = {cls for cls in vars(keras.layers).values() if isinstance(cls, type)}
    assert [layer for layer in model.layers if type(layer) not in stock] == []


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_an_exported_model_gives_the_probabilities_of_the_trained_one(config):
    """The same weights in the same order: softmax of the logits, one a class."""
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
    """By 255, or by the mean (100, 50, 0) and the deviation (50, 25, 1) of each channel."""
    spec = ImageSpec(shape=(1, 1, 3), n_classes=2, mean=SPEC.mean, std=SPEC.std)
    model = build_model(TrialConfig(pixels=pixels), spec)
    output = model.get_layer("pixels")(np.array([[[pixel]]], np.float32))
    np.testing.assert_allclose(np.ravel(output), scaled, rtol=1e-6)


def test_initial_weights_come_from_the_seed():
    """The same seed gives the same weights; layers of one shape differ; another seed differs."""
    config = TrialConfig(blocks=(Block(filters=(3, 3)),))
    first, again, other = (build_model(config, SPEC, seed).get_weights() for seed in (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])
    assert not np.array_equal(first[0], first[2])


def test_initial_weights_have_the_spread_of_their_kind():
    """He: variance 2/192 of inputs 8x8x3, before relu; Glorot at the logits: 2/(64 + 64)."""
    spec = ImageSpec(shape=(8, 8, 3), n_classes=64, mean=SPEC.mean, std=SPEC.std)
    hidden, bias, logits, _ = build_model(TrialConfig(dense=(Dense(units=64),)), spec).get_weights()
    assert hidden.var() == pytest.approx(2 / 192, rel=0.1)
    assert logits.var() == pytest.approx(2 / 128, rel=0.1)
    assert not bias.any()


@pytest.mark.parametrize("place", NORMALISATION_PLACES)
def test_dropout_acts_in_training_only(place):
    """An image is judged the same every time."""
    config = TrialConfig(
        blocks=(Block(filters=(8,), dropout=0.5, normalisation_place=place),), head="global_max"
    )
    model = build_model(config, SPEC)
    judged = [np.asarray(model(IMAGES, training=False)) for _ in range(2)]
    trained = [np.asarray(model(IMAGES, training=True)) for _ in range(2)]
    np.testing.assert_array_equal(judged[0], judged[1])
    assert not np.array_equal(trained[0], trained[1])
