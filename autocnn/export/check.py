"""The check of every exported file: its predictions must be those of the network."""

from __future__ import annotations

import numpy as np

from autocnn.errors import AutocnnError
from autocnn.models.trained import Pixels, Predictor

CHECKED_IMAGES = 64


def check_same(
    name: str, network: Predictor, file: Predictor, shape: tuple[int, int, int], tolerance: float
) -> float:
    """Compare the probabilities of a network and of the file that was made from it.

    `name` is the file's name in the error; `shape` is height, width, channels of an image;
    `tolerance` is the largest difference of a probability that passes.

    Returns: the largest difference that was found.
    Raises: AutocnnError if it is above the tolerance, or if the outputs differ in shape.
    """
    images = checked_images(shape)
    ours, theirs = network(images), file(images)
    if ours.shape != theirs.shape:
        raise AutocnnError(
            f"{name}: expected probabilities of shape {ours.shape} as the network returns them, "
            f"got {theirs.shape}; the file is not exported"
        )
    difference = float(np.max(np.abs(ours - theirs)))
    if not difference <= tolerance:  # also for NaN
        raise AutocnnError(
            f"{name}: its probabilities differ from the network's by {difference:.2g}, more than "
            f"{tolerance:.2g}; the file is not exported"
        )
    return difference


def checked_images(shape: tuple[int, int, int]) -> Pixels:
    """CHECKED_IMAGES images of noise, from black to bright; the same ones at every call.

    The brightness varies because noise of one brightness has the same statistics in every image,
    for which many networks return nearly the same probabilities.
    """
    noise = np.random.default_rng(0).integers(0, 256, (CHECKED_IMAGES, *shape))
    brightness = np.linspace(0, 1, CHECKED_IMAGES).reshape(-1, 1, 1, 1)
    return np.floor(brightness * noise).astype(np.float32)
