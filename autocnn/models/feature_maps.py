"""What the layers of a network make of one image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from autocnn.models.trained import KerasPredictor, Predictor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayerMaps:
    """The output of one layer for one image."""

    name: str
    kind: str  # the class of the Keras layer
    maps: npt.NDArray[np.float32]  # (height, width, channels)


def feature_maps(predictor: Predictor, image: npt.NDArray[np.uint8]) -> list[LayerMaps] | None:
    """The outputs of all layers that are images, in the order in which they are computed.

    Input shape: (height, width, channels), 0-255. None if the predictor is no Keras model.
    """
    if not isinstance(predictor, KerasPredictor):
        return None
    model = predictor.model
    layers = [layer for layer in model.layers if _makes_images(layer)]
    if not layers:
        return []
    looked = keras.Model(model.input, [layer.output for layer in layers])
    outputs: Any = looked(image[None].astype(np.float32), training=False)
    outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
    return [
        LayerMaps(
            name=layer.name,
            kind=type(layer).__name__,
            maps=keras.ops.convert_to_numpy(output)[0].astype(np.float32),
        )
        for layer, output in zip(layers, outputs, strict=True)
    ]


def _makes_images(layer: Any) -> bool:
    output = layer.output
    if isinstance(layer, keras.layers.InputLayer) or isinstance(output, list | tuple):
        return False
    return len(output.shape) == 4
