"""Files of more than 8 bits keep all their bits, or are refused in one line."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from autocnn.data.decoding import CorruptImageError, decode_image, read_header, read_limits
from autocnn.data.value_range import Stored, ValueRange

_16_BITS = ValueRange("integers", 65_535)


def png(bits, colours, row, transparency=b"", interlaced=0):
    """A PNG file of one row; `colours` is PNG's number: 0 grey, 2 RGB, 4 grey and alpha, 6 RGBA."""

    def chunk(kind, data):
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    values = np.array(row, ">u2")
    width = len(row)
    header = struct.pack(">IIBBBBB", width, 1, bits, colours, 0, 0, interlaced)
    data = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"\0" + values.tobytes()))]
    if transparency:
        data.insert(1, chunk(b"tRNS", transparency))
    return b"\x89PNG\r\n\x1a\n" + b"".join(data) + chunk(b"IEND", b"")


def tiff(pixels, bits, photometric, sample_format=1, planar=1, extra=None, compression=1):
    """A TIFF file of little-endian bytes, of `bits` a sample; compressed if `compression` is 8."""
    height, width, samples = pixels.shape
    strips = [pixels] if planar == 1 else list(np.moveaxis(pixels, -1, 0))
    packed = [x.tobytes() if compression == 1 else zlib.compress(x.tobytes()) for x in strips]
    sizes, data = [len(x) for x in packed], b"".join(packed)
    tags = [
        (256, 3, [width]),
        (257, 3, [height]),
        (258, 3, [bits] * samples),
        (259, 3, [compression]),
        (262, 3, [photometric]),
        (273, 4, [8 + sum(sizes[:i]) for i in range(len(sizes))]),
        (277, 3, [samples]),
        (278, 3, [height]),
        (279, 4, sizes),
        (284, 3, [planar]),
        *([(338, 3, [extra])] if extra is not None else []),
        (339, 3, [sample_format] * samples),
    ]
    body = b"II*\0" + struct.pack("<I", 8 + len(data)) + data
    after = len(body) + 2 + 12 * len(tags) + 4
    entries, rest = b"", b""
    for tag, kind, values in tags:
        content = struct.pack(f"<{len(values)}{'H' if kind == 3 else 'I'}", *values)
        if len(content) > 4:
            content, rest = struct.pack("<I", after + len(rest)), rest + content
        entries += struct.pack("<HHI", tag, kind, len(values)) + content.ljust(4, b"\0")
    return body + struct.pack("<H", len(tags)) + entries + bytes(4) + rest


def test_grey_of_16_bits_is_scaled_by_the_range():
    """12 bits in a file of 16: 2048 * 255 / 4095 is 127.5 and some more."""
    data = png(16, 0, [4095, 2048, 0])
    assert read_header(data).stored == Stored("integers", 16)
    assert read_header(data).is_grey
    assert read_limits(data) == (0, 4095)
    found = decode_image(data, (1, 3, 1), ValueRange("integers", 4095))
    assert found.ravel().tolist() == [255, 128, 0]


@pytest.mark.parametrize("interlaced", [0, 1])
def test_colour_of_16_bits_keeps_the_lower_bits(interlaced):
    """The upper 8 alone would be 15, 8 and 0 here, and one step of red would be lost."""
    data = png(16, 2, [[4095, 2048, 16]], interlaced=interlaced)
    assert read_header(data).stored == Stored("integers", 16)
    assert read_limits(data) == (16, 4095)
    found = decode_image(data, (1, 1, 3), ValueRange("integers", 4095))
    assert found.ravel().tolist() == [255, 128, 1]


