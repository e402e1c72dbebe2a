"""The work of a training step, counted from a configuration before anything is built."""

from __future__ import annotations

import math
from dataclasses import dataclass

from autocnn.space.config import Augmentation, TrialConfig
from autocnn.space.layers import Layer, Network

SLOW_DROPOUT = 4  # passes over a map that drawing a mask for each of its units is worth
PASSES = {"dropout": SLOW_DROPOUT, "layer_norm": 3, "group_norm": 3}  # others: one
FUNCTION_PASSES = {"gelu": 4, "silu": 2, "elu": 2, "selu": 2}  # of an activation; others: one


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The work of training on one image: forward and backward pass, and its share of the update."""

    macs: float  # multiply-accumulates of the forward pass
    activations: float  # numbers that the layers put out, once for each pass over them
    turned: float  # pixels that are rotated, zoomed or slanted
    moved: float  # pixels that are read, shifted and flipped
    parameters: float  # weights that are updated, divided by the batch
    layers: float  # operations that are started, divided by the batch

    def vector(self) -> tuple[float, ...]:
        """The six numbers, in the order of the fields."""
        return (
            self.macs,
            self.activations,
            self.turned,
            self.moved,
            self.parameters,
            self.layers,
        )


def work_of(
    config: TrialConfig, network: Network, image_shape: tuple[int, int, int], n_train: int
) -> Work:
    """The work of training `network`, which is that of `config`, on one image of this shape.

    A batch has all of the `n_train` images at most.
    """
    batch = max(1, min(config.batch_size, n_train))
    pixels = math.prod(image_shape)
    outputs = (math.prod(x.output_shape) * _passes(x) for x in network.layers)
    return Work(
        macs=network.macs,
        activations=float(sum(outputs)),
        turned=float(pixels if _turns(config.augmentation) else 0),
        moved=float(pixels),
        parameters=network.parameters / batch,
        layers=len(network.layers) / batch,
    )


def _passes(layer: Layer) -> int:
    """The passes over its map that the forward and backward steps of a layer are worth."""
    if layer.kind == "activation":
        return FUNCTION_PASSES.get(layer.settings["function"], 1)
    return PASSES.get(layer.kind, 1)


def _turns(augmentation: Augmentation) -> bool:
    return max(augmentation.rotation, augmentation.zoom, augmentation.shear) > 0
