"""The training loop in TensorFlow: many steps in one graph call, on images held as one tensor."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from autocnn.data.dataset import Images
from autocnn.data.mapped_array import writable_view
from autocnn.nn import augmentation
from autocnn.nn.loss import sample_losses
from autocnn.space.config import Loss
from autocnn.train.stepper import Evaluation, Sums, TrainingParts, square_counts

CROSS_ENTROPY = Loss()
ALIGNMENT = 64  # bytes, of the memory that TensorFlow's kernels read


class TensorFlowStepper:
    """Compiled steps for one model."""

    def __init__(self, parts: TrainingParts) -> None:
        self._parts = parts
        self._data = load_images(parts.images)
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
        positions: npt.NDArray[np.int32],
        draws: npt.NDArray[Any],
        rates: npt.NDArray[np.float32],
    ) -> Sums:
        """Take one optimizer step for each row of `positions`, as `Stepper.train`."""
        indices = self._parts.train_indices[positions].astype(np.int32)
        loss, correct = self._train(indices, draws, rates)
        return Sums(float(loss), float(correct))

    def evaluate(
        self, positions: npt.NDArray[np.int32], weights: npt.NDArray[np.float32]
    ) -> Evaluation:
        """Cross-entropy and confusion matrix over validation images, as `Stepper.evaluate`."""
        indices = self._parts.val_indices[positions].astype(np.int32)
        loss, counts = self._evaluate(indices, weights)
        return Evaluation(float(loss), square_counts(counts.numpy(), self._n_classes()))

    def _n_classes(self) -> int:
        return int(self._parts.model.output_shape[-1])

    def _train_steps(self, indices: Any, draws: Any, rates: Any) -> Any:
        loss, correct = tf.constant(0.0), tf.constant(0.0)
        for i in tf.range(tf.shape(indices)[0]):
            step_loss, step_correct = self._train_step(indices[i], draws[i], rates[i])
            loss += step_loss
            correct += step_correct
        return loss, correct

    def _train_step(self, index: Any, draws: Any, rate: Any) -> Any:
        parts = self._parts
        images, labels = (tf.gather(array, index) for array in self._data)
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
        n_classes = self._n_classes()
        n_cells = n_classes**2
        loss, counts = tf.constant(0.0), tf.zeros([n_cells])
        for i in tf.range(tf.shape(indices)[0]):
            images, labels = (tf.gather(array, indices[i]) for array in self._data)
            logits = self._parts.model(tf.cast(images, tf.float32), training=False)
            loss += tf.reduce_sum(sample_losses(CROSS_ENTROPY, labels, logits) * weights[i])
            # A sum over segments stays in float32 under a bfloat16 option, a product would not.
            cells = labels * n_classes + _predicted(logits)
            counts += tf.math.unsorted_segment_sum(weights[i], cells, n_cells)
        return loss, counts


@lru_cache(maxsize=1)
def load_images(images: Images) -> tuple[Any, Any]:
    """Pixels and labels (int32) as tensors; those of the last images are kept for the process.

    On a CPU the tensor of a mapped file is the mapping itself; all else is copied.
    """
    return _load_pixels(images.images), tf.constant(images.labels, tf.int32)


def _load_pixels(pixels: npt.NDArray[np.uint8]) -> Any:
    is_mapped = isinstance(pixels, np.memmap) and pixels.ctypes.data % ALIGNMENT == 0
    view = writable_view(pixels) if is_mapped else None
    if view is None or tf.config.list_physical_devices("GPU"):
        return tf.constant(pixels)
    return tf.experimental.dlpack.from_dlpack(view.__dlpack__())


def _hits(labels: Any, logits: Any) -> Any:
    """1 for every image whose class is predicted, 0 for others."""
    return tf.cast(tf.equal(_predicted(logits), labels), tf.float32)


def _predicted(logits: Any) -> Any:
    return tf.argmax(logits, axis=-1, output_type=tf.int32)
