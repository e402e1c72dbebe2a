"""An epoch as one TensorFlow function equals a plain loop of eager steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from autocnn.data.dataset import Images
from autocnn.nn import augmentation
from autocnn.nn.loss import sample_losses
from autocnn.nn.model import ImageSpec, build_model
from autocnn.nn.optimizer import build_optimizer
from autocnn.space.config import Augmentation, Block, Dense, Loss, Optimizer, TrialConfig
from autocnn.train.stepper import TrainingParts
from autocnn.train.tf_loop import TensorFlowStepper

N, SIZE, BATCH, STEPS = 48, 8, 8, 18
SPEC = ImageSpec(shape=(SIZE, SIZE, 1), n_classes=2, mean=(100.0,), std=(50.0,))
IMAGES = np.random.default_rng(0).integers(0, 256, (N, SIZE, SIZE, 1)).astype(np.uint8)
LABELS = (IMAGES.mean((1, 2, 3)) > 127).astype(np.int64)


def _parts(optimizer: str) -> TrainingParts:
    config = TrialConfig(
        blocks=(
            Block(filters=(4, 4), normalisation="batch", dropout=0.2),
            Block(filters=(6,), dropout=0.1, dropout_kind="spatial"),
        ),
        dense=(Dense(units=5, dropout=0.1),),
        loss=Loss(label_smoothing=0.1),
        optimizer=Optimizer(name=optimizer, momentum=0.8, weight_decay=0.02),
        augmentation=Augmentation(flip=True, shift=1),
    )
    model = build_model(config, SPEC, seed=1)
    made = build_optimizer(config, STEPS)
    made.build(model.trainable_variables)
    return TrainingParts(
        model=model,
        optimizer=made,
        loss=config.loss,
        augmentation=config.augmentation,
        images=Images(images=IMAGES, labels=LABELS),
        train_indices=np.arange(N),
        val_indices=np.arange(N),
        chunk=STEPS,
    )


def _plain_epoch(parts: TrainingParts, indices: Any, draws: Any, rates: Any) -> list[float]:
    """Run the steps eagerly, one by one; return the sum of the losses and the hits."""
    sums = [0.0, 0.0]
    for index, draw, rate in zip(indices, draws, rates, strict=True):
        images, targets = augmentation.augment(
            parts.augmentation,
            tf.constant(IMAGES[index]),
            tf.constant(LABELS[index], tf.int32),
            tf.constant(draw),
        )
        with tf.GradientTape() as tape:
            logits = parts.model(tf.cast(images, tf.float32), training=True)
            losses = sample_losses(parts.loss, targets.labels, logits)
            mean = tf.reduce_mean(losses)
        gradients = tape.gradient(mean, [v.value for v in parts.model.trainable_variables])
        parts.optimizer.learning_rate.assign(rate)
        parts.optimizer.apply(gradients, parts.model.trainable_variables)
        sums[0] += float(tf.reduce_sum(losses))
        sums[1] += int((logits.numpy().argmax(1) == LABELS[index]).sum())
    return sums


@pytest.mark.training
@pytest.mark.parametrize(
    "optimizer", ["nesterov", pytest.param("adamw", marks=pytest.mark.slow), "muon"]
)
def test_an_epoch_in_one_call_trains_as_single_steps_do(optimizer):
    """Eighteen steps with dropout, flips and shifts have equal losses, hits and weights."""
    rng = np.random.default_rng(1)
    indices = np.stack([rng.permutation(N)[:BATCH] for _ in range(STEPS)]).astype(np.int32)
    rates = np.linspace(0.02, 0.0, STEPS, dtype=np.float32)
    one_call, plain = _parts(optimizer), _parts(optimizer)
    draws = augmentation.draw_epoch(one_call.augmentation, indices, 0, 1, N)
    before = [np.array(weight) for weight in plain.model.get_weights()]

    sums = TensorFlowStepper(one_call).train(indices, draws, rates)
    assert [sums.loss, sums.correct] == pytest.approx(
        _plain_epoch(plain, indices, draws, rates), rel=1e-4
    )
    moved = 0.0
    pairs = zip(one_call.model.get_weights(), plain.model.get_weights(), before, strict=True)
    for found, expected, start in pairs:
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
        moved = max(moved, float(np.abs(expected - start).max()))
    assert moved > 0.01
