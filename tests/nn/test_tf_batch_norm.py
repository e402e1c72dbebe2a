"""The fused batch normalisation computes the values of Keras' layer."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from autocnn.nn.model import BATCH_NORM_MOMENTUM
from autocnn.nn.tf_batch_norm import FusedBatchNormalization

SHAPES = [(4, 3, 5, 2), (16, 1, 1, 3), (1, 4, 4, 1)]


def _pair(shape):
    """Keras' layer and ours with equal gamma, beta, moving mean and moving variance."""
    rng = np.random.default_rng(0)
    weights = [rng.uniform(0.5, 2.0, shape[-1]).astype(np.float32) for _ in range(4)]
    layers = [
        cls(momentum=BATCH_NORM_MOMENTUM)
        for cls in (keras.layers.BatchNormalization, FusedBatchNormalization)
    ]
    for layer in layers:
        layer.build(shape)
        layer.set_weights(weights)
    return layers


def _inputs(shape, seed=1):
    return np.random.default_rng(seed).normal(0.5, 1.0, shape).astype(np.float32)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_outputs_and_gradients_are_those_of_keras(shape, training):
    """Gradients are those of inputs, gamma and beta, in training and prediction."""
    inputs, results = _inputs(shape), []
    weight = _inputs(shape, seed=2)  # makes the gradient of every output different
    for layer in _pair(shape):
        x = tf.Variable(inputs)
        with tf.GradientTape() as tape:
            outputs = layer(x.value(), training=training)
            total = tf.reduce_sum(outputs * weight)
        sources = [x, layer.gamma.value, layer.beta.value]
        results.append([outputs, *tape.gradient(total, sources)])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_moving_statistics_are_those_of_keras(shape):
    """Three batches update mean and population variance with momentum 0.9."""
    theirs, ours = _pair(shape)
    for seed in range(3):
        for layer in (theirs, ours):
            layer(_inputs(shape, seed), training=True)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def test_moving_statistics_by_hand():
    """Values 1 and 3 have mean 2 and variance 1; from 0 and 1 they give 0.2 and 0.9 + 0.1."""
    layer = FusedBatchNormalization(momentum=0.9)
    layer(np.array([1.0, 3.0], np.float32).reshape(1, 2, 1, 1), training=True)
    np.testing.assert_allclose(np.ravel(layer.moving_mean), [0.2], rtol=1e-5)
    np.testing.assert_allclose(np.ravel(layer.moving_variance), [1.0], rtol=1e-5)


def test_prediction_leaves_the_statistics_alone():
    """Only training updates the moving statistics."""
    _, layer = _pair((4, 3, 5, 2))
    before = [array.copy() for array in layer.get_weights()]
    layer(_inputs((4, 3, 5, 2)), training=False)
    for a, b in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
