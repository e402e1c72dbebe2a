"""The training loop in TensorFlow: many steps in one graph call, the data held as one tensor."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from autocnn.nn import augmentation
from autocnn.nn.loss import sample_losses
from autocnn.space.config import Loss
from autocnn.train.stepper import Sums, TrainingParts

CROSS_ENTROPY = Loss()


class TensorFlowStepper:
    """Compiled steps for one model."""

    def __init__(self, parts: TrainingParts) -> None:
        self._parts = parts
        self._train_data = _on_device(parts.train_images, parts.train_labels)
        self._val_data = _on_device(parts.val_images, parts.val_labels)
        rows = tf.TensorSpec([None, None], tf.int32)
        settings = parts.augmentation
        kind = augmentation.draws_type(settings)
        draws = tf.TensorSpec([None, None, augmentation.n_draws(settings)], kind)
        self._train = tf.function(
            self._train_steps, input_signature=[rows, draws, tf.TensorSpec([None], tf.float32)]
        )
        self._evaluate = tf.function(
            self._evaluate_steps,
            input_signature=[rows, tf.TensorSpec([None, None], tf.float32)],
        )

    def train(
        self,
        indices: npt.NDArray[np.int32],
        draws: npt.NDArray[Any],
        rates: npt.NDArray[np.float32],
    ) -> Sums:
        """Take one optimizer step a row of `indices`."""
        loss, correct = self._train(indices, draws, rates)
        return Sums(float(loss), float(correct))

    def evaluate(self, indices: npt.NDArray[np.int32], weights: npt.NDArray[np.float32]) -> Sums:
        """Cross-entropy and hits over the validation images named by `indices`."""
        loss, correct = self._evaluate(indices, weights)
        return Sums(float(loss), float(correct))

    def _train_steps(self, indices: Any, draws: Any, rates: Any) -> Any:
        loss, correct = tf.constant(0.0), tf.constant(0.0)
        for i in tf.range(tf.shape(indices)[0]):
            step_loss, step_correct = self._train_step(indices[i], draws[i], rates[i])
            loss += step_loss
            correct += step_correct
        return loss, correct

    def _train_step(self, index: Any, draws: Any, rate: Any) -> Any:
        parts = self._parts
        images, labels = (tf.gather(data, index) for data in self._train_data)
        images, targets = augmentation.augment(parts.augmentation, images, labels, draws)
        parts.optimizer.learning_rate.assign(rate)
        variables = parts.model.trainable_variables
        with tf.GradientTape() as tape:
            logits = parts.model(tf.cast(images, tf.float32), training=True)
            losses = targets.weigh(lambda y: self._losses(y, logits))
            mean = tf.reduce_mean(losses)
        gradients = tape.gradient(mean, [v.value for v in variables])
        parts.optimizer.apply(gradients, variables)
        return tf.reduce_sum(losses), tf.reduce_sum(targets.weigh(lambda y: _hits(y, logits)))

    def _losses(self, labels: Any, logits: Any) -> Any:
        return sample_losses(self._parts.loss, labels, logits, self._parts.class_weights)

    def _evaluate_steps(self, indices: Any, weights: Any) -> Any:
        loss, correct = tf.constant(0.0), tf.constant(0.0)
        for i in tf.range(tf.shape(indices)[0]):
            images, labels = (tf.gather(data, indices[i]) for data in self._val_data)
            logits = self._parts.model(tf.cast(images, tf.float32), training=False)
            loss += tf.reduce_sum(sample_losses(CROSS_ENTROPY, labels, logits) * weights[i])
            correct += tf.reduce_sum(_hits(labels, logits) * weights[i])
        return loss, correct


def _on_device(images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64]) -> tuple[Any, Any]:
    return tf.constant(images), tf.constant(labels, tf.int32)


def _hits(labels: Any, logits: Any) -> Any:
    """1 for every image whose class is found, else 0."""
    hits = tf.equal(tf.argmax(logits, axis=-1, output_type=tf.int32), labels)
    return tf.cast(hits, tf.float32)
