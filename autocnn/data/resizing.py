"""An image gets another size: cropped, padded or stretched.

All three are bilinear and antialiased.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from autocnn.data.options import CROP, PAD, STRETCH

_FILTER = Image.Resampling.BILINEAR
_BLACK = 0  # of each channel


def resize_image(image: Image.Image, size: tuple[int, int], resize: str) -> Image.Image:
    """The image in another size, by a rule of `options.RESIZES`.

    Shape: `size` (width, height), as Pillow has it.
    """
    if image.size == size:
        return image
    return _RULES[resize](image, size)


def _crop(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Scaled to cover the size, and cropped in the middle."""
    return ImageOps.fit(image, size, _FILTER)


def _pad(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Scaled to fit into the size, in the middle of black.

    As `ImageOps.pad`, which fails if a side of the scaled image is below half a pixel.
    """
    inner = fit_into(image.size, size)
    padded = Image.new(image.mode, size, _BLACK)
    padded.paste(image.resize(inner, _FILTER), _corner(inner, size))
    return padded


def _stretch(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Width and height scaled each by its own factor."""
    return image.resize(size, _FILTER)


def fit_into(inner: tuple[int, int], outer: tuple[int, int]) -> tuple[int, int]:
    """The largest size of the shape of `inner` in `outer`, both (width, height); sides from 1."""
    (a, b), (width, height) = inner, outer
    if a * height >= b * width:  # the wider shape: its width decides
        return width, max(1, round(b / a * width))
    return max(1, round(a / b * height)), height


def _corner(inner: tuple[int, int], outer: tuple[int, int]) -> tuple[int, int]:
    """Where `inner` begins in the middle of `outer`."""
    return round((outer[0] - inner[0]) / 2), round((outer[1] - inner[1]) / 2)


def inner_sizes(sizes: NDArray[np.int64], shape: tuple[int, ...]) -> NDArray[np.int64]:
    """The size that images of these sizes have inside of their padding, if they are padded.

    Shapes: sizes and result (n, 2), height and width; shape (height, width, ...).
    """
    outer = shape[1], shape[0]
    found = [fit_into((width, height), outer)[::-1] for height, width in sizes.tolist()]
    return np.array(found, np.int64).reshape(-1, 2)


def fill_padding(images: NDArray[np.uint8], inner: NDArray[np.int64]) -> None:
    """Give the padding of each image the mean of what is inside of it, in place.

    Shapes: images (n, height, width, channels); inner (n, 2), height and width.
    """
    outer = images.shape[1:3]
    for image, (height, width) in zip(images, inner.tolist(), strict=True):
        if (height, width) != outer:
            top, left = _corner((height, width), outer)
            kept = image[top : top + height, left : left + width].copy()
            image[:] = np.rint(kept.mean(axis=(0, 1)))
            image[top : top + height, left : left + width] = kept


_RULES = {CROP: _crop, PAD: _pad, STRETCH: _stretch}
