"""Smooth pictures, and small changes of them."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


def pictures(n: int, side: int = 32, channels: int = 1, seed: int = 0) -> Pixels:
    """Random pictures of large spots, (n, side, side, channels)."""
    spots = np.random.default_rng(seed).integers(30, 220, (n, 6, 6, channels), dtype=np.uint8)
    return np.stack([_enlarge(spot, side) for spot in spots])


def _enlarge(spot: Pixels, side: int) -> Pixels:
    planes = [
        np.asarray(Image.fromarray(plane).resize((side, side), Image.Resampling.BICUBIC))
        for plane in np.moveaxis(spot, -1, 0)
    ]
    return np.stack(planes, axis=-1)


def brighten(images: Pixels, gain: float, offset: float) -> Pixels:
    """The images times a gain, plus an offset."""
    return np.clip(np.rint(images * gain + offset), 0, 255).astype(np.uint8)


def move(images: Pixels, rows: int, columns: int) -> Pixels:
    """The images moved down and to the right; what leaves at one side comes back at the other."""
    return np.roll(images, (rows, columns), axis=(1, 2))


def save_again(images: Pixels, quality: int = 90) -> Pixels:
    """The images as JPEG files, decoded."""
    found = []
    for image in images:
        file = io.BytesIO()
        Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image).save(
            file, "JPEG", quality=quality
        )
        found.append(np.asarray(Image.open(file)).reshape(image.shape))
    return np.stack(found)
