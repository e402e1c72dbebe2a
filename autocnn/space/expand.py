"""The parameters that a space may have, and the function that expands their values to a network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autocnn.errors import Infeasible
from autocnn.space import config as c
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
from autocnn.space.parameters import Value


@dataclass(frozen=True, slots=True)
class Name:
    """The type and the range of a parameter's values, and its text in `autocnn spaces`."""

    kind: type
    low: float = 0
    high: float = float("inf")
    choices: tuple[str, ...] = ()
    architecture: bool = False  # True: cannot be given together with explicit blocks
    help: str = ""


def _arch(kind: type, low: float = 0, high: float = float("inf"), *, help: str) -> Name:
    return Name(kind, low, high, architecture=True, help=help)


MAX_LAYERS = 1000  # convolutions and hidden layers of a network; ResNet-1001 has as many
MAX_FILTERS = 1_000_000  # of a block

DOWNSAMPLING = ("max", "average", "stride", "none")

NAMES: dict[str, Name] = {
    "architecture": Name(
        str,
        choices=c.ARCHITECTURES,
        architecture=True,
        help="blocks, which the parameters below describe; or a network that is built by its name",
    ),
    "stem_filters": _arch(int, help="filters of a first convolution before the blocks; 0: none"),
    "stem_kernel": _arch(int, 1, help="side of the first convolution in pixels (default: kernel)"),
    "stem_stride": _arch(int, 1, help="stride of the first convolution (default 1)"),
    "blocks": _arch(
        int, 0, MAX_LAYERS, help="blocks of convolutions; 0: a fully connected network"
    ),
    "convolutions": _arch(int, 1, MAX_LAYERS, help="convolutions in each block"),
    "filters": _arch(int, 1, help="filters in the first block"),
    "growth": _arch(float, 0.1, help="filters of a block, divided by those of the block before"),
    "max_filters": _arch(int, 1, help="filters of any block, at most"),
    "kernel": _arch(int, 1, help="side of the convolutions in pixels"),
    "padding": Name(str, choices=c.PADDINGS, architecture=True),
    "activation": Name(str, choices=c.ACTIVATIONS, architecture=True),
    "downsampling": Name(
        str,
        choices=DOWNSAMPLING,
        architecture=True,
        help="how a block halves its map; the last block does not if a global head follows",
    ),
    "convolution": Name(
        str,
        choices=c.CONVOLUTIONS,
        architecture=True,
        help="kind of the blocks' convolutions; separable: depthwise, then 1x1",
    ),
    "residual": Name(bool, architecture=True, help="each block's convolutions are bypassed"),
    "normalisation": Name(str, choices=c.NORMALISATIONS, architecture=True),
    "normalisation_place": Name(str, choices=c.NORMALISATION_PLACES, architecture=True),
    "dropout": _arch(float, 0, 0.95, help="rate at the end of each block"),
    "dropout_kind": Name(str, choices=c.DROPOUT_KINDS, architecture=True),
    "dense_layers": _arch(int, 0, MAX_LAYERS, help="hidden fully connected layers"),
    "dense_units": _arch(int, 1, help="units in each hidden layer"),
    "dense_normalisation": Name(str, choices=c.NORMALISATIONS, architecture=True),
    "dense_dropout": _arch(float, 0, 0.95, help="rate after each hidden layer"),
    "head": Name(str, choices=c.HEADS, help="from feature maps to a vector"),
    "logits_bias": Name(bool),
    "logits_scale": Name(float, 1e-6, help="a constant factor of the logits"),
    "pixels": Name(str, choices=c.PIXELS, help="how pixels are scaled"),
    "batch_size": Name(int, 1),
    "loss": Name(str, choices=c.LOSSES),
    "label_smoothing": Name(float, 0, 0.95),
    "focal_gamma": Name(float, 0),
    "optimizer": Name(str, choices=c.OPTIMIZERS),
    "learning_rate": Name(float, 1e-12, help="the schedule's peak"),
    "learning_rate_scale": Name(
        float, 1e-6, help="peak rate, divided by the customary rate for the size of the batch"
    ),
    "momentum": Name(float, 0, 0.9999),
    "weight_decay": Name(float, help="shrinks weights by rate * weight_decay in each update"),
    "decay_scale": Name(
        float, help="weight decay with the effect on an update that it has at AdamW's usual rate"
    ),
    "schedule": Name(str, choices=c.SCHEDULES),
    "warmup": Name(float, 0, 0.99, help="fraction of the horizon with a rising rate"),
    "rotation": Name(float, 0, 180, help="largest random rotation in degrees"),
    "zoom": Name(float, 0, 0.95, help="random scaling by a factor of 1 - zoom to 1 + zoom"),
    "shear": Name(float, 0, 85, help="largest random slant in degrees"),
    "flip": Name(bool, help="random left-right flips"),
    "alternating_flip": Name(bool, help="flips at random first, then every other epoch"),
    "shift": Name(int, help="largest random shift in pixels"),
    "shift_fraction": Name(
        float, 0, 0.5, help="largest random shift, divided by the shorter side of the images"
    ),
    "shift_padding": Name(str, choices=c.SHIFT_PADDINGS, help="pixels that move in from outside"),
    "cutout": Name(int, help="side in pixels of a square that is painted over"),
    "cutout_fraction": Name(
        float, 0, 0.9, help="side of a square that is painted over, divided by the shorter side"
    ),
    "mixup": Name(float, help="alpha of mixup's Beta distribution; 0: off"),
    "early_stopping": Name(bool),
    "patience": Name(int, 1, help="epochs without improvement before early stopping"),
    "min_delta": Name(float, help="least improvement of the score"),
}

