"""The layers of a network as rows, each with the sum for its output volume; its stages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from autocnn.space.layers import INPUT, Layer, Network, Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRow:
    """One layer, as texts."""

    name: str
    kind: str
    output: str  # its shape
    volume: str  # how height, width and depth of the output follow from the input's, or ""
    weights: str  # how the number of parameters comes about, or ""
    parameters: int
    macs: int


def layer_rows(network: Network, image_shape: tuple[int, int, int]) -> Iterator[LayerRow]:
    """The layers in order. Source of the sums: Dumoulin & Visin 2016, arXiv:1603.07285."""
    shapes: dict[str, Shape] = {INPUT: image_shape}
    for layer in network.layers:
        before = shapes[layer.inputs[0]]
        shapes[layer.name] = layer.output_shape
        yield LayerRow(
            name=layer.name,
            kind=layer.kind.replace("_", " "),
            output=" × ".join(str(side) for side in layer.output_shape),
            volume=_volume(layer, before),
            weights=_weights(layer, before),
            parameters=layer.parameters,
            macs=layer.macs,
        )


def _volume(layer: Layer, before: Shape) -> str:
    """The sum for the output of a layer that changes the shape: height × width × depth."""
    settings, after = layer.settings, layer.output_shape
    volume = " × ".join(f"{side:,}" for side in after)
    if layer.kind in ("conv", "separable_conv"):
        window = settings["kernel"], settings["stride"], settings["padding"]
        return f"{_sides(before, *window)} × {settings['filters']} filters = {volume}"
    if layer.kind.endswith("_pool") and "size" in settings:
        size = settings["size"]
        return f"{_sides(before, size, size, 'valid')} × {before[2]} channels = {volume}"
    if layer.kind == "flatten":
        return f"{' · '.join(map(str, before))} = {volume}"
    if layer.kind.startswith("global_"):
        return f"one value for each of {before[-1]} channels = {volume}"
    if layer.kind == "dense":
        return f"{settings['units']} units = {volume}"
    return ""


def _sides(before: Shape, kernel: int, stride: int, padding: str) -> str:
    """The height and the width of the output of a window that moves over the input."""
    if padding == "same":
        return " × ".join(f"⌈{side} / {stride}⌉" for side in before[:2])
    return " × ".join(f"(⌊({side} − {kernel}) / {stride}⌋ + 1)" for side in before[:2])


def _weights(layer: Layer, before: Shape) -> str:
    """The sum for the parameters of a layer with weights."""
    settings = layer.settings
    if layer.kind == "conv":
        kernel, channels, filters = settings["kernel"], settings["channels"], settings["filters"]
        bias = f" + {filters}" if settings["bias"] else ""
        return f"{kernel} · {kernel} · {channels} · {filters}{bias} = {layer.parameters:,}"
    if layer.kind == "separable_conv":
        kernel, channels, filters = settings["kernel"], settings["channels"], settings["filters"]
        bias = f" + {filters}" if settings["bias"] else ""
        depth = f"{kernel} · {kernel} · {channels}"
        return f"{depth} + {channels} · {filters}{bias} = {layer.parameters:,}"
    if layer.kind == "dense":
        units = settings["units"]
        bias = f" + {units}" if settings["bias"] else ""
        return f"{before[0]} · {units}{bias} = {layer.parameters:,}"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A layer that changes the shape or joins two ways, with the layers that follow it."""

    head: LayerRow
    shape: Shape  # of the last layer's output
    followers: tuple[str, ...] = ()  # kinds of the layers that follow, such as "batch norm"
    last: str = ""  # the name of the last layer
    parameters: int = 0  # of all its layers
    bypasses: bool = False  # its input is that of an earlier stage, not the output of the last one
    joins: bool = False  # it adds the outputs of two ways


def stages(network: Network, image_shape: tuple[int, int, int]) -> list[Stage]:
    """The stages of a network in order: a convolution, pooling, head, dense layer or addition."""
    found: list[Stage] = []
    previous = INPUT
    for layer, row in zip(network.layers, layer_rows(network, image_shape), strict=True):
        joins = len(layer.inputs) > 1
        if row.volume or joins or not found:
            bypasses = not joins and layer.inputs[0] != previous
            stage = Stage(head=row, shape=layer.output_shape, bypasses=bypasses, joins=joins)
        else:
            stage = found.pop()
            what = str(layer.settings.get("function") or row.kind)
            stage = replace(stage, followers=(*stage.followers, what), shape=layer.output_shape)
        total = stage.parameters + row.parameters
        found.append(replace(stage, last=layer.name, parameters=total))
        previous = layer.name
    return found
