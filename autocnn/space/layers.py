"""The flat list of a configuration's layers, with output shapes, parameters and MACs.

The Keras model, the costs and the limits are all derived from this list.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from autocnn.errors import Infeasible
from autocnn.space.config import Block, Dense, TrialConfig

Shape = tuple[int, ...]  # (height, width, channels) of feature maps, (units,) of a vector
INPUT = "pixels"  # the name of the first layer's input
WHITENING = "whitening"  # the name of airbench94's first layer
AIRBENCH94_FILTERS = (64, 256, 256)  # of its three groups
AIRBENCH94_BATCH_NORM_MOMENTUM = 0.6
MAX_GROUPS = 8  # of group normalisation; the largest divisor of the channels up to this


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer; `kind` is a key of the table of builders in `autocnn.nn.model`."""

    kind: str
    name: str
    output_shape: Shape
    inputs: tuple[str, ...]  # names of its input layers: one, or two whose outputs are added
    settings: Mapping[str, Any] = field(default_factory=dict)
    parameters: int = 0  # trainable or not, as counted by Keras' count_params
    macs: int = 0  # multiply-accumulates for one image, forward


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """All layers, each after its inputs; the output of the last one is a logit for each class."""

    layers: tuple[Layer, ...]

    @property
    def parameters(self) -> int:
        """The number of weights of all layers, trainable or not."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def macs(self) -> int:
        """The multiply-accumulates of one image's forward pass."""
        return sum(layer.macs for layer in self.layers)


def conv_output_side(side: int, kernel: int, stride: int = 1, padding: str = "same") -> int:
    """The side in pixels of the feature map after one convolution or pooling.

    Raises: Infeasible if a "valid" kernel is larger than the image.
    Source: Dumoulin & Visin 2016, arXiv:1603.07285, relations 5 and 6.
    """
    if padding == "same":
        return math.ceil(side / stride)
    if kernel > side:
        raise Infeasible(f"a window of {kernel} pixels does not fit into {side} pixels")
    return (side - kernel) // stride + 1


def n_groups(channels: int) -> int:
    """The largest divisor of `channels` that is at most MAX_GROUPS."""
    return max(g for g in range(1, MAX_GROUPS + 1) if channels % g == 0)


def plan_network(config: TrialConfig, image_shape: tuple[int, int, int], n_classes: int) -> Network:
    """The layers of `config` for images of shape (height, width, channels).

    Raises: Infeasible if a feature map would shrink to nothing, or if "valid" padding shrinks it in
    a residual block.
    """
    plan = _Plan(image_shape)
    if config.architecture == "airbench94":
        _add_airbench94(plan)
    for i, block in enumerate(config.blocks, start=1):
        _add_block(plan, block, f"block{i}")
    plan.head(config.head)
    for i, dense in enumerate(config.dense, start=1):
        _add_dense(plan, dense, f"dense{i}")
    plan.dense(n_classes, "logits", bias=config.logits_bias)
    plan.scale(config.logits_scale, "logits_scale")
    return Network(layers=tuple(plan.layers))


def _add_airbench94(plan: _Plan) -> None:
    """Add the layers of arXiv:2404.00498; its pooling comes before normalisation and activation."""
    plan.conv("standard", 2 * 4 * plan.end.shape[-1], WHITENING, (2, 1, "valid"), bias=True)
    plan.activation("gelu", f"{WHITENING}_gelu")
    for i, filters in enumerate(AIRBENCH94_FILTERS, start=1):
        for j in (1, 2):
            prefix = f"group{i}_conv{j}"
            plan.conv("standard", filters, prefix, (3, 1, "same"), bias=False)
            if j == 1:
                plan.pool("max", 2, f"group{i}_pool")
            plan.shift_normalisation(f"{prefix}_norm", AIRBENCH94_BATCH_NORM_MOMENTUM)
            plan.activation("gelu", f"{prefix}_gelu")


def _add_block(plan: _Plan, block: Block, name: str) -> None:
    place = block.normalisation_place if block.normalisation != "none" else ""
    bias = not (place == "before_activation" and block.normalisation == "batch")
    start, last = plan.end, len(block.filters) - 1
    for j, filters in enumerate(block.filters):
        prefix = f"{name}_conv{j + 1}"
        window = (block.kernel, block.stride if j == last else 1, block.padding)
        plan.conv(block.convolution, filters, prefix, window, bias=bias)
        if place == "before_activation":
            plan.normalisation(block.normalisation, f"{prefix}_norm")
        plan.activation(block.activation, f"{prefix}_{block.activation}")
        if place == "after_activation":
            plan.normalisation(block.normalisation, f"{prefix}_norm")
    if block.residual:
        _add_bypass(plan, block, name, start, bias=bias)
    if block.pool != "none":
        plan.pool(block.pool, block.pool_size, f"{name}_pool")
    plan.dropout(block.dropout, f"{name}_dropout", spatial=block.dropout_kind == "spatial")
    if place == "after_dropout":
        plan.normalisation(block.normalisation, f"{name}_norm")