# The usual first choice of a rate, for batches of CUSTOMARY_BATCH and a schedule that decays.
CUSTOMARY_LEARNING_RATE = {
    "sgd": 0.2,
    "momentum": 0.05,
    "nesterov": 0.05,
    "rmsprop": 2e-3,
    "adagrad": 0.03,
    "adadelta": 1.0,
    "adam": 4e-3,
    "adamw": 4e-3,
    "nadam": 4e-3,
    "lion": 4e-4,
    "muon": 4e-3,
}
CUSTOMARY_BATCH = 128
LINEAR = ("sgd", "momentum", "nesterov")  # their rate grows with the batch; others: with its root
DECAY_RATE = CUSTOMARY_LEARNING_RATE["adamw"]  # at which `decay_scale` is a weight decay


def scale_rate(optimizer: str, factor: float) -> float:
    """The factor of the learning rate if the batch grows by `factor`.

    Source: arXiv:1706.02677 for stochastic gradient descent (linear), arXiv:2205.10287 for rules
    that divide by the size of the gradients (square root).
    """
    return factor if optimizer in LINEAR else math.sqrt(factor)


def expand(
    values: Mapping[str, Value],
    blocks: Sequence[Block] | None = None,
    dense: Sequence[Dense] | None = None,
) -> TrialConfig:
    """The configuration at the point `values`, with explicit blocks and dense layers if given.

    Raises: Infeasible, before anything is expanded, for more than MAX_LAYERS or MAX_FILTERS.
    """
    explicit = blocks is not None or dense is not None
    if not explicit:
        _check_size(values)
    return TrialConfig(
        blocks=tuple(blocks or ()) if explicit else (*_stem(values), *_blocks(values)),
        dense=tuple(dense or ()) if explicit else _dense(values),
        loss=_pick(Loss, values, name="loss"),
        optimizer=_optimizer(values),
        schedule=_pick(Schedule, values, name="schedule"),
        augmentation=_pick(Augmentation, values),
        early_stopping=_pick(EarlyStopping, values, enabled="early_stopping"),
        **_given(
            values, "architecture", "head", "logits_bias", "logits_scale", "pixels", "batch_size"
        ),
    )


