"""From one encoded image to its pixels, decoded by Pillow to one or three channels of one size.

An image counts as greyscale by the mode of its file: a palette is colour, whatever it shows. Of 16
bits the upper 8 are kept. Transparent parts are drawn over white. A camera's rotation is applied.
An image of another size is scaled to cover the target size, and cropped in the middle (bilinear,
antialiased).
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError, features

from autocnn.errors import DatasetError

Content = str | bytes | NDArray[np.uint8]  # a path, an encoded image, or (h, w) or (h, w, 3)

SUFFIXES: tuple[str, ...] = (
    *(".png", ".jpg", ".jpeg", ".jfif", ".jpe", ".bmp", ".gif", ".webp", ".tif", ".tiff"),
    *((".avif",) if features.check("avif") else ()),  # Pillow can be built without it
)
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
MAX_PIXELS = 80_000_000  # of an image as it is stored; Pillow itself warns above 89 million

_GREY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B")
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
    struct.error,
    zlib.error,
    Image.DecompressionBombWarning,
    Image.DecompressionBombError,
)


class CorruptImageError(Exception):
    """An image cannot be read; the text is the reason."""


@dataclass(frozen=True, slots=True)
class Header:
    """Size and colours of an image, which are known before it is decoded."""

    height: int  # after the camera's rotation
    width: int
    is_grey: bool


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
        return Header(content.shape[0], content.shape[1], content.ndim == 2)
    with _opened(content) as image:
        width, height = image.size
        if _orientation(image) in _SWAPPED:
            width, height = height, width
        return Header(height, width, image.mode in _GREY_MODES)


def decode_image(content: Content, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """The image as uint8 of `shape` (height, width, 1 or 3 channels), in C order.

    Raises: CorruptImageError; DatasetError if a file cannot be opened.
    """
    height, width, channels = shape
    if isinstance(content, np.ndarray) and (*content.shape, 1)[:3] == shape:
        return np.ascontiguousarray(content).reshape(shape)
    with _opened(content) as opened:
        turn = _TURNS.get(_orientation(opened))  # read first: decoding may add EXIF data of its own
        opened.load()
    image = _to_mode(opened, "L" if channels == 1 else "RGB")
    if turn is not None:
        image = image.transpose(turn)
    if image.size != (width, height):
        image = ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR)
    return np.array(image, dtype=np.uint8).reshape(shape)


@contextmanager
def _opened(content: Content) -> Iterator[Image.Image]:
    """The image with its header read; any error of Pillow becomes a CorruptImageError."""
    if isinstance(content, np.ndarray):
        yield Image.fromarray(content)
        return
    try:
        file = io.BytesIO(content) if isinstance(content, bytes) else open(content, "rb")  # noqa: SIM115
    except OSError as error:
        raise DatasetError(f"{content!s}: cannot be read ({error.strerror})") from error
    with file:
        try:
            with Image.open(file, formats=FORMATS) as image:
                _check_pixels(*image.size)
                yield image
        except UnidentifiedImageError:
            raise CorruptImageError("no image that can be recognised") from None
        except _BROKEN as error:
            text = " ".join(str(error).split()) or type(error).__name__
            raise CorruptImageError(text) from error


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
    if image.mode.startswith("I"):
        upper = np.clip(np.asarray(image).astype(np.int64) >> 8, 0, 255)
        return Image.fromarray(upper.astype(np.uint8)).convert(mode)
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        white = Image.new("RGBA", coloured.size, "white")
        image = Image.alpha_composite(white, coloured)
    return image if image.mode == mode else image.convert(mode)
