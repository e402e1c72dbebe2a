"""The latency of a network: the time in which it classifies one image on this device."""

from __future__ import annotations

import statistics
import time

import keras
import numpy as np

from autocnn.data.prepared import PreparedData
from autocnn.nn.model import build_model
from autocnn.space.config import TrialConfig
from autocnn.train.assembly import spec_of
from autocnn.train.backend import set_precision
from autocnn.trial import Device

WARM_UP = 5  # predictions that are not counted: the first ones compile
COUNTED = 30


def measure_latency(config: TrialConfig, data: PreparedData, device: Device) -> float:
    """The median wall milliseconds in which the exported network classifies one image.

    The network is that of a `.keras` file (float32, raw pixels in, probabilities out), compiled by
    Keras; its weights are untrained, which changes nothing of its speed. Keras' call of a compiled
    function is included.
    """
    set_precision("float32", device)
    model: keras.Model = build_model(config, spec_of(data), export=True)
    image = np.zeros((1, *data.image_shape), np.float32)
    for _ in range(WARM_UP):
        model.predict_on_batch(image)
    taken = []
    for _ in range(COUNTED):
        start = time.perf_counter()
        model.predict_on_batch(image)
        taken.append(time.perf_counter() - start)
    return 1000 * statistics.median(taken)