def test_transparency_is_drawn_over_white():
    """As alpha of grey and of colour, and as a value that is transparent; limits are of colours."""
    grey_alpha = png(16, 4, [[4660, 65_535], [4660, 0]])
    assert read_header(grey_alpha).is_grey
    assert read_limits(grey_alpha) == (4660, 4660)
    assert decode_image(grey_alpha, (1, 2, 1), _16_BITS).ravel().tolist() == [18, 255]
    colours = png(16, 6, [[65_535, 0, 257, 65_535], [0, 0, 0, 0]])
    assert decode_image(colours, (1, 2, 3), _16_BITS).tolist() == [[[255, 0, 1], [255] * 3]]
    grey = png(16, 0, [4660, 4661], transparency=b"\x12\x34")  # 4660
    assert decode_image(grey, (1, 2, 1), _16_BITS).ravel().tolist() == [255, 18]
    one = png(16, 2, [[1, 2, 3], [1, 2, 4]], transparency=b"\0\1\0\2\0\3")
    assert decode_image(one, (1, 2, 3), ValueRange("integers", 255)).tolist() == [
        [[255, 255, 255], [1, 2, 4]]
    ]


@pytest.mark.parametrize(
    ("dtype", "sample_format", "stored"),
    [
        ("<u2", 1, Stored("integers", 16)),
        ("<i2", 2, Stored("integers", 16)),
        ("<i4", 2, Stored("integers", 32)),
        ("<f4", 3, Stored("floats", 32)),
    ],
)
def test_greyscale_tiff_has_integers_or_floats(dtype, sample_format, stored):
    """Of 16 or 32 bits."""
    pixels = np.array([[[200], [7]]], dtype)
    data = tiff(pixels, pixels.itemsize * 8, 1, sample_format)
    assert read_header(data).stored == stored
    assert read_limits(data) == (7, 200)
    assert decode_image(data, (1, 2, 1), ValueRange(stored.kind, 255)).ravel().tolist() == [200, 7]


def test_negative_values_of_a_file_are_found():
    """As of height models and tomography."""
    assert read_limits(tiff(np.array([[[-1024], [3071]]], "<i2"), 16, 1, 2)) == (-1024, 3071)


def test_big_endian_tiff_is_read():
    """The other order of bytes."""
    buffer = io.BytesIO()
    Image.fromarray(np.array([[4095, 258]], ">u2")).save(buffer, "TIFF")
    assert buffer.getvalue()[:2] == b"MM"
    assert read_limits(buffer.getvalue()) == (258, 4095)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (tiff(np.zeros((2, 2, 1), "<u2"), 16, 0), "of which 0 is white; save it so that 0 is bl"),
        (tiff(np.zeros((2, 2, 4), "<u2"), 16, 5), "16 bits of CMYK or premul.*; save it as RGB"),
        (tiff(np.zeros((2, 2, 4), "<u2"), 16, 2, extra=1), "premultiplied alpha; save it as RGB"),
        (tiff(np.zeros((2, 2, 3), "<u2"), 16, 2, planar=2), "16 bits in a plane for each colour"),
        (tiff(np.zeros((2, 2, 3), "<u2"), 16, 2, planar=2, compression=8), "16 bits in a plane"),
        (tiff(np.zeros((2, 2, 3), "<f4"), 32, 2, 3), "no image that can be recognised"),
        (tiff(np.zeros((2, 2, 1), "<f8"), 64, 1, 3), "no image that can be recognised"),
        (tiff(np.zeros((2, 2, 5), "<u2"), 16, 1), "recognised"),
    ],
)
def test_other_deep_files_are_refused(data, reason):
    """Layouts of which Pillow would drop bits, or that it cannot read, are named in one line."""
    with pytest.raises(CorruptImageError, match=reason):
        read_header(data)


def test_eight_bits_in_separate_planes_are_read():
    """Only more bits are refused."""
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    for compression in (1, 8):
        data = tiff(pixels, 8, 2, planar=2, compression=compression)
        assert np.array_equal(decode_image(data, (2, 2, 3)), pixels)


@pytest.mark.parametrize("compression", [1, 8])
def test_colour_of_16_bits_in_tiff_keeps_the_lower_bits(compression):
    """Whether Pillow decodes the file itself or libtiff does."""
    pixels = np.array([[[4095, 2048, 16], [1, 2, 3]]], "<u2")
    data = tiff(pixels, 16, 2, compression=compression)
    assert read_limits(data) == (1, 4095)
    found = decode_image(data, (1, 2, 3), ValueRange("integers", 4095))
    assert found.tolist() == [[[255, 128, 1], [0, 0, 0]]]
