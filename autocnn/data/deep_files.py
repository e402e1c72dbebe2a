"""Image files of more than 8 bits, read by Pillow: their values as they are stored.

Of colour with 16 bits Pillow keeps the upper 8 only. Such a file is decoded twice, the second time
in the other order of bytes, which gives the lower 8.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from autocnn.data.value_range import BYTES, Stored

_DEEP_GREY = ("F", "I", "I;16", "I;16L", "I;16B", "I;16N")
_DEEP_COLOUR = re.compile(r"(.+);16[LBN]")  # Pillow's names of layouts: of colours, or with alpha
_READ_TWICE = ("RGB", "RGBA", "RGBX")
_GREY_ALPHA = "LA"
_NATIVE = "L" if sys.byteorder == "little" else "B"
_OTHER_ORDER = {"L": "B", "B": "L"}

_BITS, _PHOTOMETRIC, _PLANAR = 258, 262, 284  # tags of TIFF
_WHITE_IS_ZERO, _SEPARATE = 0, 2


@dataclass(frozen=True, slots=True, eq=False)
class DeepValues:
    """The stored values of an image; shapes: values (h, w) or (h, w, 3), alpha (h, w)."""

    values: NDArray[Any]
    alpha: NDArray[np.uint8] | None = None  # 0: transparent


def stored_in_file(image: Image.Image) -> Stored:
    """The type of the values in an opened file.

    Raises: ValueError for files of more than 8 bits that cannot be read as they are.
    """
    colours, tags = _deep_colours(image), getattr(image, "tag_v2", None)
    bits = 16 if tags is None else max(tags.get(_BITS, (1,)))
    if tags and bits > 8 and tags.get(_PLANAR) == _SEPARATE and image.mode not in _DEEP_GREY:
        raise ValueError(f"{bits} bits in a plane for each colour; save it with colours joined")
    if image.mode not in _DEEP_GREY and not colours:
        return BYTES
    if tags and tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        raise ValueError("more than 8 bits, of which 0 is white; save it so that 0 is black")
    if colours and colours not in (*_READ_TWICE, _GREY_ALPHA):
        raise ValueError(f"16 bits of {image.mode} or premultiplied alpha; save it as RGB")
    return Stored("floats" if image.mode == "F" else "integers", bits)


def is_deep_grey(image: Image.Image) -> bool:
    """True for a greyscale file of more than 8 bits, with or without transparency."""
    return image.mode in _DEEP_GREY or _deep_colours(image) == _GREY_ALPHA


def read_deep(image: Image.Image, reopen: Callable[[], AbstractContextManager[Any]]) -> DeepValues:
    """The values of an opened file for which `stored_in_file` is deep; `reopen` opens it again."""
    colours = _deep_colours(image)
    if colours == _GREY_ALPHA:
        _set_layout(image, lambda layout: "RGBA")  # the two bytes of grey, and the two of alpha
        grey = _load(image)
        return DeepValues(_joined(grey[..., 0], grey[..., 1]), grey[..., 2].copy())
    upper, hidden = _load(image), image.info.get("transparency")
    values, alpha = upper, None
    if colours:
        with reopen() as again:
            _set_layout(again, _in_other_order)
            lower = _load(again)
        values = _joined(upper[..., :3], lower[..., :3])
        alpha = upper[..., 3].copy() if upper.shape[2] == 4 else None
    if hidden is not None:
        is_hidden = (values == hidden).reshape(*values.shape[:2], -1).all(axis=-1)
        alpha = np.where(is_hidden, 0, 255).astype(np.uint8)
    return DeepValues(values, alpha)


def _deep_colours(image: Image.Image) -> str | None:
    """The colours of a file with 16 bits a colour, such as "RGB"; None for other files."""
    match = _DEEP_COLOUR.fullmatch(_layout(image)) if image.mode not in _DEEP_GREY else None
    return match[1] if match else None


def _layout(image: Image.Image) -> str:
    """Pillow's name of the order of bytes in the file; empty if the format has none."""
    tiles = getattr(image, "tile", None)
    args = tiles[0].args if tiles else ""
    first = args[0] if isinstance(args, tuple) and args else args
    return first if isinstance(first, str) else ""


def _set_layout(image: Any, change: Callable[[str], str]) -> None:
    """Change the order of bytes in which the file is read."""

    def changed(args: Any) -> Any:
        return change(args) if isinstance(args, str) else (change(args[0]), *args[1:])

    image.tile = [tile._replace(args=changed(tile.args)) for tile in image.tile]


def _in_other_order(layout: str) -> str:
    order = layout[-1].replace("N", _NATIVE)
    return layout[:-1] + _OTHER_ORDER[order]


def _load(image: Image.Image) -> NDArray[Any]:
    image.load()  # an error inside of `asarray` would become another one
    return np.asarray(image)


def _joined(upper: NDArray[np.uint8], lower: NDArray[np.uint8]) -> NDArray[np.uint16]:
    return np.left_shift(upper, 8, dtype=np.uint16) | lower
