"""The layout of an array of images, and its images one by one in their stored type."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from autocnn.data.array_names import list_names
from autocnn.data.decoding import MAX_PIXELS, Content
from autocnn.data.stored_array import StoredArray, refuse_objects
from autocnn.errors import DatasetError

_KINDS = {"b": "truth values", "i": "integers", "u": "integers", "f": "floats"}
_FIRST = (1, 3)  # channels that may come first
_LAST = (1, 3, 4)  # channels that may come last
_LAYOUT = "(n, height, width), or that with 1, 3 or 4 channels last"


@dataclass(frozen=True, slots=True)
class ImageArray:
    """An array that was found to hold images."""

    array: StoredArray
    is_channels_first: bool

    @property
    def n(self) -> int:
        """The number of images."""
        return self.array.shape[0]

    @property
    def kind(self) -> str:
        """The kind of its values: floats, integers or truth values."""
        return _KINDS[self.array.dtype.kind]

    @property
    def has_alpha(self) -> bool:
        """True if the images have a fourth channel."""
        return self.array.shape[3:] == (4,)

    def images(self) -> Iterator[tuple[str, Content]]:
        """Names and pixels, (h, w), (h, w, 3) or (h, w, 4), of the stored type."""
        i = 0
        for block in self.array.blocks():
            turned = np.moveaxis(block, 1, -1) if self.is_channels_first else block
            for image in turned.reshape(turned.shape[:3]) if turned.shape[3:] == (1,) else turned:
                yield f"{self.array.name}[{i}]", image
                i += 1


def check_images(array: StoredArray) -> ImageArray:
    """The array, if it holds images.

    Raises: DatasetError if its type, order or shape is wrong.
    """
    place, shape = array.place, array.shape
    refuse_objects(array, "save np.stack(list(x)), if all images have one size")
    if array.dtype.kind not in _KINDS:
        raise DatasetError(
            f"{place}: expected numbers, such as uint8 from 0 to 255, got {array.dtype}; "
            "save x.astype(np.uint8)"
        )
    if array.is_column_major:
        raise DatasetError(
            f"{place}: expected an array in C's order, got one in Fortran's order; "
            "save np.ascontiguousarray(x)"
        )
    if len(shape) == 2:
        raise DatasetError(f"{place}: expected {_LAYOUT}, got {shape}; {_reshape(shape)}")
    if len(shape) == 4 and shape[1] in _FIRST and shape[3] in _LAST:
        raise DatasetError(
            f"{place}: the channels of {shape} may come first or last; save x with channels "
            "last in images of other sides, or grey images as (n, height, width)"
        )
    is_first = len(shape) == 4 and shape[1] in _FIRST
    if len(shape) not in (3, 4) or not (is_first or shape[3:] == () or shape[3] in _LAST):
        advice = "; save np.moveaxis(x, 1, -1)" if len(shape) == 4 and shape[1] == 4 else ""
        raise DatasetError(f"{place}: expected {_LAYOUT}, got {shape}{advice}")
    if 0 in shape:
        raise DatasetError(f"{place}: expected images, got none; its shape is {shape}")
    height, width = shape[2:4] if is_first else shape[1:3]
    if height * width > MAX_PIXELS:
        raise DatasetError(
            f"{place}: expected images of at most {MAX_PIXELS:,} pixels, got {height}x{width}"
        )
    return ImageArray(array, is_first)


def _reshape(shape: tuple[int, ...]) -> str:
    """What to save instead of images that were made flat, (n, p)."""
    for channels in (1, 3):
        side = math.isqrt(shape[1] // channels)
        if side > 0 and channels * side**2 == shape[1]:
            if channels == 1:
                return f"save x.reshape(-1, {side}, {side})"
            return (
                f"save x.reshape(-1, 3, {side}, {side}) if all red values come first in an "
                f"image, or x.reshape(-1, {side}, {side}, 3) if red, green and blue take turns"
            )
    return "save x.reshape(-1, height, width)"


def check_kinds(images: Sequence[ImageArray]) -> None:
    """Raise DatasetError if the arrays hold values of different kinds, which no range can join."""
    first, *others = images
    for other in others:
        if other.kind != first.kind:
            raise DatasetError(
                f"{other.array.place}: holds {other.kind} ({other.array.dtype}), and "
                f"{first.array.name} {first.kind} ({first.array.dtype}); save both in one type and "
                "value range"
            )


def describe_images(images: Sequence[ImageArray]) -> list[str]:
    """A line on each thing that is done to the images as they are read."""
    first = [each.array.name for each in images if each.is_channels_first]
    alpha = [each.array.name for each in images if each.has_alpha]
    lines = []
    if first:
        lines.append(f"{list_names(first)}: channels first, which are turned to channels last")
    if alpha:
        lines.append(
            f"{list_names(alpha)}: 4 channels are read as red, green, blue and alpha, and drawn "
            "over white"
        )
    return lines
