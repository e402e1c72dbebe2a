"""The changes of an ablation: configurations that differ from a given one in one factor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from autocnn.errors import SettingsError, did_you_mean
from autocnn.space.config import (
    Augmentation,
    Block,
    Dense,
    EarlyStopping,
    Loss,
    Schedule,
    TrialConfig,
)
from autocnn.space.expand import CUSTOMARY_LEARNING_RATE

ADDED_DROPOUT = 0.25  # for a network without dropout
ADDED_SHIFT = 1  # pixels, for a network without augmentation
ADDED_SMOOTHING = 0.1  # of the labels, for a cross-entropy without smoothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A configuration that differs from another one in one factor."""

    factor: str
    description: str  # the new value and the old one
    config: TrialConfig


def changes(config: TrialConfig, factors: Sequence[str] = ()) -> list[Change]:
    """The changes of `config`, one for each factor; a factor that it does not have is left out.

    `factors` are names of FACTORS; without any, DEFAULT_FACTORS are changed.

    Raises: SettingsError for an unknown factor.
    """
    for name in factors:
        if name not in FACTORS:
            known = ", ".join(FACTORS)
            hint = did_you_mean(name, FACTORS)
            raise SettingsError(f"--factors: no factor is named {name!r}; {hint}known: {known}")
    found = []
    for name in factors or DEFAULT_FACTORS:
        changed = FACTORS[name](config)
        if changed is not None and changed[1] != config:
            found.append(Change(factor=name, description=changed[0], config=changed[1]))
    return found


_Changed = tuple[str, TrialConfig] | None  # a description and the changed configuration


def _blocks(config: TrialConfig, change: Callable[[Block], Block]) -> TrialConfig:
    return replace(config, blocks=tuple(change(block) for block in config.blocks))


def _parts(config: TrialConfig) -> tuple[Block | Dense, ...]:
    return (*config.blocks, *config.dense)


def _dropout(config: TrialConfig) -> _Changed:
    if any(part.dropout for part in _parts(config)):
        without = _blocks(config, lambda block: replace(block, dropout=0.0))
        dense = tuple(replace(layer, dropout=0.0) for layer in config.dense)
        return "no dropout", replace(without, dense=dense)
    what = f"dropout of {ADDED_DROPOUT} before the output"
    if config.dense:
        layer = replace(config.dense[-1], dropout=ADDED_DROPOUT)
        return what, replace(config, dense=(*config.dense[:-1], layer))
    if not config.blocks:
        return None
    block = replace(config.blocks[-1], dropout=ADDED_DROPOUT)
    return what, replace(config, blocks=(*config.blocks[:-1], block))


def _downsampling(config: TrialConfig) -> _Changed:
    def strided(block: Block) -> Block:
        is_pooled = block.pool != "none" and block.pool_size > 1 and block.stride == 1
        return replace(block, pool="none", stride=block.pool_size) if is_pooled else block

    def pooled(block: Block) -> Block:
        is_strided = block.stride > 1 and block.pool == "none"
        return replace(block, pool="max", pool_size=block.stride, stride=1) if is_strided else block

    if _blocks(config, strided) != config:
        return "strides for pooling", _blocks(config, strided)
    return "max pooling for strides", _blocks(config, pooled)


def _pooling(config: TrialConfig) -> _Changed:
    other = {"max": "average", "average": "max", "none": "none"}
    kinds = {block.pool for block in config.blocks} - {"none"}
    if len(kinds) != 1:
        return None
    (kind,) = kinds
    swapped = _blocks(config, lambda block: replace(block, pool=other[block.pool]))
    return f"{other[kind]} pooling for {kind} pooling", swapped


def _optimizer(config: TrialConfig) -> _Changed:
    """Another optimizer with the same multiple of its customary rate and the same decay a step."""
    before = config.optimizer
    name = "adamw" if before.name in ("sgd", "momentum", "nesterov") else "nesterov"
    scale = before.learning_rate / CUSTOMARY_LEARNING_RATE[before.name]
    rate = scale * CUSTOMARY_LEARNING_RATE[name]
    decay = before.weight_decay * before.learning_rate / rate
    after = replace(before, name=name, learning_rate=rate, momentum=0.9, weight_decay=decay)
    return f"{name} for {before.name}", replace(config, optimizer=after)


def _normalisation(config: TrialConfig) -> _Changed:
    if any(part.normalisation != "none" for part in _parts(config)):
        without = _blocks(config, lambda block: replace(block, normalisation="none"))
        dense = tuple(replace(layer, normalisation="none") for layer in config.dense)
        return "no normalisation", replace(without, dense=dense)
    return "batch normalisation", _blocks(
        config, lambda block: replace(block, normalisation="batch")
    )


