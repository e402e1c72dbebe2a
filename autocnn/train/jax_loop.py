"""The training loop in JAX: one compiled step, called from Python (never a scan on a CPU)."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from autocnn.nn import augmentation
from autocnn.nn.loss import sample_losses
from autocnn.space.config import Loss
from autocnn.train.parts import Sums, TrainingParts

CROSS_ENTROPY = Loss()


class JaxStepper:
    """Compiled steps for one model; its variables are brought up to date after every call."""

    def __init__(self, parts: TrainingParts) -> None:
        self._parts = parts
        self._train_data = _on_device(parts.train_images, parts.train_labels)
        self._val_data = _on_device(parts.val_images, parts.val_labels)
        rate = parts.optimizer.learning_rate
        self._rate_at = next(i for i, v in enumerate(parts.optimizer.variables) if v is rate)
        self._train_step = jax.jit(self._step, donate_argnums=(0,))
        self._evaluate_step = jax.jit(self._evaluate)

    def train(
        self,
        indices: npt.NDArray[np.int32],
        draws: npt.NDArray[Any],
        rates: npt.NDArray[np.float32],
    ) -> Sums:
        """Take one optimizer step a row of `indices`."""
        state = tuple([jnp.array(v.value) for v in group] for group in self._variables())
        loss, correct = jnp.zeros(()), jnp.zeros(())
        for index, draw, rate in zip(indices, draws, rates, strict=True):
            state, (step_loss, step_correct) = self._train_step(
                state, self._train_data, index, draw, rate
            )
            loss, correct = loss + step_loss, correct + step_correct
        for group, values in zip(self._variables(), state, strict=True):
            for variable, value in zip(group, values, strict=True):
                variable.assign(value)
        return Sums(float(loss), float(correct))

    def evaluate(self, indices: npt.NDArray[np.int32], weights: npt.NDArray[np.float32]) -> Sums:
        """Cross-entropy and hits over the validation images named by `indices`."""
        trainable, other, _ = ([v.value for v in group] for group in self._variables())
        loss, correct = jnp.zeros(()), jnp.zeros(())
        for index, weight in zip(indices, weights, strict=True):
            a, b = self._evaluate_step(trainable, other, self._val_data, index, weight)
            loss, correct = loss + a, correct + b
        return Sums(float(loss), float(correct))

    def _variables(self) -> tuple[list[Any], list[Any], list[Any]]:
        model, optimizer = self._parts.model, self._parts.optimizer
        return model.trainable_variables, model.non_trainable_variables, optimizer.variables

    def _step(self, state: Any, data: Any, index: Any, draws: Any, rate: Any) -> Any:
        parts, (trainable, other, slots) = self._parts, state
        images, labels = (jnp.take(x, index, axis=0) for x in data)
        images, targets = augmentation.augment(parts.augmentation, images, labels, draws)

        def objective(weights: Any) -> Any:
            logits, updated = parts.model.stateless_call(
                weights, other, images.astype("float32"), training=True
            )
            losses = targets.weigh(lambda y: self._losses(y, logits))
            correct = targets.weigh(lambda y: _hits(y, logits)).sum()
            return losses.mean(), (losses.sum(), correct, updated)

        gradients, (loss, correct, other) = jax.grad(objective, has_aux=True)(trainable)
        slots = [rate if i == self._rate_at else slot for i, slot in enumerate(slots)]
        trainable, slots = parts.optimizer.stateless_apply(slots, gradients, trainable)
        return (trainable, other, slots), (loss, correct)

    def _losses(self, labels: Any, logits: Any) -> Any:
        return sample_losses(self._parts.loss, labels, logits, self._parts.class_weights)

    def _evaluate(self, trainable: Any, other: Any, data: Any, index: Any, weight: Any) -> Any:
        images, labels = (jnp.take(x, index, axis=0) for x in data)
        logits, _ = self._parts.model.stateless_call(
            trainable, other, images.astype("float32"), training=False
        )
        losses = sample_losses(CROSS_ENTROPY, labels, logits)
        return (losses * weight).sum(), (_hits(labels, logits) * weight).sum()


def _on_device(images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64]) -> tuple[Any, Any]:
    return jnp.asarray(images), jnp.asarray(labels, jnp.int32)


def _hits(labels: Any, logits: Any) -> Any:
    """1 for every image whose class is found, else 0."""
    return (jnp.argmax(logits, axis=-1) == labels).astype("float32")
