"""The losses, compared with numbers worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf

from autocnn.nn.loss import balanced_weights, sample_losses
from autocnn.space.config import Loss

# Logits (0, log 3): class 0 has probability 1/4, class 1 has 3/4.
LOGITS = np.array([[0.0, math.log(3)]] * 2, np.float32)
LABELS = np.array([0, 1], np.int32)
LOG_4, LOG_4_3 = math.log(4), math.log(4 / 3)  # -log 1/4, -log 3/4


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (Loss(), [LOG_4, LOG_4_3]),
        (
            Loss(label_smoothing=0.2),  # targets (.9, .1) and (.1, .9)
            [0.9 * LOG_4 + 0.1 * LOG_4_3, 0.1 * LOG_4 + 0.9 * LOG_4_3],
        ),
        (Loss(name="focal", focal_gamma=0.0), [LOG_4, LOG_4_3]),
        (Loss(name="focal"), [9 / 16 * LOG_4, 1 / 16 * LOG_4_3]),  # gamma 2: (3/4)^2, (1/4)^2
        (Loss(name="focal", focal_gamma=0.5), [0.75**0.5 * LOG_4, 0.5 * LOG_4_3]),
    ],
)
def test_the_loss_of_two_samples(loss, expected):
    """Cross-entropy, smoothed cross-entropy and focal loss of two samples."""
    np.testing.assert_allclose(sample_losses(loss, LABELS, LOGITS), expected, rtol=1e-5)


def test_smoothing_spreads_over_all_classes():
    """Four equal classes have log 4 each under any smoothing."""
    losses = sample_losses(Loss(label_smoothing=0.4), LABELS, np.zeros((2, 4), np.float32))
    np.testing.assert_allclose(losses, [LOG_4, LOG_4], rtol=1e-6)


@pytest.mark.parametrize("loss", [Loss(), Loss(label_smoothing=0.1), Loss(name="focal")])
def test_losses_are_float32_for_any_logits(loss):
    """Losses are computed in float32, because half precision loses small values."""
    losses = sample_losses(loss, LABELS, tf.cast(LOGITS, tf.bfloat16))
    assert losses.dtype == tf.float32


@pytest.mark.parametrize("margin", [0.0, 10.0, 20.0, 200.0, -200.0])
@pytest.mark.parametrize(
    "loss",
    [
        Loss(),
        Loss(label_smoothing=0.1),
        *(Loss(name="focal", focal_gamma=gamma) for gamma in (0.0, 0.5, 1.0, 2.0)),
    ],
    ids=lambda loss: f"{loss.name}-{loss.label_smoothing}-{loss.focal_gamma}",
)
def test_a_sure_network_has_finite_gradients(loss, margin):
    """At margins above about 17 the probability is exactly 1 in float32."""
    logits = tf.Variable([[margin, 0.0, 0.0]])
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(sample_losses(loss, LABELS[:1], logits.value()))
    assert math.isfinite(total)
    assert np.isfinite(tape.gradient(total, logits)).all()


def test_balanced_weights_let_all_classes_count_alike():
    """Counts of 3, 0 and 1 give the weights 4/(2*3), 0 and 4/(2*1)."""
    labels = np.array([0, 0, 0, 2])
    weights = balanced_weights(labels, 3)
    assert weights == pytest.approx((2 / 3, 0.0, 2.0))
    assert np.mean([weights[label] for label in labels]) == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["cross_entropy", "focal"])
def test_the_weight_of_its_class_multiplies_a_loss(name):
    """A class weight changes nothing but the loss of its class."""
    logits, labels = np.array([[1.0, 2.0], [0.5, 0.1]], np.float32), np.array([1, 0])
    plain = np.asarray(sample_losses(Loss(name=name), labels, logits))
    weighted = np.asarray(sample_losses(Loss(name=name), labels, logits, (0.5, 3.0)))
    assert weighted == pytest.approx(plain * [3.0, 0.5])
