"""Settings that a compiled program takes as arguments, so that it need not be compiled again.

Compiling a training step for a GPU takes longer than many trainings. Two configurations that differ
only in rates of dropout, weight decay, momentum and the numbers of their loss share one program:
these settings are arguments while it is traced, and `run_time_values` are passed when it is called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import keras
from keras import ops

from autocnn.nn.augmentation import is_active, n_draws
from autocnn.space.config import (
    Augmentation,
    Block,
    Dense,
    EarlyStopping,
    Loss,
    Optimizer,
    Schedule,
    TrialConfig,
)

Values = dict[str, Any]  # numbers, or tracers of them
WITH_MOMENTUM = ("momentum", "nesterov")
ALWAYS_DECAYING = ("adamw", "muon")  # they compile weight decay in, even if it is 0


@dataclass(frozen=True, slots=True)
class LossValues:
    """A loss whose numbers may be tracers; its fields are those of `autocnn.space.config.Loss`."""

    name: str
    label_smoothing: Any
    focal_gamma: Any


class RunTimeDropout(keras.layers.Dropout):
    """`keras.layers.Dropout` at a rate that may be a tracer."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Drop units while training."""
        return _drop(self, inputs, ops.shape(inputs)) if training else inputs


class RunTimeSpatialDropout(keras.layers.SpatialDropout2D):
    """`keras.layers.SpatialDropout2D` at a rate that may be a tracer."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Drop feature maps while training."""
        n, _, _, channels = ops.shape(inputs)
        return _drop(self, inputs, (n, 1, 1, channels)) if training else inputs


def _drop(layer: Any, inputs: Any, shape: Any) -> Any:
    drawn = keras.random.uniform(shape, dtype="float32", seed=layer.seed_generator)
    kept = 1.0 - ops.cast(layer.rate, "float32")
    scaled = inputs / ops.cast(kept, inputs.dtype)
    return ops.where(drawn < kept, scaled, ops.zeros_like(inputs))


class RunTimeSGD(keras.optimizers.SGD):
    """`keras.optimizers.SGD` with a momentum that may be a tracer; at creation it is above 0."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Take one step of one variable."""
        step = ops.cast(learning_rate, variable.dtype) * ops.cast(gradient, variable.dtype)
        velocity = self.momentums[self._get_variable_index(variable)]
        momentum = ops.cast(self.momentum, variable.dtype)
        moved = velocity * momentum - step
        self.assign(velocity, moved)
        self.assign_add(variable, moved * momentum - step if self.nesterov else moved)


def run_time_values(model: keras.Model, optimizer: Any, loss: Loss) -> Values:
    """The numbers with which a program is called."""
    return {
        "dropout": [float(layer.rate) for layer in _dropouts(model)],
        "label_smoothing": float(loss.label_smoothing),
        "focal_gamma": float(loss.focal_gamma),
        **{name: float(getattr(optimizer, name)) for name in _settings(optimizer)},
    }


@contextmanager
def run_time(
    model: keras.Model, optimizer: Any, loss: Loss, values: Mapping[str, Any]
) -> Iterator[LossValues]:
    """Give `values` to model and optimizer while a program is traced; yields the loss."""
    before = run_time_values(model, optimizer, loss)
    _set(model, optimizer, values)
    try:
        yield LossValues(loss.name, values["label_smoothing"], values["focal_gamma"])
    finally:
        _set(model, optimizer, before)


def _set(model: keras.Model, optimizer: Any, values: Mapping[str, Any]) -> None:
    for layer, rate in zip(_dropouts(model), values["dropout"], strict=True):
        layer.rate = rate
    for name in _settings(optimizer):
        setattr(optimizer, name, values[name])


def _dropouts(model: keras.Model) -> list[Any]:
    kinds = (RunTimeDropout, RunTimeSpatialDropout)
    return [layer for layer in model.layers if isinstance(layer, kinds)]


def _settings(optimizer: Any) -> list[str]:
    """The names of the optimizer's settings that can be arguments."""
    names = [] if optimizer.weight_decay is None else ["weight_decay"]
    return [*names, "momentum"] if isinstance(optimizer, RunTimeSGD) else names


def program_of(config: TrialConfig) -> TrialConfig:
    """`config` with fixed values for all settings that its program takes as arguments.

    Two configurations for which this is equal share one program, if images and precision are equal.
    """

    def drops(part: Any) -> Any:
        return replace(part, dropout=0.5 if part.dropout else 0.0)

    blocks: tuple[Block, ...] = tuple(drops(block) for block in config.blocks)
    dense: tuple[Dense, ...] = tuple(drops(layer) for layer in config.dense)
    return replace(
        config,
        blocks=blocks,
        dense=dense,
        loss=Loss(name=config.loss.name),
        optimizer=_same_optimizer(config),
        schedule=Schedule(),
        augmentation=_same_augmentation(config.augmentation),
        early_stopping=EarlyStopping(),
    )


def _same_optimizer(config: TrialConfig) -> Optimizer:
    before = config.optimizer
    if config.architecture != "blocks":
        return before  # the optimizer of a builder may compile its settings in
    decays = before.name in ALWAYS_DECAYING or before.weight_decay > 0
    moves = before.name in WITH_MOMENTUM and before.momentum > 0
    return Optimizer(
        name=before.name,
        learning_rate=1.0,
        momentum=0.5 if moves else 0.0,
        weight_decay=1.0 if decays else 0.0,
    )


def _same_augmentation(settings: Augmentation) -> Augmentation:
    """`settings` with fixed limits: draws are an argument, only their kinds are compiled in."""
    if not is_active(settings):
        return Augmentation()
    turns = max(settings.rotation, settings.zoom, settings.shear) > 0
    same = Augmentation(
        rotation=1.0 if turns else 0.0,
        shift=1,
        shift_padding=settings.shift_padding,
        cutout=settings.cutout,
        mixup=1.0 if settings.mixup else 0.0,
    )
    assert n_draws(same) == n_draws(settings)
    return same
