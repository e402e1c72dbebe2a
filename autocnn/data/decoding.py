"""From one image to its pixels, decoded by Pillow to one or three channels of one size.

An image counts as greyscale by the mode of its file: a palette is colour, whatever it shows. Values
of more than 8 bits are scaled by the range of the data set. Transparent parts are drawn over white.
A camera's rotation is applied. Of several frames or pages the first is read. An image of another
size is cropped, padded or stretched.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError, features

from autocnn.data.deep_files import is_deep_grey, read_deep, stored_in_file
from autocnn.data.git_lfs import POINTER
from autocnn.data.options import CROP
from autocnn.data.resizing import resize_image
from autocnn.data.value_range import (
    BYTES,
    EIGHT_BITS,
    Stored,
    UnfitValuesError,
    ValueRange,
    limits,
    stored_in,
)
from autocnn.errors import DatasetError
from autocnn.input_files import open_input

# A path, an encoded image, or an array (h, w) or (h, w, 1, 3 or 4): grey; red, green, blue, alpha.
Content = str | bytes | NDArray[Any]

SUFFIXES: tuple[str, ...] = (
    *(".png", ".jpg", ".jpeg", ".jfif", ".jpe", ".bmp", ".gif", ".webp", ".tif", ".tiff"),
    *((".avif",) if features.check("avif") else ()),  # Pillow can be built without it
)
FORMATS = (
    *("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF"),
    *(("AVIF",) if ".avif" in SUFFIXES else ()),
)
MAX_PIXELS = 80_000_000  # of an image as it is stored; Pillow itself warns above 89 million

_GREY_MODES = ("1", "L", "LA", "La")
_ORIENTATION = 0x0112  # EXIF
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SWAPPED = (5, 6, 7, 8)  # orientations that exchange height and width

# The errors that Pillow raises on broken files; each was observed or is documented.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    EOFError,
    RuntimeError,  # of the decoder of AVIF
    struct.error,
    zlib.error,
)


class CorruptImageError(Exception):
    """An image cannot be read; the text is the reason."""


@dataclass(frozen=True, slots=True)
class Header:
    """Size and colours of an image, which are known before it is decoded."""

    height: int  # after the camera's rotation
    width: int
    is_grey: bool
    stored: Stored = BYTES


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Silence the warnings of Pillow, and raise the one of a decompression bomb as an error.

    To be entered around all threads that decode, because warning filters belong to the process.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def read_header(content: Content) -> Header:
    """Size and colours of an image; its pixels are not decoded.

    Raises: CorruptImageError; DatasetError if a file cannot be opened.
    """
    if isinstance(content, np.ndarray):
        is_grey = content.shape[2:] in ((), (1,))
        try:
            return Header(content.shape[0], content.shape[1], is_grey, stored_in(content.dtype))
        except UnfitValuesError as error:
            raise CorruptImageError(str(error)) from error
    with _opened(content) as image:
        width, height = image.size
        if _orientation(image) in _SWAPPED:
            width, height = height, width
        is_grey = image.mode in _GREY_MODES or is_deep_grey(image)
        return Header(height, width, is_grey, stored_in_file(image))


def read_limits(content: Content) -> tuple[float, float]:
    """The lowest and the highest stored value of an image whose header says that it is deep.

    Raises: CorruptImageError; DatasetError if a file cannot be opened.
    """
    if isinstance(content, np.ndarray):
        return limits(content)
    with _opened(content) as image:
        return limits(read_deep(image, partial(_opened, content)).values)


def decode_image(
    content: Content,
    shape: tuple[int, int, int],
    values: ValueRange = EIGHT_BITS,
    resize: str = CROP,
) -> NDArray[np.uint8]:
    """The image as uint8 of `shape` (height, width, 1 or 3 channels), in C order.

    `resize`: how an image of another size gets that size, of `options.RESIZES`.
    Raises: CorruptImageError, also for values outside of the range `values`; DatasetError if a file
    cannot be opened.
    """
    height, width, channels = shape
    if isinstance(content, np.ndarray):
        try:
            pixels = values.to_bytes(content)
        except UnfitValuesError as error:
            raise CorruptImageError(str(error)) from error
        if (*pixels.shape, 1)[:3] == shape:
            return np.ascontiguousarray(pixels).reshape(shape)
        image, turn = _from_array(pixels), None
    else:
        image, turn = _load(content, values)
    image = _to_mode(image, "L" if channels == 1 else "RGB")
    if turn is not None:
        image = image.transpose(turn)
    image = resize_image(image, (width, height), resize)
    return np.array(image, dtype=np.uint8).reshape(shape)


def decode_file(
    path: str | Path,
    shape: tuple[int, int, int],
    values: ValueRange = EIGHT_BITS,
    resize: str = CROP,
) -> NDArray[np.uint8]:
    """The image at `path`, prepared as the images of a data set of this shape, range and rule.

    Shape: `shape` (height, width, channels), uint8.
    Raises: DatasetError if it cannot be read, or if its values are outside of the range.
    """
    try:
        with quiet_pillow():
            return decode_image(str(path), shape, values, resize)
    except CorruptImageError as error:
        raise DatasetError(f"{path}: cannot be read ({error})") from error


def _load(content: str | bytes, values: ValueRange) -> tuple[Image.Image, Image.Transpose | None]:
    """The image in 8 bits, and the turn that the camera asks for."""
    with _opened(content) as image:
        turn = _TURNS.get(_orientation(image))  # read first: decoding may add EXIF data of its own
        stored = stored_in_file(image)
        values.check(stored)
        if not stored.is_deep:
            image.load()
            return image, turn
        deep = read_deep(image, partial(_opened, content))
        scaled = _from_array(values.to_bytes(deep.values))
        if deep.alpha is not None:
            scaled.putalpha(Image.fromarray(deep.alpha))
        return scaled, turn


def _from_array(pixels: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[2:] == (1,) else pixels)


@contextmanager
def _opened(content: str | bytes) -> Iterator[Image.Image]:
    """The image with its header read; any error of Pillow becomes a CorruptImageError."""
    try:
        file = io.BytesIO(content) if isinstance(content, bytes) else open_input(content)
    except OSError as error:
        raise DatasetError(f"{content!s}: cannot be read ({error.strerror})") from error
    with file:
        try:
            with Image.open(file, formats=FORMATS) as image:
                _check_pixels(*image.size)
                yield image
        except UnidentifiedImageError:
            raise CorruptImageError(_describe_unknown(file)) from None
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            limit = f"{MAX_PIXELS / 1e6:.0f} million"
            raise CorruptImageError(f"more than the {limit} pixels that are decoded") from None
        except _BROKEN as error:
            text = " ".join(str(error).split()) or type(error).__name__
            raise CorruptImageError(text) from error


def _describe_unknown(file: IO[bytes]) -> str:
    """What a file is that Pillow does not recognise."""
    file.seek(0)
    start = file.read(len(POINTER))
    if start == POINTER:
        return "a pointer of Git LFS; run `git lfs pull` in its repository"
    return "no image that can be recognised" if start else "an empty file"


def _check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise CorruptImageError(
            f"{height}x{width} are {width * height / 1e6:,.0f} million pixels, more than the "
            f"{MAX_PIXELS / 1e6:.0f} million that are decoded"
        )


def _orientation(image: Image.Image) -> int:
    """The orientation of the camera as a number of EXIF; 1 (upright) if it is unknown."""
    if "exif" not in image.info:
        return 1
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except _BROKEN:  # damaged EXIF data do not make the image unreadable
        return 1


def _to_mode(image: Image.Image, mode: str) -> Image.Image:
    """The image in Pillow's `mode`, which is "L" or "RGB"."""
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        white = Image.new("RGBA", coloured.size, "white")
        image = Image.alpha_composite(white, coloured)
    elif image.mode == "LAB":
        image = image.convert("RGB")  # Pillow converts LAB to nothing else
    return image if image.mode == mode else image.convert(mode)
