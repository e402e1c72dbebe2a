"""An encoded image becomes pixels by fixed rules."""

from __future__ import annotations

import io

import numpy as np
import pytest
from image_files import encode, noise
from PIL import Image, features

from autocnn.data.decoding import (
    MAX_PIXELS,
    CorruptImageError,
    Header,
    decode_file,
    decode_image,
    quiet_pillow,
    read_header,
    read_limits,
)
from autocnn.data.value_range import ValueRange
from autocnn.errors import DatasetError

AVIF = pytest.param("AVIF", marks=pytest.mark.skipif(not features.check("avif"), reason="no AVIF"))


def saved(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    """The image as an encoded file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def test_pixels_survive_formats_without_loss():
    """Lossless PNG, BMP, WebP and TIFF return the written pixels, from bytes or a path."""
    [pixels] = noise(1, 5, 7, 3)
    lossless = ("PNG", {}), ("BMP", {}), ("WEBP", {"lossless": True}), ("TIFF", {})
    for kind, options in lossless:
        data = encode(pixels, kind, **options)
        assert read_header(data) == Header(5, 7, is_grey=False)
        assert np.array_equal(decode_image(data, (5, 7, 3)), pixels)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", AVIF])
def test_pixels_nearly_survive_formats_with_loss(kind):
    """A smooth image of one colour keeps that colour."""
    pixels = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    found = decode_image(encode(pixels, kind), (16, 16, 3))
    assert np.abs(found.astype(int) - pixels).max() <= 4


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "PNG", "WEBP"])
def test_only_the_first_frame_or_page_is_read(kind):
    """The second frame of a GIF and the second page of a TIFF are ignored."""
    first, second = (Image.new("RGB", (4, 3), colour) for colour in ("red", "blue"))
    lossless = {"lossless": True} if kind == "WEBP" else {}
    data = saved(first, kind, save_all=True, append_images=[second], **lossless)
    assert decode_image(data, (3, 4, 3))[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    ("image", "is_grey", "grey"),
    [
        (Image.new("L", (1, 1), 77), True, 77),
        (Image.new("1", (1, 1), 1), True, 255),
        (Image.new("LA", (1, 1), (77, 255)), True, 77),
        (Image.new("LA", (1, 1), (77, 0)), True, 255),  # transparent: over white
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
    assert decode_image(saved(cyan, "TIFF"), (16, 16, 3))[8, 8].tolist() == [0, 255, 255]


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("YCbCr", (76, 85, 255), [254, 0, 0]),  # red: 0.299 * 255 is 76
        ("LAB", (255, 128, 128), [255, 255, 255]),  # the lightest, without a colour
        ("P", 0, [0, 0, 0]),
        ("1", 1, [255, 255, 255]),
        ("LA", (7, 255), [7, 7, 7]),
        ("RGBA", (0, 0, 0, 51), [204, 204, 204]),  # a fifth of black: 255 * 0.8
    ],
)
def test_modes_of_tiff_are_converted(mode, colour, expected):
    """Each mode of Pillow that TIFF stores becomes grey and colour."""
    data = saved(Image.new(mode, (2, 2), colour), "TIFF")
    assert decode_image(data, (2, 2, 3))[0, 0] == pytest.approx(expected, abs=1)
    if len(set(expected)) == 1:
        assert decode_image(data, (2, 2, 1))[0, 0] == pytest.approx(expected[:1], abs=1)
    assert read_header(data).is_grey == (mode in ("1", "LA"))


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


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_rotation_of_a_tiff_is_applied(orientation, dtype):
    """The marked corner moves to where the tag says, and the size with it."""
    pixels = np.zeros((2, 3), dtype)
    pixels[0, 0] = 255
    data = saved(Image.fromarray(pixels), "TIFF", tiffinfo={0x0112: orientation})
    shape = (3, 2) if orientation > 4 else (2, 3)
    row, column = ((0, 0), (0, -1), (-1, -1), (-1, 0))[(orientation - 1) % 4]
    header = read_header(data)
    assert (header.height, header.width) == shape
    values = ValueRange() if dtype == np.uint8 else ValueRange("integers", 255)
    found = decode_image(data, (*shape, 1), values)
    assert found[row, column].tolist() == [255]
    assert found.sum() == 255


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


def test_arrays_have_one_three_or_four_channels():
    """One channel is grey; the fourth is alpha, over white: 255 - 51 * 255 / 255 of black."""
    grey = noise(1, 3, 4, 1)[0]
    assert read_header(grey) == Header(3, 4, is_grey=True)
    assert np.array_equal(decode_image(grey, (3, 4, 1)), grey)
    assert np.array_equal(decode_image(grey, (3, 4, 3)), np.repeat(grey, 3, axis=2))
    alpha = np.array([[(9, 8, 7, 255), (9, 8, 7, 0), (0, 0, 0, 51)]], np.uint8)
    assert read_header(alpha) == Header(1, 3, is_grey=False)
    assert decode_image(alpha, (1, 3, 3)).tolist() == [[[9, 8, 7], [255] * 3, [204] * 3]]


@pytest.mark.parametrize(
    ("pixels", "values", "expected"),
    [
        (np.array([[4095, 2048]], np.uint16), ValueRange("integers", 4095), [255, 128]),
        (np.array([[4095, 2048]], ">u2"), ValueRange("integers", 4095), [255, 128]),
        (np.array([[255, 7]], np.int64), ValueRange("integers", 255), [255, 7]),
        (np.array([[True, False]]), ValueRange("booleans", 1), [255, 0]),
        (np.array([[1.0, 0.2]]), ValueRange("floats", 1), [255, 51]),
        (np.array([[254.6, 0.4]], np.float32), ValueRange("floats", 255), [255, 0]),
    ],
)
def test_arrays_of_other_types_are_scaled(pixels, values, expected):
    """The range of the data set becomes 0 to 255."""
    assert decode_image(pixels, (1, 2, 1), values).ravel().tolist() == expected
    assert decode_image(pixels[..., None], (1, 2, 1), values).ravel().tolist() == expected
    three = np.stack([pixels] * 3, axis=-1)
    assert decode_image(three, (1, 2, 3), values)[0, :, 1].tolist() == expected


def test_the_alpha_of_deep_arrays_is_scaled_like_the_colours():
    """Of 12 bits, 819 is a fifth: over white, black becomes 204."""
    pixels = np.array([[(0, 0, 0, 819), (4095, 0, 0, 4095)]], np.uint16)
    found = decode_image(pixels, (1, 2, 3), ValueRange("integers", 4095))
    assert found.tolist() == [[[204] * 3, [255, 0, 0]]]


def test_limits_are_those_of_the_stored_values():
    """Of arrays, and of files that are decoded for it."""
    assert read_limits(np.array([[7, 4021]], np.int32)) == (7, 4021)
    assert read_limits(saved(Image.fromarray(np.array([[7, 4021]], np.uint16)))) == (7, 4021)
    with pytest.raises(CorruptImageError):
        read_limits(saved(Image.fromarray(np.ones((40, 40), np.uint16)))[:70])


def test_values_that_do_not_fit_are_refused():
    """Of an array or a file; the reason has what was expected and what was found."""
    deep = np.array([[0, 5000]], np.uint16)
    for content in (deep, saved(Image.fromarray(deep))):
        with pytest.raises(CorruptImageError, match=r"expected integers, 0 to 4,095, got 0 to 5,0"):
            decode_image(content, (1, 2, 1), ValueRange("integers", 4095))
        with pytest.raises(CorruptImageError, match=r"expected 8 bits, 0 to 255, got 16 bits"):
            decode_image(content, (1, 2, 1))
    with pytest.raises(CorruptImageError, match=r"0 to 4,095, got 8 bits"):
        decode_image(saved(Image.new("L", (2, 1))), (1, 2, 1), ValueRange("integers", 4095))
    with pytest.raises(CorruptImageError, match="expected booleans, integers or floats, got compl"):
        read_header(np.zeros((2, 2), np.complex64))


def test_one_file_is_prepared_like_the_data_set(tmp_path):
    """With the shape and the range of the data set; 8 bits are also read for ranges up to 255."""
    path = tmp_path / "x.png"
    path.write_bytes(saved(Image.fromarray(np.array([[4095, 2048]], np.uint16))))
    found = decode_file(path, (1, 2, 3), ValueRange("integers", 4095))
    assert found.tolist() == [[[255] * 3, [128] * 3]]
    with pytest.raises(DatasetError, match=r"x\.png: cannot be read \(expected 8 bits, .* 16 bits"):
        decode_file(path, (1, 2, 1))
    path.write_bytes(encode(np.array([[200, 7]], np.uint8)))
    for values in (ValueRange(), ValueRange("floats", 1), ValueRange("integers", 255)):
        assert decode_file(str(path), (1, 2, 1), values).ravel().tolist() == [200, 7]
    with pytest.raises(DatasetError, match=r"absent\.png: cannot be read"):
        decode_file(tmp_path / "absent.png", (1, 2, 1))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "WEBP", "TIFF", AVIF])
def test_a_truncated_image_is_refused(kind):
    """The header of a truncated image may be whole, but its pixels are not."""
    data = encode(noise(1, 40, 40, 3)[0], kind)
    with pytest.raises(CorruptImageError):
        decode_image(data[: len(data) // 2], (40, 40, 3))


@pytest.mark.parametrize("data", [b"", b"no image", b"<svg/>", b"\x89PNG\r\n\x1a\n"])
def test_a_file_that_is_no_image_is_refused(data):
    """The header of such a file is already refused."""
    with pytest.raises(CorruptImageError, match=r"recognised|truncated|image|an empty file"):
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
    with quiet_pillow(), pytest.raises(CorruptImageError, match="more than the 80 million"):
        read_header(bytes(data))


def test_a_file_that_cannot_be_opened_is_no_corrupt_image(tmp_path):
    """The error of a file without permission names the file."""
    with pytest.raises(DatasetError, match=r"absent\.png: cannot be read \(No such file"):
        read_header(str(tmp_path / "absent.png"))
