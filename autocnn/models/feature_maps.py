"""What the layers of a network make of one image, and the filters that they have learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from autocnn.models.predictor import KerasPredictor, Predictor

COLOURS = (1, 3)  # channels that a picture can have


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayerMaps:
    """The output of one layer for one image."""

    name: str
    kind: str  # the class of the Keras layer
    maps: npt.NDArray[np.float32]  # (height, width, channels)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayerFilters:
    """The filters of one convolution, as pictures."""

    name: str
    inputs: int  # channels of the layer's input
    n: int  # filters of the layer
    # (side, side, channels, n); channels as the input has if it has 1 or 3, else the mean over them
    kernels: npt.NDArray[np.float32]


def feature_maps(predictor: Predictor, image: npt.NDArray[np.uint8]) -> list[LayerMaps] | None:
    """The outputs of all layers that are images, in the order in which they are computed.

    Input shape: (height, width, channels), 0-255. None if the predictor is no Keras model.
    """
    found = maps_of_images(predictor, image[None])
    return None if found is None else found[0]


def maps_of_images(
    predictor: Predictor, images: npt.NDArray[np.uint8]
) -> list[list[LayerMaps]] | None:
    """As `feature_maps`, for each of a few `images` (n, height, width, channels)."""
    if not isinstance(predictor, KerasPredictor):
        return None
    import keras

    model = predictor.model
    layers = [layer for layer in model.layers if _makes_images(layer)]
    if not layers:
        return [[] for _ in images]
    looked = keras.Model(model.input, [layer.output for layer in layers])
    outputs: Any = looked(images.astype(np.float32), training=False)
    outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
    arrays = [keras.ops.convert_to_numpy(output).astype(np.float32) for output in outputs]
    return [
        [
            LayerMaps(name=layer.name, kind=type(layer).__name__, maps=array[i])
            for layer, array in zip(layers, arrays, strict=True)
        ]
        for i in range(len(images))
    ]


def layer_filters(predictor: Predictor) -> list[LayerFilters]:
    """The filters of each convolution larger than one pixel; none if it is no Keras model.

    Of a separable convolution they are those of its first half, one for each input channel.
    """
    if not isinstance(predictor, KerasPredictor):
        return []
    import keras

    found = []
    for layer in predictor.model.layers:
        if not isinstance(layer, keras.layers.Conv2D | keras.layers.SeparableConv2D):
            continue
        kernels = layer.get_weights()[0].astype(np.float32)
        if min(kernels.shape[:2]) > 1:
            found.append(_filters(layer, kernels))
    return found


def _filters(layer: Any, kernels: npt.NDArray[np.float32]) -> LayerFilters:
    import keras

    inputs = kernels.shape[2]
    if isinstance(layer, keras.layers.SeparableConv2D):
        kernels = kernels.transpose(0, 1, 3, 2)  # (side, side, 1, inputs)
    if kernels.shape[2] not in COLOURS:
        kernels = kernels.mean(axis=2, keepdims=True)
    return LayerFilters(name=layer.name, inputs=inputs, n=kernels.shape[3], kernels=kernels)


def _makes_images(layer: Any) -> bool:
    import keras

    output = layer.output
    if isinstance(layer, keras.layers.InputLayer) or isinstance(output, list | tuple):
        return False
    return len(output.shape) == 4
