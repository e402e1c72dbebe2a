"""An image gets another size: cropped, padded or stretched.

All three are bilinear and antialiased.
"""

from __future__ import annotations

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
    corner = round((size[0] - inner[0]) / 2), round((size[1] - inner[1]) / 2)
    padded = Image.new(image.mode, size, _BLACK)
    padded.paste(image.resize(inner, _FILTER), corner)
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


_RULES = {CROP: _crop, PAD: _pad, STRETCH: _stretch}
