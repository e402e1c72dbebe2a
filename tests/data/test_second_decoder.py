"""The pixels of files are those that OpenCV, a second decoder, finds."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from image_files import encode, noise
from PIL import Image

from autocnn.data.decoding import decode_image, read_header, read_limits
from autocnn.data.value_range import ValueRange

_RAW = (cv2.IMWRITE_TIFF_COMPRESSION, 1)
_LZW = (cv2.IMWRITE_TIFF_COMPRESSION, 5)
_16_BITS = ValueRange("integers", 65_535)


def second(data):
    """The pixels as OpenCV decodes them, in the order red, green, blue, alpha."""
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    return found if found.ndim == 2 else found[..., [2, 1, 0, 3][: found.shape[2]]]


def written_by_opencv(pixels, suffix, *options):
    """An encoded file."""
    return cv2.imencode(suffix, pixels, options)[1].tobytes()


def photo(*shape):
    """A smooth image, as JPEG is made for."""
    return cv2.resize(noise(1, 6, 6, *shape[2:])[0], shape[1::-1], interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize("shape", [(13, 17), (13, 17, 3)])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_adobe_deflate"}),
    ],
)
def test_formats_without_loss_are_equal(kind, options, shape):
    """Every pixel of grey and colour is the same."""
    data = encode(noise(1, *shape)[0], kind, **options)
    assert np.array_equal(decode_image(data, (*shape, 1)[:3]).reshape(shape), second(data))


def test_webp_without_loss_is_equal():
    """WebP stores colours only."""
    data = encode(noise(1, 13, 17, 3)[0], "WEBP", lossless=True)
    assert np.array_equal(decode_image(data, (13, 17, 3)), second(data))


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff", ".webp"])
def test_files_that_opencv_writes_are_equal(suffix):
    """The writer is another one, too."""
    pixels = noise(1, 13, 17, 3)[0]
    quality = (cv2.IMWRITE_WEBP_QUALITY, 101) if suffix == ".webp" else ()  # above 100: no loss
    data = written_by_opencv(pixels[..., ::-1], suffix, *quality)
    assert np.array_equal(decode_image(data, (13, 17, 3)), pixels)
    assert np.array_equal(second(data), pixels)


@pytest.mark.parametrize("shape", [(48, 64), (48, 64, 3)])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 100}])
def test_jpeg_is_nearly_equal(shape, options):
    """Decoders of JPEG may round in other ways: by 2 of 255 at most here."""
    data = encode(photo(*shape), "JPEG", **options)
    ours = decode_image(data, (*shape, 1)[:3]).reshape(shape).astype(int)
    assert np.abs(ours - second(data)).max() <= 2


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("options", [_RAW, _LZW])
@pytest.mark.parametrize("shape", [(13, 17), (13, 17, 3), (13, 17, 4)])
def test_sixteen_bits_are_equal(suffix, options, shape):
    """Of grey and of colour, all 16 bits are read, and only then scaled to 8."""
    pixels = np.random.default_rng(0).integers(0, 65_536, shape, dtype=np.uint16)
    if shape[2:] == (4,):
        pixels[..., 3] = 65_535
    data = written_by_opencv(pixels, suffix, *(options if suffix == ".tiff" else ()))
    is_grey = len(shape) == 2
    stored = second(data)[..., None] if is_grey else second(data)[..., :3]
    ours = decode_image(data, stored.shape, _16_BITS)
    assert np.array_equal(ours, np.rint(stored / 257))
    assert read_limits(data) == (stored.min(), stored.max())
    assert read_header(data).is_grey == is_grey


def test_floats_are_equal():
    """A TIFF of 32-bit floats from 0 to 1."""
    pixels = np.random.default_rng(0).random((13, 17), dtype=np.float32)
    data = written_by_opencv(pixels, ".tiff", *_RAW)
    ours = decode_image(data, (13, 17, 1), ValueRange("floats", 1))[..., 0]
    assert np.array_equal(ours, np.rint(second(data).astype(np.float64) * 255))


def test_transparency_is_drawn_over_white():
    """From the colours and the alpha of OpenCV, within the rounding of two steps."""
    buffer, pixels = io.BytesIO(), noise(1, 13, 17, 4)[0]
    Image.fromarray(pixels).save(buffer, "PNG")
    found = second(buffer.getvalue()).astype(float)
    alpha = found[..., 3:] / 255
    expected = found[..., :3] * alpha + 255 * (1 - alpha)
    ours = decode_image(buffer.getvalue(), (13, 17, 3))
    assert np.abs(ours - expected).max() <= 1
