"""The training loop in TensorFlow: many steps in one graph call, the data held as one tensor."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from autocnn.nn import augmentation
from autocnn.nn.loss import sample_losses
from autocnn.space.config import Loss
from autocnn.train.parts import Sums, TrainingParts

CROSS_ENTROPY = Loss()


class TensorFlowStepper:
    """Compiled steps for one model."""

    def __init__(self, parts: TrainingParts) -> None:
        self._parts = parts
        self._train_data = _on_device(parts.train_images, parts.train_labels)
        self._val_data = _on_device(parts.val_images, parts.val_labels)
        rows = tf.TensorSpec([None, None], tf.int32)
        draws = tf.TensorSpec([None, None, augmentation.N_DRAWS], tf.int32)
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
        draws: npt.NDArray[np.int32],
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
        if augmentation.is_active(parts.augmentation):
            images = augmentation.apply(images, draws)
        parts.optimizer.learning_rate.assign(rate)
        variables = parts.model.trainable_variables
        with tf.GradientTape() as tape:
            logits = parts.model(tf.cast(images, tf.float32), training=True)
            losses = sample_losses(parts.loss, labels, logits)
            mean = tf.reduce_mean(losses)
        gradients = tape.gradient(mean, [v.value for v in variables])
        parts.optimizer.apply(gradients, variables)
        return tf.reduce_sum(losses), _n_correct(labels, logits)

    def _evaluate_steps(self, indices: Any, weights: Any) -> Any:
        loss, correct = tf.constant(0.0), tf.constant(0.0)
        for i in tf.range(tf.shape(indices)[0]):
            images, labels = (tf.gather(data, indices[i]) for data in self._val_data)
            logits = self._parts.model(tf.cast(images, tf.float32), training=False)
            loss += tf.reduce_sum(sample_losses(CROSS_ENTROPY, labels, logits) * weights[i])
            correct += _n_correct(labels, logits, weights[i])
        return loss, correct


def _on_device(images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64]) -> tuple[Any, Any]:
    return tf.constant(images), tf.constant(labels, tf.int32)


def _n_correct(labels: Any, logits: Any, weights: Any = 1.0) -> Any:
    hits = tf.equal(tf.argmax(logits, axis=-1, output_type=tf.int32), labels)
    return tf.reduce_sum(tf.cast(hits, tf.float32) * weights)
