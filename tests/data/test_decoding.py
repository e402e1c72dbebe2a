"""An encoded image becomes pixels by fixed rules."""

from __future__ import annotations

import io

import numpy as np
import pytest
from image_files import encode, noise
from PIL import Image

from autocnn.data.decoding import (
    MAX_PIXELS,
    CorruptImageError,
    Header,
    decode_image,
    quiet_pillow,
    read_header,
)
from autocnn.errors import DatasetError


def saved(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    """The image as an encoded file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def test_pixels_survive_formats_without_loss():
    """Lossless PNG, BMP and WebP return the written pixels, from bytes or a path."""
    [pixels] = noise(1, 5, 7, 3)
    for kind, options in (("PNG", {}), ("BMP", {}), ("WEBP", {"lossless": True})):
        data = encode(pixels, kind, **options)
        assert read_header(data) == Header(5, 7, is_grey=False)
        assert np.array_equal(decode_image(data, (5, 7, 3)), pixels)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_pixels_nearly_survive_formats_with_loss(kind):
    """A smooth image of one colour keeps that colour."""
    pixels = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    found = decode_image(encode(pixels, kind), (16, 16, 3))
    assert np.abs(found.astype(int) - pixels).max() <= 4


def test_only_the_first_frame_of_a_gif_is_read():
    """The second frame of a GIF is ignored."""
    first, second = (Image.new("RGB", (4, 3), colour) for colour in ("red", "blue"))
    data = saved(first, "GIF", save_all=True, append_images=[second])
    assert decode_image(data, (3, 4, 3))[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    ("image", "is_grey", "grey"),
    [
        (Image.new("L", (1, 1), 77), True, 77),
        (Image.new("1", (1, 1), 1), True, 255),
        (Image.new("LA", (1, 1), (77, 255)), True, 77),
        (Image.new("LA", (1, 1), (77, 0)), True, 255),  # transparent: over white
        (Image.fromarray(np.array([[0xAB12]], np.uint16)), True, 0xAB),  # the upper 8 of 16 bits
        (Image.new("P", (1, 1), 0), False, None),
        (Image.new("RGB", (1, 1), (9, 9, 9)), False, 9),  # grey pixels in a colour file
    ],
)
def test_what_is_greyscale_follows_from_the_file(image, is_grey, grey):
    """A file is grey if its format has one channel, whose values are kept."""
    data = saved(image)
    assert read_header(data).is_grey is is_grey
    if grey is not None:
        assert decode_image(data, (1, 1, 1)).tolist() == [[[grey]]]
        assert decode_image(data, (1, 1, 3)).tolist() == [[[grey] * 3]]


def test_colours_come_from_palettes_transparency_and_cmyk():
    """All are converted to the colours on a white background."""
    palette = Image.new("P", (1, 1), 0)
    palette.putpalette([10, 20, 30])
    half = Image.new("RGBA", (1, 1), (0, 0, 0, 51))  # a fifth of black: 255 * 0.8
    cyan = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    hidden = saved(palette, transparency=0)
    assert decode_image(saved(palette), (1, 1, 3)).tolist() == [[[10, 20, 30]]]
    assert decode_image(saved(half), (1, 1, 3)).tolist() == [[[204, 204, 204]]]
    assert decode_image(hidden, (1, 1, 3)).tolist() == [[[255, 255, 255]]]
    assert decode_image(saved(cyan, "JPEG"), (16, 16, 3))[8, 8] == pytest.approx([0, 255, 255], 5)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_cameras_rotation_is_applied(orientation):
    """The rotation is that of Pillow, and the scanned size is the size after it."""
    from PIL import ImageOps

    pixels = np.zeros((2, 3, 3), np.uint8)
    pixels[0, 0] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(pixels, exif=exif)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    header = read_header(data)
    assert (header.height, header.width) == upright.shape[:2]
    assert np.array_equal(decode_image(data, upright.shape), upright)


def test_damaged_exif_data_are_ignored():
    """An image with damaged EXIF data is not rotated."""
    data = encode(np.zeros((8, 8, 3), np.uint8), "JPEG", exif=b"Exif\0\0no TIFF at all")
    assert read_header(data) == Header(8, 8, is_grey=False)
    assert decode_image(data, (8, 8, 3)).max() == 0


def test_another_size_is_covered_and_cropped():
    """Of a wide image the middle square is kept: the white part and some of its edge."""
    pixels = np.zeros((10, 30, 3), np.uint8)
    pixels[:, 7:23] = 255
    assert decode_image(encode(pixels), (5, 5, 3)).min() == 255
    assert decode_image(encode(pixels), (10, 30, 3)).tolist() == pixels.tolist()
    assert decode_image(pixels, (5, 5, 3)).min() == 255  # of an array, as of a file


def test_shrinking_is_antialiased():
    """A chequered image becomes grey; the nearest pixel would be black or white."""
    pixels = (np.indices((32, 32)).sum(axis=0) % 2 * 255).astype(np.uint8)
    found = decode_image(pixels, (4, 4, 1))
    assert found.min() > 110
    assert found.max() < 145


def test_arrays_are_taken_as_they_are():
    """Arrays are grey or colour, and are converted to the other if needed."""
    grey, colour = noise(1, 3, 4)[0], noise(1, 3, 4, 3)[0]
    assert read_header(grey) == Header(3, 4, is_grey=True)
    assert read_header(colour) == Header(3, 4, is_grey=False)
    assert np.array_equal(decode_image(grey, (3, 4, 1))[..., 0], grey)
    assert np.array_equal(decode_image(colour, (3, 4, 3)), colour)
    assert np.array_equal(decode_image(grey, (3, 4, 3)), np.stack([grey] * 3, axis=-1))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "WEBP"])
def test_a_truncated_image_is_refused(kind):
    """The header of a truncated image may be whole, but its pixels are not."""
    data = encode(noise(1, 40, 40, 3)[0], kind)
    with pytest.raises(CorruptImageError):
        decode_image(data[: len(data) // 2], (40, 40, 3))


@pytest.mark.parametrize("data", [b"", b"no image", b"<svg/>", b"\x89PNG\r\n\x1a\n"])
def test_a_file_that_is_no_image_is_refused(data):
    """The header of such a file is already refused."""
    with pytest.raises(CorruptImageError, match=r"recognised|truncated|image"):
        read_header(data)


def test_a_damaged_checksum_is_refused():
    """PNG stores a checksum of each chunk."""
    data = bytearray(encode(noise(1, 40, 40, 3)[0]))
    data[60] ^= 255
    with pytest.raises(CorruptImageError):
        decode_image(bytes(data), (40, 40, 3))


@pytest.mark.parametrize("side", [9000, 12_000, 30_000])
def test_a_decompression_bomb_is_not_decoded(side):
    """81, 144 and 900 million pixels: each limit, ours and Pillow's two, is one error."""
    data = bytearray(encode(np.zeros((1, 1), np.uint8)))
    data[16:24] = side.to_bytes(4, "big") * 2
    import zlib

    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    assert side**2 > MAX_PIXELS
    with quiet_pillow(), pytest.raises(CorruptImageError, match="pixels"):
        read_header(bytes(data))


def test_a_file_that_cannot_be_opened_is_no_corrupt_image(tmp_path):
    """The error of a file without permission names the file."""
    with pytest.raises(DatasetError, match=r"absent\.png: cannot be read \(No such file"):
        read_header(str(tmp_path / "absent.png"))