def _check_size(values: Mapping[str, Value]) -> None:
    n_blocks = int(values.get("blocks", 0))
    layers = n_blocks * int(values.get("convolutions", 1)) + int(values.get("dense_layers", 0))
    if layers > MAX_LAYERS:
        raise Infeasible(f"{layers:,} layers are above the limit of {MAX_LAYERS:,}")
    growth, width = float(values.get("growth", 2.0)), float(values.get("filters", 32))
    if n_blocks > 1 and growth > 1 and "max_filters" not in values:
        most = math.log(MAX_FILTERS / width) / math.log(growth)  # blocks after the first
        if n_blocks - 1 > most:
            raise Infeasible(f"block {n_blocks} has more filters than the limit of {MAX_FILTERS:,}")


def _given(values: Mapping[str, Value], *names: str) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values}


def _pick(cls: Any, values: Mapping[str, Value], **renamed: str) -> Any:
    """A `cls` whose fields have the values of equal name; `renamed` maps a field to a parameter."""
    fields = {field: renamed.get(field, field) for field in cls.__dataclass_fields__}
    return cls(**{field: values[name] for field, name in fields.items() if name in values})


def _optimizer(values: Mapping[str, Value]) -> Optimizer:
    name = str(values.get("optimizer", "adam"))
    given = _given(values, "momentum", "weight_decay")
    rate = float(values.get("learning_rate", 0.0)) or _customary_rate(name, values)
    if "decay_scale" in values:
        given["weight_decay"] = float(values["decay_scale"]) * DECAY_RATE / rate
    return Optimizer(name=name, learning_rate=rate, **given)


def _customary_rate(optimizer: str, values: Mapping[str, Value]) -> float:
    """The customary rate for the size of the batch, times `learning_rate_scale`."""
    batch = max(1, int(values.get("batch_size", CUSTOMARY_BATCH)))
    scale = float(values.get("learning_rate_scale", 1.0))
    grown = scale_rate(optimizer, batch / CUSTOMARY_BATCH)
    return CUSTOMARY_LEARNING_RATE[optimizer] * scale * grown


_LOOK = ("padding", "activation", "normalisation", "normalisation_place")


def _stem(values: Mapping[str, Value]) -> tuple[Block, ...]:
    filters = int(values.get("stem_filters", 0))
    if filters == 0:
        return ()
    kernel = int(values.get("stem_kernel", values.get("kernel", 3)))
    stride = int(values.get("stem_stride", 1))
    return (Block(filters=(filters,), kernel=kernel, stride=stride, **_given(values, *_LOOK)),)


def _blocks(values: Mapping[str, Value]) -> tuple[Block, ...]:
    n_blocks = int(values.get("blocks", 0))
    width = float(values.get("filters", 32))
    growth = float(values.get("growth", 2.0))
    most = int(values.get("max_filters", MAX_FILTERS))
    n_convolutions = int(values.get("convolutions", 1))
    how = str(values.get("downsampling", "max"))
    is_global = values.get("head", "flatten") != "flatten"
    common = _given(values, *_LOOK, "kernel", "convolution", "residual", "dropout", "dropout_kind")
    result = []
    for i in range(n_blocks):
        halves = how != "none" and not (is_global and i == n_blocks - 1)
        result.append(
            Block(
                filters=(_grown(width, growth, i, most),) * n_convolutions,
                stride=2 if halves and how == "stride" else 1,
                pool=how if halves and how in ("max", "average") else "none",
                **common,
            )
        )
    return tuple(result)


def _grown(width: float, growth: float, i: int, most: int) -> int:
    """`width` times the `i`-th power of `growth`: a whole number from 1 to `most`."""
    if growth > 1 and math.log(width) + i * math.log(growth) > math.log(most) + 1:
        return most  # the power itself may be too large for a float
    return max(1, min(most, round(width * growth**i)))


def _dense(values: Mapping[str, Value]) -> tuple[Dense, ...]:
    renamed = {"dense_normalisation": "normalisation", "dense_dropout": "dropout"}
    given = {field: values[name] for name, field in renamed.items() if name in values}
    units = int(values.get("dense_units", 128))
    layer = Dense(units=units, **given, **_given(values, "activation"))  # type: ignore[arg-type]
    return (layer,) * int(values.get("dense_layers", 0))
