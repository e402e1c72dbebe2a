"""The `.keras` file: stock layers in float32, raw 0-255 images in, class probabilities out."""

from __future__ import annotations

import os
from pathlib import Path

import keras
import numpy as np

from autocnn.errors import AutocnnError
from autocnn.nn.model import ImageSpec, build_model
from autocnn.nn.weights import load_weights
from autocnn.space.config import TrialConfig

CHECKED_IMAGES = 64
TOLERANCE = 1e-5  # of a probability, between the network and the file read back


def export_keras(config: TrialConfig, spec: ImageSpec, weights: Path, target: Path) -> None:
    """Write the network with its trained weights to `target`, checked before it appears there.

    Raises: RecordError if the weights cannot be read; AutocnnError if the file predicts otherwise
    than the network.
    """
    keras.config.set_dtype_policy("float32")
    model = build_model(config, spec, export=True)
    model.set_weights(load_weights(weights))
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.stem}.{os.getpid()}.keras")
    try:
        model.save(beside)
        _check(model, beside, spec, target.name)
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)


def _check(model: keras.Model, file: Path, spec: ImageSpec, name: str) -> None:
    shape = (CHECKED_IMAGES, *spec.shape)
    images = np.random.default_rng(0).integers(0, 256, shape).astype(np.float32)
    loaded = keras.saving.load_model(file, compile=False, safe_mode=True)
    ours, theirs = (keras.ops.convert_to_numpy(m(images)) for m in (model, loaded))
    difference = float(np.max(np.abs(ours - theirs)))
    if not difference <= TOLERANCE:
        raise AutocnnError(
            f"{name}: its probabilities differ from the network's by {difference:.2g}; "
            "it is not exported"
        )
