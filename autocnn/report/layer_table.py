"""The layers of a network as rows, each with the sum that gives its output shape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from autocnn.space.layers import INPUT, Layer, Network, Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRow:
    """One layer, as texts."""

    name: str
    kind: str
    output: str  # its shape
    sides: str  # how the output's height follows from the input's, or ""
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
            sides=_sides(layer, before),
            weights=_weights(layer, before),
            parameters=layer.parameters,
            macs=layer.macs,
        )


def _sides(layer: Layer, before: Shape) -> str:
    """The sum for the height of a convolution's or a pooling's output."""
    settings = layer.settings
    if layer.kind in ("conv", "separable_conv"):
        kernel, stride = settings["kernel"], settings["stride"]
        after = layer.output_shape[0]
        if settings["padding"] == "same":
            return f"⌈{before[0]} / {stride}⌉ = {after}"
        return f"⌊({before[0]} − {kernel}) / {stride}⌋ + 1 = {after}"
    if layer.kind.endswith("_pool") and "size" in settings:
        size = settings["size"]
        return f"⌊({before[0]} − {size}) / {size}⌋ + 1 = {layer.output_shape[0]}"
    return ""


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
