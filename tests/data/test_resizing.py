"""An image gets another size by one of three rules, as Pillow does it."""

from __future__ import annotations

import numpy as np
import pytest
from image_files import noise
from PIL import Image, ImageOps

from autocnn.data.resizing import fill_padding, fit_into, inner_sizes, resize_image

BILINEAR = Image.Resampling.BILINEAR
RULES = {
    "crop": lambda image, size: ImageOps.fit(image, size, BILINEAR),
    "pad": lambda image, size: ImageOps.pad(image, size, BILINEAR, color="black"),
    "stretch": lambda image, size: image.resize(size, BILINEAR),
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_rule_is_that_of_pillow(rule, channels):
    """Bit by bit, larger and smaller."""
    rng = np.random.default_rng(0)
    for height, width, *size in rng.integers(4, 70, (60, 4)).tolist():
        image = Image.fromarray(noise(1, height, width, channels)[0].squeeze())
        found = resize_image(image, tuple(size), rule)
        assert np.array_equal(np.asarray(found), np.asarray(RULES[rule](image, tuple(size))))


@pytest.mark.parametrize(
    ("inner", "outer", "size"),
    [
        ((120, 90), (90, 90), (90, 68)),  # 67.5, to the even one
        ((90, 120), (90, 90), (68, 90)),
        ((320, 240), (96, 96), (96, 72)),
        ((10, 10), (30, 50), (30, 30)),
        ((1000, 1), (9, 9), (9, 1)),  # 0.009
        ((1, 1000), (9, 9), (1, 9)),
        ((1, 1), (3, 3), (3, 3)),
    ],
)
def test_an_image_fits_into_a_size(inner, outer, size):
    """Its shape is kept up to whole pixels, and each side has one."""
    assert fit_into(inner, outer) == size


def test_a_padded_image_lies_in_the_middle_of_black():
    """White of 2 x 4 becomes two rows of four: one row of black above, one below."""
    white = Image.new("RGB", (4, 2), "white")
    found = np.asarray(resize_image(white, (4, 4), "pad"))
    assert found[..., 1].tolist() == [[0] * 4, [255] * 4, [255] * 4, [0] * 4]
    high = np.asarray(resize_image(Image.new("L", (1, 4), 7), (4, 4), "pad"))
    assert high.tolist() == [[0, 0, 7, 0]] * 4  # 1.5 columns on the left: rounded to the even 2


@pytest.mark.parametrize("size", [(3, 8), (8, 3), (5, 16), (8, 8), (1, 1000), (7, 8)])
def test_the_place_of_the_padding_is_known(size):
    """White on black: its padding becomes white, and only that."""
    white = Image.new("RGB", size[::-1], "white")
    padded = np.array(resize_image(white, (8, 8), "pad"))[None]
    inner = inner_sizes(np.array([size]), (8, 8, 3))
    assert np.count_nonzero(padded[..., 0]) == inner.prod()
    fill_padding(padded, inner)
    assert padded.min() == 255


def test_padding_is_filled_with_the_mean():
    """Of each channel: 10 and 21 have 15.5, which is rounded to the even 16."""
    image = np.zeros((1, 3, 2, 2), np.uint8)
    image[0, 1] = [[10, 1], [21, 1]]
    fill_padding(image, np.array([[1, 2]]))
    assert image[0, ..., 0].tolist() == [[16, 16], [10, 21], [16, 16]]
    assert image[0, ..., 1].tolist() == [[1, 1]] * 3


def test_a_stretched_image_fills_the_size():
    """The left half stays the left half."""
    pixels = np.repeat([[0, 0, 0, 0, 200, 200, 200, 200]], 2, axis=0).astype(np.uint8)
    found = np.asarray(resize_image(Image.fromarray(pixels), (8, 4), "stretch"))
    assert found.tolist() == [[0] * 4 + [200] * 4] * 4


@pytest.mark.parametrize("size", [(1, 1), (1, 1000), (1000, 1)])
@pytest.mark.parametrize("rule", RULES)
def test_images_of_one_pixel_in_a_side_have_a_result(rule, size):
    """Padded strips keep a line of one pixel."""
    found = np.asarray(resize_image(Image.new("L", size, 200), (9, 9), rule))
    n_kept = 9 if rule == "pad" and size != (1, 1) else 81
    assert found.shape == (9, 9)
    assert np.count_nonzero(found == 200) == n_kept


@pytest.mark.parametrize("rule", RULES)
def test_an_image_of_that_size_is_unchanged(rule):
    """By every rule."""
    image = Image.fromarray(noise(1, 5, 7, 3)[0])
    assert resize_image(image, (7, 5), rule) is image
