"""What layers make of an image, by hand."""

from __future__ import annotations

import keras
import numpy as np

from autocnn.models.feature_maps import feature_maps, layer_filters
from autocnn.models.predictor import KerasPredictor


def test_each_layer_with_maps_is_listed():
    """Pixels are doubled by one layer, and the largest of four is kept by the next."""
    inputs = keras.Input((2, 2, 1))
    doubled = keras.layers.Conv2D(1, 1, use_bias=False, name="double")(inputs)
    largest = keras.layers.MaxPooling2D(name="pool")(doubled)
    outputs = keras.layers.Dense(3, name="classes")(keras.layers.Flatten(name="flat")(largest))
    model = keras.Model(inputs, outputs)
    model.get_layer("double").set_weights([np.full((1, 1, 1, 1), 2.0)])
    image = np.array([[[1], [2]], [[3], [4]]], np.uint8)
    found = feature_maps(KerasPredictor(model), image)
    assert found is not None
    assert [(each.name, each.kind) for each in found] == [
        ("double", "Conv2D"),
        ("pool", "MaxPooling2D"),
    ]
    assert found[0].maps[..., 0].tolist() == [[2, 4], [6, 8]]
    assert found[1].maps.tolist() == [[[8]]]


def test_other_predictors_have_no_layers():
    """A file of another format runs in a library that does not show them."""
    assert feature_maps(lambda images: images, np.zeros((2, 2, 1), np.uint8)) is None


def test_a_network_without_maps_has_none():
    """A multilayer perceptron flattens its image first."""
    inputs = keras.Input((2, 2, 1))
    outputs = keras.layers.Dense(3)(keras.layers.Flatten()(inputs))
    model = keras.Model(inputs, outputs)
    assert feature_maps(KerasPredictor(model), np.zeros((2, 2, 1), np.uint8)) == []


def test_filters_of_a_convolution_are_averaged_over_many_inputs():
    """Two filters of one input stay; of four inputs 1, 2, 3 and 6 the mean 3 is shown."""
    inputs = keras.Input((4, 4, 1))
    first = keras.layers.Conv2D(4, 2, name="first")(inputs)
    point = keras.layers.Conv2D(4, 1, name="point")(first)
    second = keras.layers.Conv2D(1, 2, name="second")(point)
    model = keras.Model(inputs, second)
    weights = np.zeros((2, 2, 4, 1))
    weights[0, 0, :, 0] = [1, 2, 3, 6]
    model.get_layer("second").set_weights([weights, np.zeros(1)])
    one, two = layer_filters(KerasPredictor(model))
    assert (one.name, one.inputs, one.n, one.kernels.shape) == ("first", 1, 4, (2, 2, 1, 4))
    assert (two.name, two.inputs, two.kernels.shape) == ("second", 4, (2, 2, 1, 1))
    assert two.kernels[..., 0, 0].tolist() == [[3, 0], [0, 0]]
    assert layer_filters(lambda images: images) == []


def test_filters_of_a_separable_convolution_are_one_for_each_input():
    """Its first half has no sum over the inputs."""
    inputs = keras.Input((4, 4, 5))
    model = keras.Model(inputs, keras.layers.SeparableConv2D(7, 2)(inputs))
    (found,) = layer_filters(KerasPredictor(model))
    assert (found.inputs, found.n, found.kernels.shape) == (5, 5, (2, 2, 1, 5))
