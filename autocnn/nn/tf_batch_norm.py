"""Batch normalisation as TensorFlow's one fused operation.

Keras' layer is built from a dozen element-wise operations, which cost a CPU about half of a
training step of a small network. The weights are the same, in the same order, so a network that is
trained with this layer is exported with that of Keras.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


class FusedBatchNormalization(keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization` over the channels of feature maps (NHWC), fused."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalise by the batch's statistics while training, else by the moving ones."""
        arguments = {"epsilon": self.epsilon, "data_format": "NHWC"}
        beta = tf.cast(self.beta, tf.float32)
        gamma = tf.cast(self.gamma, tf.float32) if self.scale else tf.ones_like(beta)
        if not training:
            outputs, _, _ = tf.compat.v1.nn.fused_batch_norm(
                inputs,
                gamma,
                beta,
                mean=tf.convert_to_tensor(self.moving_mean),
                variance=tf.convert_to_tensor(self.moving_variance),
                is_training=False,
                **arguments,
            )
            return outputs
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs, gamma, beta, is_training=True, **arguments
        )
        n = tf.cast(tf.size(inputs) / tf.shape(inputs)[-1], tf.float32)
        self._move(self.moving_mean, mean)
        # The operation returns the sample variance; Keras stores that of the population.
        self._move(self.moving_variance, variance * (n - 1) / n)
        return outputs

    def _move(self, average: Any, value: Any) -> None:
        average.assign(average * self.momentum + value * (1 - self.momentum))