def _add_bypass(plan: _Plan, block: Block, name: str, start: End, *, bias: bool) -> None:
    """Add the input of a block, `start`, to the output of its convolutions."""
    end = plan.end
    if start.shape != end.shape:
        plan.end = start
        window = (1, block.stride, "same")
        plan.conv("standard", end.shape[-1], f"{name}_bypass", window, bias=bias)
        if block.normalisation != "none" and block.normalisation_place == "before_activation":
            plan.normalisation(block.normalisation, f"{name}_bypass_norm")
        start = plan.end
    if start.shape != end.shape:
        ways = (f"{height}x{width}" for height, width, _ in (end.shape, start.shape))
        raise Infeasible(
            f"the two ways through a residual block end at {' and '.join(ways)} pixels; "
            "padding must be same"
        )
    plan.add(end, start, f"{name}_add")


def _add_dense(plan: _Plan, dense: Dense, name: str) -> None:
    place = dense.normalisation_place if dense.normalisation != "none" else ""
    bias = not (place == "before_activation" and dense.normalisation == "batch")
    plan.dense(dense.units, name, bias=bias)
    if place == "before_activation":
        plan.normalisation(dense.normalisation, f"{name}_norm")
    plan.activation(dense.activation, f"{name}_{dense.activation}")
    if place == "after_activation":
        plan.normalisation(dense.normalisation, f"{name}_norm")
    plan.dropout(dense.dropout, f"{name}_dropout", spatial=False)
    if place == "after_dropout":
        plan.normalisation(dense.normalisation, f"{name}_norm")


@dataclass(frozen=True, slots=True)
class End:
    """The output to which a plan adds the next layer."""

    layer: str  # the name of the last layer
    shape: Shape


class _Plan:
    """A list of layers that grows, with the shape of its last output."""

    def __init__(self, image_shape: Shape) -> None:
        self.end = End(INPUT, image_shape)
        self.layers: list[Layer] = []

    def _add(
        self, kind: str, name: str, shape: Shape, cost: tuple[int, int] = (0, 0), **settings: Any
    ) -> None:
        """Add a layer after the last one; `cost` is its parameters and its MACs."""
        self._append(
            Layer(
                kind=kind,
                name=name,
                output_shape=shape,
                inputs=(self.end.layer,),
                settings=settings,
                parameters=cost[0],
                macs=cost[1],
            )
        )

    def _append(self, layer: Layer) -> None:
        self.layers.append(layer)
        self.end = End(layer.name, layer.output_shape)

    def conv(
        self, kind: str, filters: int, name: str, window: tuple[int, int, str], *, bias: bool
    ) -> None:
        kernel, stride, padding = window
        height, width, channels = self.end.shape
        height, width = (conv_output_side(s, kernel, stride, padding) for s in (height, width))
        weights = kernel * kernel * channels * filters
        if kind == "separable":
            weights = kernel * kernel * channels + channels * filters
        self._add(
            "separable_conv" if kind == "separable" else "conv",
            name,
            (height, width, filters),
            (weights + (filters if bias else 0), height * width * weights),
            channels=channels,
            filters=filters,
            kernel=kernel,
            stride=stride,
            padding=padding,
            bias=bias,
        )

    def add(self, first: End, second: End, name: str) -> None:
        inputs = (first.layer, second.layer)
        self._append(Layer(kind="add", name=name, output_shape=first.shape, inputs=inputs))

    def pool(self, kind: str, size: int, name: str) -> None:
        height, width, channels = self.end.shape
        height, width = (conv_output_side(s, size, size, "valid") for s in (height, width))
        self._add(f"{kind}_pool", name, (height, width, channels), size=size)

    def normalisation(self, kind: str, name: str) -> None:
        channels = self.end.shape[-1]
        cost = ((4 if kind == "batch" else 2) * channels, 0)
        settings = {"groups": n_groups(channels)} if kind == "group" else {}
        self._add(f"{kind}_norm", name, self.end.shape, cost, **settings)

    def shift_normalisation(self, name: str, momentum: float) -> None:
        """Add a batch normalisation that learns a shift and no scale."""
        cost = (3 * self.end.shape[-1], 0)
        settings = {"scale": False, "momentum": momentum}
        self._add("batch_norm", name, self.end.shape, cost, **settings)

    def activation(self, function: str, name: str) -> None:
        if function != "linear":
            self._add("activation", name, self.end.shape, function=function)

    def dropout(self, rate: float, name: str, *, spatial: bool) -> None:
        if rate > 0:
            kind = "spatial_dropout" if spatial else "dropout"
            self._add(kind, name, self.end.shape, rate=rate)

    def head(self, kind: str) -> None:
        shape = self.end.shape
        self._add(kind, kind, (math.prod(shape) if kind == "flatten" else shape[-1],))

    def dense(self, units: int, name: str, *, bias: bool) -> None:
        weights = self.end.shape[0] * units
        cost = (weights + (units if bias else 0), weights)
        self._add("dense", name, (units,), cost, units=units, bias=bias)

    def scale(self, factor: float, name: str) -> None:
        if factor != 1:
            self._add("scale", name, self.end.shape, factor=factor)
