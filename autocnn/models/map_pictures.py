"""Feature maps and filters as pictures."""

from __future__ import annotations

import base64
import io
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MOST_MAPS = 64  # of a layer that are shown
GAP, FILTER_GAP = 1, 3  # pixels between two maps, and between two filters
SIDE = 24  # pixels of the shorter side of a map, at least: small maps are enlarged
GREY, WHITE = 127, 255  # of the gaps


def picture(maps: NDArray[np.float32], most: int = MOST_MAPS, longest: int | None = None) -> bytes:
    """The first `most` of `maps` (height, width, n) side by side, as PNG.

    The smallest value of the layer is black, the largest one white. Maps with a side of more than
    `longest` pixels are thinned out.
    """
    shown = maps[..., :most]
    if longest is not None:
        step = math.ceil(max(shown.shape[:2]) / longest)
        shown = shown[::step, ::step]
    return as_png(arrange(to_grey(shown).transpose(2, 0, 1)[..., None]))


def filters_picture(kernels: NDArray[np.float32], most: int = MOST_MAPS) -> bytes:
    """The first `most` of `kernels` (side, side, 1 or 3, n) side by side, as PNG.

    Zero is grey; the largest weight of the layer, in either direction, is white or black.
    """
    shown = kernels[..., :most]
    largest = float(np.abs(shown).max()) or 1.0
    scaled = np.round(127.5 * (1 + shown / largest)).astype(np.uint8)
    return as_png(arrange(scaled.transpose(3, 0, 1, 2), FILTER_GAP, WHITE))


def to_grey(maps: NDArray[np.float32]) -> NDArray[np.uint8]:
    """`maps` on the scale 0 to 255, from the smallest value to the largest one."""
    low, high = float(maps.min()), float(maps.max())
    return (255 * (maps - low) / (high - low if high > low else 1.0)).astype(np.uint8)


def arrange(tiles: NDArray[np.uint8], gap: int = GAP, colour: int = GREY) -> NDArray[np.uint8]:
    """Tiles (n, height, width, 1 or 3), enlarged, in a grid about twice as wide as high."""
    scale = max(1, math.ceil(SIDE / min(tiles.shape[1:3])))
    tiles = tiles.repeat(scale, axis=1).repeat(scale, axis=2)
    n, height, width, channels = tiles.shape
    columns = min(n, max(1, round(math.sqrt(n * height / width) * 2)))
    rows = math.ceil(n / columns)
    grid = np.full((rows * (height + gap), columns * (width + gap), channels), colour, np.uint8)
    for number, tile in enumerate(tiles):
        top, left = (number // columns) * (height + gap), (number % columns) * (width + gap)
        grid[top : top + height, left : left + width] = tile
    return grid


def as_png(pixels: NDArray[np.uint8]) -> bytes:
    """An array (height, width, 1 or 3) as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(file, "PNG")
    return file.getvalue()


def as_url(png: bytes) -> str:
    """A PNG file as an address that holds it."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
