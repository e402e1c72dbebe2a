"""The maps of a layer as one picture."""

from __future__ import annotations

import base64
import io
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MOST_MAPS = 64  # of a layer that are shown
GAP = 1  # pixels between two maps
SIDE = 24  # pixels of the shorter side of a map, at least: small maps are enlarged


def picture(maps: NDArray[np.float32]) -> bytes:
    """The first MOST_MAPS of `maps` (height, width, n) side by side, as PNG.

    The smallest value of the layer is black, the largest one white.
    """
    shown = maps[..., :MOST_MAPS]
    low, high = float(shown.min()), float(shown.max())
    grey = (255 * (shown - low) / (high - low if high > low else 1.0)).astype(np.uint8)
    scale = max(1, math.ceil(SIDE / min(grey.shape[:2])))
    grey = grey.repeat(scale, axis=0).repeat(scale, axis=1)
    height, width, n = grey.shape
    columns = min(n, max(1, round(math.sqrt(n * height / width) * 2)))
    rows = math.ceil(n / columns)
    grid = np.full((rows * (height + GAP), columns * (width + GAP)), 127, np.uint8)
    for number in range(n):
        top, left = (number // columns) * (height + GAP), (number % columns) * (width + GAP)
        grid[top : top + height, left : left + width] = grey[..., number]
    file = io.BytesIO()
    Image.fromarray(grid).save(file, "PNG")
    return file.getvalue()


def as_url(png: bytes) -> str:
    """A PNG file as an address that holds it."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
