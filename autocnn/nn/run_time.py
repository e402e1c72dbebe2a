"""Settings that leave a compiled program as it is: it takes them as arguments.

Compiling a training step for a GPU takes longer than many trainings. Two configurations that differ
only in rates of dropout, weight decay, momentum and the numbers of their loss share one program:
while it is traced, these settings are arguments; `run_time_values` are what is then passed.
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
ALWAYS_DECAYING = ("adamw", "muon")  # their weight decay may be 0 without being left out


@dataclass(frozen=True, slots=True)
class LossValues:
    """A loss whose numbers may be tracers; it looks like `autocnn.space.config.Loss`."""

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
    """`keras.optimizers.SGD` with a momentum that may be a tracer, but has been above 0."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step of one variable."""
        step = ops.cast(learning_rate, variable.dtype) * ops.cast(gradient, variable.dtype)
        velocity = self.momentums[self._get_variable_index(variable)]
        momentum = ops.cast(self.momentum, variable.dtype)
        moved = velocity * momentum - step
        self.assign(velocity, moved)
        self.assign_add(variable, moved * momentum - step if self.nesterov else moved)


def run_time_values(model: keras.Model, optimizer: Any, loss: Loss) -> Values:
    """The numbers to call a program with."""
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
    """Let model and optimizer speak of `values` while a program is traced; gives the loss."""
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
    """The optimizer's settings that may be arguments."""
    names = [] if optimizer.weight_decay is None else ["weight_decay"]
    if isinstance(optimizer, keras.optimizers.Muon):
        names.append("adam_weight_decay")
    return [*names, "momentum"] if isinstance(optimizer, RunTimeSGD) else names


def program_of(config: TrialConfig) -> TrialConfig:
    """`config` with everything set alike that leaves its program as it is.

    Two configurations with equal results share one program, given the same images and precision.
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
        return before  # a builder's own optimizer may compile its settings in
    decays = before.name in ALWAYS_DECAYING or before.weight_decay > 0
    moves = before.name in WITH_MOMENTUM and before.momentum > 0
    return Optimizer(
        name=before.name,
        learning_rate=1.0,
        momentum=0.5 if moves else 0.0,
        weight_decay=1.0 if decays else 0.0,
    )


def _same_augmentation(settings: Augmentation) -> Augmentation:
    """What is drawn is passed as an array; only which kinds of change there are is compiled."""
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
