"""`TrialConfig`: one point of a search space, as explicit blocks, layers and settings."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, get_type_hints

from autocnn.errors import SpaceError

ACTIVATIONS = ("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "tanh", "linear")
NORMALISATIONS = ("none", "batch", "layer", "group")
NORMALISATION_PLACES = ("before_activation", "after_activation", "after_dropout")
POOLS = ("none", "max", "average")
PADDINGS = ("same", "valid")
DROPOUT_KINDS = ("unit", "spatial")
ARCHITECTURES = ("blocks", "airbench94")
CONVOLUTIONS = ("standard", "separable")
HEADS = ("flatten", "global_average", "global_max")
PIXELS = ("standardize", "unit")
LOSSES = ("cross_entropy", "focal")
OPTIMIZERS = (
    "sgd",
    "momentum",
    "nesterov",
    "rmsprop",
    "adagrad",
    "adadelta",
    "adam",
    "adamw",
    "nadam",
    "lion",
    "muon",
)
SCHEDULES = ("constant", "step", "cosine", "one_cycle")
SHIFT_PADDINGS = ("zero", "edge", "reflect")


def _one_of(where: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise SpaceError(f"{where} must be one of {', '.join(choices)}, got {value!r}")


def _at_least(where: str, value: float, low: float) -> None:
    if not value >= low:
        raise SpaceError(f"{where} must be >= {low}, got {value!r}")


def _fraction(where: str, value: float) -> None:
    if not 0 <= value < 1:
        raise SpaceError(f"{where} must be in [0, 1), got {value!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Several convolutions, each with normalisation and activation; then pooling and dropout.

    In a residual block the input of the first convolution is added to the output of the last
    activation, before pooling; nothing follows the sum. If the shape changes, a 1x1 convolution of
    the block's stride projects the input first, with the block's normalisation if its place is
    before the activation.
    """

    filters: tuple[int, ...]  # one number for each convolution
    kernel: int = 3  # side in pixels
    convolution: str = "standard"  # separable: depthwise, then 1x1 (arXiv:1610.02357)
    residual: bool = False
    stride: int = 1  # of the block's last convolution, as an alternative to pooling
    padding: str = "same"
    activation: str = "relu"
    normalisation: str = "none"
    normalisation_place: str = "before_activation"  # after_dropout: only at the block's end
    pool: str = "none"
    pool_size: int = 2  # side and stride in pixels
    dropout: float = 0.0  # rate, after pooling
    dropout_kind: str = "unit"  # spatial: whole feature maps are dropped

    def __post_init__(self) -> None:
        if not self.filters:
            raise SpaceError("block.filters must name at least one convolution, got []")
        for count in self.filters:
            _at_least("block.filters", count, 1)
        for name in ("kernel", "stride", "pool_size"):
            _at_least(f"block.{name}", getattr(self, name), 1)
        _one_of("block.convolution", self.convolution, CONVOLUTIONS)
        _one_of("block.padding", self.padding, PADDINGS)
        _one_of("block.activation", self.activation, ACTIVATIONS)
        _one_of("block.normalisation", self.normalisation, NORMALISATIONS)
        _one_of("block.normalisation_place", self.normalisation_place, NORMALISATION_PLACES)
        _one_of("block.pool", self.pool, POOLS)
        _one_of("block.dropout_kind", self.dropout_kind, DROPOUT_KINDS)
        _fraction("block.dropout", self.dropout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dense:
    """One hidden fully connected layer, followed by dropout."""

    units: int
    activation: str = "relu"
    normalisation: str = "none"
    normalisation_place: str = "before_activation"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        _at_least("dense.units", self.units, 1)
        _one_of("dense.activation", self.activation, ACTIVATIONS)
        _one_of("dense.normalisation", self.normalisation, NORMALISATIONS)
        _one_of("dense.normalisation_place", self.normalisation_place, NORMALISATION_PLACES)
        _fraction("dense.dropout", self.dropout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """The loss that training minimises."""

    name: str = "cross_entropy"
    label_smoothing: float = 0.0
    focal_gamma: float = 2.0  # of the focal loss only

    def __post_init__(self) -> None:
        _one_of("loss.name", self.name, LOSSES)
        _fraction("loss.label_smoothing", self.label_smoothing)
        _at_least("loss.focal_gamma", self.focal_gamma, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimizer:
    """The update rule and its settings; weight decay is decoupled (AdamW's)."""

    name: str = "adam"
    learning_rate: float = 1e-3  # the schedule's peak
    momentum: float = 0.9  # of the optimizers momentum and nesterov only
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        _one_of("optimizer.name", self.name, OPTIMIZERS)
        if not self.learning_rate > 0:
            raise SpaceError(f"optimizer.learning_rate must be > 0, got {self.learning_rate!r}")
        _fraction("optimizer.momentum", self.momentum)
        _at_least("optimizer.weight_decay", self.weight_decay, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The course of the learning rate over the study's horizon."""

    name: str = "constant"
    warmup: float = 0.0  # fraction of the horizon with a rising rate

    def __post_init__(self) -> None:
        _one_of("schedule.name", self.name, SCHEDULES)
        _fraction("schedule.warmup", self.warmup)


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """Random changes of the training images, in the order in which they are applied."""

    rotation: float = 0.0  # largest angle in degrees, in both directions
    zoom: float = 0.0  # images are scaled by a factor of 1 - zoom to 1 + zoom
    shear: float = 0.0  # largest sideways slant in degrees, in both directions
    flip: bool = False  # left-right, with probability 1/2
    alternating_flip: bool = False  # random in epoch 1, then in every other one (2404.00498)
    shift: int = 0  # largest distance in pixels, in all four directions
    shift_padding: str = "zero"  # pixels that move in from outside, by a rotation too
    cutout: int = 0  # side in pixels of the square of mean colour (arXiv:1708.04552)
    mixup: float = 0.0  # alpha of the Beta distribution of shares (arXiv:1710.09412); 0: off

    def __post_init__(self) -> None:
        for name, high in (("rotation", 180), ("zoom", 0.95), ("shear", 85)):
            if not 0 <= getattr(self, name) <= high:
                value = getattr(self, name)
                raise SpaceError(f"augmentation.{name} must be from 0 to {high}, got {value!r}")
        for name in ("shift", "cutout", "mixup"):
            _at_least(f"augmentation.{name}", getattr(self, name), 0)
        _one_of("augmentation.shift_padding", self.shift_padding, SHIFT_PADDINGS)

    @property
    def varies(self) -> bool:
        """True if a network seldom sees an image twice: more than mirror images are made of it."""
        return any((self.rotation, self.zoom, self.shear, self.shift, self.cutout, self.mixup))


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyStopping:
    """The rule that ends a trial early; the weights of its best epoch are kept in any case."""

    enabled: bool = True
    patience: int = 5  # epochs without improvement
    min_delta: float = 0.0  # in units of the score: 0.01 is one point of an accuracy

    def __post_init__(self) -> None:
        _at_least("early_stopping.patience", self.patience, 1)
        _at_least("early_stopping.min_delta", self.min_delta, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialConfig:
    """One configuration: the network, layer by layer, and the settings of its training."""

    architecture: str = "blocks"  # or the name of a network with its own builder, without blocks
    blocks: tuple[Block, ...] = ()
    head: str = "flatten"  # from feature maps to a vector
    dense: tuple[Dense, ...] = ()
    logits_bias: bool = True
    logits_scale: float = 1.0  # a constant factor of the logits
    pixels: str = "standardize"  # by the training images' mean and deviation; unit: pixel / 255
    batch_size: int = 128
    loss: Loss = field(default_factory=Loss)
    optimizer: Optimizer = field(default_factory=Optimizer)
    schedule: Schedule = field(default_factory=Schedule)
    augmentation: Augmentation = field(default_factory=Augmentation)
    early_stopping: EarlyStopping = field(default_factory=EarlyStopping)

    def __post_init__(self) -> None:
        _one_of("architecture", self.architecture, ARCHITECTURES)
        if self.blocks and self.architecture != "blocks":
            raise SpaceError(f"architecture {self.architecture!r} has no blocks of its own choice")
        _one_of("head", self.head, HEADS)
        _one_of("pixels", self.pixels, PIXELS)
        if not self.logits_scale > 0:
            raise SpaceError(f"logits_scale must be > 0, got {self.logits_scale!r}")
        _at_least("batch_size", self.batch_size, 1)


def config_to_dict(config: TrialConfig) -> dict[str, Any]:
    """`config` as plain dictionaries and lists, ready for JSON."""
    return dataclasses.asdict(config)


def config_to_text(config: TrialConfig) -> str:
    """`config` as compact JSON: the text of `config_to_dict`, in a quarter of the time."""
    text = _part_text(config)
    if "inf" in text or "nan" in text:  # Python's words for these numbers are not JSON's
        return json.dumps(config_to_dict(config), separators=(",", ":"))
    return text


def _part_text(part: Any) -> str:
    template, read, others = _template_of(part.__class__)
    values: tuple[Any, ...] = read(part)
    if not others:
        return template % values
    cells = list(values)
    for place, as_text in others:
        cells[place] = as_text(cells[place])
    return template % tuple(cells)


_AsText = Callable[[Any], str]


@cache
def _template_of(kind: type[Any]) -> tuple[str, attrgetter[Any], list[tuple[int, _AsText]]]:
    """The text of a dataclass with two fields or more, less its values; their reader.

    Also the places of the values that are neither numbers nor words, each with what makes a text
    of it: Python writes finite numbers as JSON does, and a word is one of the choices of its field,
    in which JSON escapes nothing.
    """
    names, types = [f.name for f in dataclasses.fields(kind)], _types_of(kind)
    forms = {int: "%d", float: "%r", str: '"%s"'}
    others = [(place, _as_text(types[n])) for place, n in enumerate(names) if types[n] not in forms]
    pairs = [f"{json.dumps(n)}:{forms.get(types[n], '%s')}" for n in names]
    return "{" + ",".join(pairs) + "}", attrgetter(*names), others


def _as_text(kind: Any) -> _AsText:
    """What makes a text of values of this type, which is neither a number nor a word."""
    if kind is bool:
        return {True: "true", False: "false"}.__getitem__
    if getattr(kind, "__origin__", None) is not tuple:
        return _part_text
    if kind.__args__[0] is int:
        return cache(lambda numbers: json.dumps(numbers, separators=(",", ":")))
    return lambda parts: f"[{','.join([_part_text(part) for part in parts])}]"


def config_from_dict(data: Mapping[str, Any]) -> TrialConfig:
    """The inverse of `config_to_dict`.

    Raises: SpaceError on an unknown key or a value of the wrong type.
    """
    return _build(TrialConfig, data, "config")


_C = TypeVar("_C")


def _build(cls: type[_C], data: Any, where: str) -> _C:
    if not isinstance(data, Mapping):
        raise SpaceError(f"{where}: expected a table, got {data!r}")
    types = _types_of(cls)
    unknown = sorted(set(data) - set(types))
    if unknown:
        raise SpaceError(f"{where}.{unknown[0]}: unknown key; known: {', '.join(types)}")
    values = {key: convert(types[key], value, f"{where}.{key}") for key, value in data.items()}
    missing = [f.name for f in dataclasses.fields(cls) if _required(f) and f.name not in values]  # type: ignore[arg-type]
    if missing:
        raise SpaceError(f"{where}.{missing[0]}: this key is missing")
    try:
        return cls(**values)
    except SpaceError as error:
        raise SpaceError(f"{where}: {error}") from None


_types_of: Any = cache(get_type_hints)  # needed for every trial that is read


def _required(f: dataclasses.Field[Any]) -> bool:
    return f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING


def convert(kind: Any, value: Any, where: str) -> Any:
    """`value`, read from TOML or JSON, as `kind` (a type of this module's fields).

    Raises: SpaceError naming `where` on a value of the wrong type.
    """
    if dataclasses.is_dataclass(kind):
        return _build(kind, value, where)  # type: ignore[arg-type]
    if getattr(kind, "__origin__", None) is tuple:
        if not isinstance(value, (list, tuple)):
            raise SpaceError(f"{where}: expected a list, got {value!r}")
        item = kind.__args__[0]
        return tuple(convert(item, v, f"{where}[{i}]") for i, v in enumerate(value))
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        name = {int: "an integer", float: "a number", str: "a string", bool: "true or false"}[kind]
        raise SpaceError(f"{where}: expected {name}, got {value!r}")
    return value
