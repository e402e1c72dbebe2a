"""The training loop in JAX: on a GPU one compiled loop over many steps, on a CPU one step a call.

XLA runs the convolutions of a loop's body on one core of a CPU, so on a CPU the steps are called
from Python. The programs of the architectures that were trained last are kept; weights, rates of
learning, decay and dropout, and the draws of the augmentation are arguments of a program.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from autocnn.data.dataset import Images
from autocnn.nn import augmentation
from autocnn.nn.loss import sample_losses
from autocnn.nn.run_time import run_time, run_time_values
from autocnn.space.config import Loss
from autocnn.train.stepper import Evaluation, Sums, TrainingParts, square_counts

CROSS_ENTROPY = Loss()
KEPT_PROGRAMS = 16
_programs: OrderedDict[Any, _Program] = OrderedDict()  # the one used last is at the end


class JaxStepper:
    """Compiled steps for one model, whose variables are assigned after every call."""

    def __init__(self, parts: TrainingParts, *, loops: bool = False) -> None:
        """`loops`: the loop over the steps is compiled, too."""
        self._parts, self._loops = parts, loops
        self._program = find_program(parts)
        self._values = run_time_values(parts.model, parts.optimizer, parts.loss)
        self._data = load_images(parts.images)

    def train(
        self,
        positions: npt.NDArray[np.int32],
        draws: npt.NDArray[Any],
        rates: npt.NDArray[np.float32],
    ) -> Sums:
        """Take one optimizer step for each row of `positions`, as `Stepper.train`."""
        indices = self._parts.train_indices[positions].astype(np.int32)
        if self._loops:
            try:
                return self._train(self._in_a_loop(indices, draws, rates))
            except jax.errors.JaxRuntimeError as error:
                if "RESOURCE_EXHAUSTED" in str(error):
                    raise
                print(f"one step a call from now on, a loop fails: {error}", file=sys.stderr)
                self._loops = False
        return self._train(self._one_by_one(indices, draws, rates))

    def evaluate(
        self, positions: npt.NDArray[np.int32], weights: npt.NDArray[np.float32]
    ) -> Evaluation:
        """Cross-entropy and confusion matrix over validation images, as `Stepper.evaluate`."""
        n_classes = int(self._parts.model.output_shape[-1])
        indices = self._parts.val_indices[positions].astype(np.int32)
        trainable, other, _ = ([v.value for v in group] for group in self._variables())
        loss, counts = jnp.zeros(()), jnp.zeros(n_classes**2)
        for index, weight in zip(indices, weights, strict=True):
            sums = self._program.evaluate(trainable, other, self._data, index, weight)
            loss, counts = loss + sums[0], counts + sums[1]
        return Evaluation(float(loss), square_counts(counts, n_classes))

    def _train(self, ended: tuple[Any, Any]) -> Sums:
        state, (loss, correct) = ended
        for group, values in zip(self._variables(), state, strict=True):
            for variable, value in zip(group, values, strict=True):
                variable.assign(value)
        return Sums(float(loss), float(correct))

    def _state(self) -> Any:
        return tuple([jnp.array(v.value) for v in group] for group in self._variables())

    def _one_by_one(self, indices: Any, draws: Any, rates: Any) -> tuple[Any, Any]:
        state, loss, correct = self._state(), jnp.zeros(()), jnp.zeros(())
        for row in zip(indices, draws, rates, strict=True):
            state, sums = self._program.step(state, self._values, self._data, *row)
            loss, correct = loss + sums[0], correct + sums[1]
        return state, (loss, correct)

    def _in_a_loop(self, indices: Any, draws: Any, rates: Any) -> tuple[Any, Any]:
        """All steps in one call; arrays are padded to one length, so that one program fits all."""
        n, length = len(indices), max(len(indices), self._parts.chunk)
        rows = [
            np.concatenate([rows, np.zeros((length - n, *rows.shape[1:]), rows.dtype)])
            for rows in (indices, draws, rates)
        ]
        ended = self._program.loop(self._state(), self._values, self._data, n, rows)
        return ended[0], ended[1]

    def _variables(self) -> tuple[list[Any], list[Any], list[Any]]:
        model, optimizer = self._parts.model, self._parts.optimizer
        return model.trainable_variables, model.non_trainable_variables, optimizer.variables


def find_program(parts: TrainingParts) -> _Program:
    """The kept program that fits `parts`, or a new one."""
    if parts.program is None:
        return _Program(parts)
    # Shapes are not in the key: JAX itself compiles and keeps one program for each.
    program = _programs.pop(parts.program, None) or _Program(parts)
    _programs[parts.program] = program
    while len(_programs) > KEPT_PROGRAMS:
        _programs.popitem(last=False)
    return program


class _Program:
    """Compiled functions, traced with the first model of their kind; weights are arguments."""

    def __init__(self, parts: TrainingParts) -> None:
        self._model, self._optimizer, self._loss = parts.model, parts.optimizer, parts.loss
        self._augmentation, self._class_weights = parts.augmentation, parts.class_weights
        rate = parts.optimizer.learning_rate
        self._rate_at = next(i for i, v in enumerate(parts.optimizer.variables) if v is rate)
        self.step = jax.jit(self._step, donate_argnums=(0,))
        self.loop = jax.jit(self._loop, donate_argnums=(0,))
        self.evaluate = jax.jit(self._evaluate)

    def _loop(self, state: Any, values: Any, data: Any, n: Any, rows: Any) -> Any:
        def body(i: Any, carried: Any) -> Any:
            state, loss, correct = carried
            state, sums = self._step(state, values, data, *(row[i] for row in rows))
            return state, loss + sums[0], correct + sums[1]

        start = (state, jnp.zeros(()), jnp.zeros(()))
        state, loss, correct = jax.lax.fori_loop(0, n, body, start)
        return state, (loss, correct)

    def _step(self, state: Any, values: Any, data: Any, index: Any, draws: Any, rate: Any) -> Any:
        trainable, other, slots = state
        images, labels = (jnp.take(x, index, axis=0) for x in data)
        images, targets = augmentation.augment(self._augmentation, images, labels, draws)
        images = images.astype("float32")
        with run_time(self._model, self._optimizer, self._loss, values) as loss_values:

            def objective(weights: Any) -> Any:
                logits, updated = self._model.stateless_call(weights, other, images, training=True)
                losses = targets.weigh(
                    lambda y: sample_losses(loss_values, y, logits, self._class_weights)
                )
                correct = targets.weigh(lambda y: _hits(y, logits)).sum()
                return losses.mean(), (losses.sum(), correct, updated)

            gradients, (loss, correct, other) = jax.grad(objective, has_aux=True)(trainable)
            slots = [rate if i == self._rate_at else slot for i, slot in enumerate(slots)]
            trainable, slots = self._optimizer.stateless_apply(slots, gradients, trainable)
        return (trainable, other, slots), (loss, correct)

    def _evaluate(self, trainable: Any, other: Any, data: Any, index: Any, weight: Any) -> Any:
        images, labels = (jnp.take(x, index, axis=0) for x in data)
        logits, _ = self._model.stateless_call(
            trainable, other, images.astype("float32"), training=False
        )
        losses = sample_losses(CROSS_ENTROPY, labels, logits)
        n_classes = logits.shape[-1]
        cells = labels * n_classes + jnp.argmax(logits, axis=-1)
        counts = jnp.zeros(n_classes**2).at[cells].add(weight)
        return (losses * weight).sum(), counts


@lru_cache(maxsize=1)
def load_images(images: Images) -> tuple[Any, Any]:
    """Pixels and labels (int32) on the device; those of the last images are kept for the process.

    On a CPU the array of a mapped file is the mapping itself; all else is copied.
    """
    pixels = images.images
    is_mapped = isinstance(pixels, np.memmap)
    on_device = jax.device_put(np.asarray(pixels)) if is_mapped else jnp.asarray(pixels)
    return on_device, jnp.asarray(images.labels, jnp.int32)


def _hits(labels: Any, logits: Any) -> Any:
    """1 for every image whose class is predicted, 0 for others."""
    return (jnp.argmax(logits, axis=-1) == labels).astype("float32")