def _augmentation(config: TrialConfig) -> _Changed:
    if config.augmentation != Augmentation():
        return "no augmentation", replace(config, augmentation=Augmentation())
    shifted = Augmentation(shift=ADDED_SHIFT)
    return f"shifts of {ADDED_SHIFT} pixel", replace(config, augmentation=shifted)


def _early_stopping(config: TrialConfig) -> _Changed:
    before = config.early_stopping
    what = "no early stopping" if before.enabled else "early stopping"
    after = replace(before, enabled=False) if before.enabled else EarlyStopping(patience=3)
    return what, replace(config, early_stopping=after)


def _schedule(config: TrialConfig) -> _Changed:
    if config.schedule.name != "constant":
        what = f"constant rate for {config.schedule.name}"
        return what, replace(config, schedule=Schedule())
    return "one-cycle rate", replace(config, schedule=Schedule(name="one_cycle", warmup=0.25))


def _width(factor: float) -> Callable[[TrialConfig], _Changed]:
    def change(config: TrialConfig) -> _Changed:
        def scaled(count: int) -> int:
            return max(1, round(count * factor))

        wide = _blocks(config, lambda b: replace(b, filters=tuple(map(scaled, b.filters))))
        dense = tuple(replace(layer, units=scaled(layer.units)) for layer in config.dense)
        return ("half" if factor < 1 else "double") + " width", replace(wide, dense=dense)

    return change


def _block_less(config: TrialConfig) -> _Changed:
    if len(config.blocks) < 2:
        return None
    return "one block less (the last)", replace(config, blocks=config.blocks[:-1])


def _convolution_less(config: TrialConfig) -> _Changed:
    if not any(len(block.filters) > 1 for block in config.blocks):
        return None
    fewer = _blocks(config, lambda b: replace(b, filters=b.filters[: max(1, len(b.filters) - 1)]))
    return "one convolution less in each block", fewer


def _loss(config: TrialConfig) -> _Changed:
    if config.loss.name == "focal":
        return "cross-entropy for focal loss", replace(config, loss=Loss())
    if config.loss.label_smoothing:
        return "no label smoothing", replace(config, loss=Loss())
    smoothed = Loss(label_smoothing=ADDED_SMOOTHING)
    return f"label smoothing of {ADDED_SMOOTHING}", replace(config, loss=smoothed)


def _activation(config: TrialConfig) -> _Changed:
    used = {part.activation for part in _parts(config)}
    name = "silu" if used == {"relu"} else "relu"
    changed = _blocks(config, lambda block: replace(block, activation=name))
    dense = tuple(replace(layer, activation=name) for layer in config.dense)
    return f"{name} for {', '.join(sorted(used - {name}))}", replace(changed, dense=dense)


def _head(config: TrialConfig) -> _Changed:
    head = "global_average" if config.head == "flatten" else "flatten"
    return f"{head} for {config.head}", replace(config, head=head) if config.blocks else config


def _batch_size(config: TrialConfig) -> _Changed:
    size = 2 * config.batch_size
    return f"batches of {size} for {config.batch_size}", replace(config, batch_size=size)


def _weight_decay(config: TrialConfig) -> _Changed:
    return "no weight decay", replace(config, optimizer=replace(config.optimizer, weight_decay=0.0))


def _kernel(config: TrialConfig) -> _Changed:
    sides = {block.kernel for block in config.blocks}
    side = 5 if sides == {3} else 3
    changed = _blocks(config, lambda block: replace(block, kernel=side))
    return f"kernels of {side} x {side}", changed


FACTORS: dict[str, Callable[[TrialConfig], _Changed]] = {
    "dropout": _dropout,
    "downsampling": _downsampling,
    "pooling": _pooling,
    "optimizer": _optimizer,
    "normalisation": _normalisation,
    "augmentation": _augmentation,
    "early_stopping": _early_stopping,
    "half_width": _width(0.5),
    "double_width": _width(2.0),
    "block_less": _block_less,
    "convolution_less": _convolution_less,
    "schedule": _schedule,
    "activation": _activation,
    "kernel": _kernel,
    "head": _head,
    "loss": _loss,
    "weight_decay": _weight_decay,
    "batch_size": _batch_size,
}
DEFAULT_FACTORS: Iterable[str] = tuple(list(FACTORS)[:13])
