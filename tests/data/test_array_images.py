"""Arrays of images in each layout give their images; others are refused with what to save."""

from __future__ import annotations

import io
from contextlib import contextmanager

import numpy as np
import pytest
from image_files import noise

from autocnn.data.array_images import check_images, check_kinds, describe_images
from autocnn.data.stored_array import read_npy
from autocnn.errors import DatasetError


def stored(array, name="x"):
    """The array as a stored one."""
    file = io.BytesIO()
    np.save(file, array)

    @contextmanager
    def opened():
        yield io.BytesIO(file.getvalue())

    return read_npy(f"f.npz: {name}", name, len(file.getvalue()), opened)


def pixels(array):
    """All images in one array."""
    return np.array([image for _, image in check_images(stored(array)).images()])


@pytest.mark.parametrize("dtype", [bool, "u1", "i2", ">u2", "i4", "u8", "f2", "f4", ">f8"])
def test_values_keep_their_type(dtype):
    """Images are neither scaled nor rounded."""
    x = np.arange(12).reshape(2, 2, 3).astype(dtype)
    found = pixels(x)
    assert found.dtype == x.dtype.newbyteorder("=")
    assert np.array_equal(found, x)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((5, 4, 6), (5, 4, 6)),
        ((5, 4, 6, 1), (5, 4, 6)),
        ((5, 4, 6, 3), (5, 4, 6, 3)),
        ((5, 4, 6, 4), (5, 4, 6, 4)),
        ((5, 4, 4, 4), (5, 4, 4, 4)),
        ((5, 2, 3, 3), (5, 2, 3, 3)),
    ],
)
def test_channels_come_last(shape, expected):
    """One channel is no axis of the image."""
    x = noise(*shape)
    assert np.array_equal(pixels(x), x.reshape(expected))


@pytest.mark.parametrize(("channels", "expected"), [(1, (5, 4, 6)), (3, (5, 4, 6, 3))])
def test_channels_first_are_turned(channels, expected):
    """Each pixel keeps its place and its channel, and a line says so."""
    x = noise(5, channels, 4, 6)
    assert np.array_equal(pixels(x), x.transpose(0, 2, 3, 1).reshape(expected))
    assert describe_images([check_images(stored(x, "x_train"))]) == [
        "x_train: channels first, which are turned to channels last"
    ]


def test_images_are_named_by_array_and_index():
    """The index goes on from block to block."""
    names = [name for name, _ in check_images(stored(noise(300, 2, 2))).images()]
    assert names == [f"x[{i}]" for i in range(300)]


def test_alpha_is_said():
    """Four channels are red, green, blue and alpha."""
    arrays = [check_images(stored(noise(2, 5, 5, 4), name)) for name in ("x_train", "x_test")]
    assert describe_images(arrays) == [
        "x_train, x_test: 4 channels are read as red, green, blue and alpha, and drawn over white"
    ]
    assert describe_images([check_images(stored(noise(2, 5, 5, 3)))]) == []


LAYOUT = "expected (n, height, width), or that with 1, 3 or 4 channels last, got "
EITHER = (
    "may come first or last; save x with channels last in images of other sides, or grey images as "
    "(n, height, width)"
)


@pytest.mark.parametrize(
    ("array", "line"),
    [
        (noise(5, 784), f"{LAYOUT}(5, 784); save x.reshape(-1, 28, 28)"),
        (noise(5, 3072),
         f"{LAYOUT}(5, 3072); save x.reshape(-1, 3, 32, 32) if all red values come first in an "
         "image, or x.reshape(-1, 32, 32, 3) if red, green and blue take turns"),
        (noise(5, 50), f"{LAYOUT}(5, 50); save x.reshape(-1, height, width)"),
        (noise(5), f"{LAYOUT}(5,)"),
        (noise(5, 5, 6, 2), f"{LAYOUT}(5, 5, 6, 2)"),
        (noise(5, 4, 6, 6), f"{LAYOUT}(5, 4, 6, 6); save np.moveaxis(x, 1, -1)"),
        (noise(5, 8, 8, 8, 1), f"{LAYOUT}(5, 8, 8, 8, 1)"),
        (noise(5, 1, 28, 3), f"the channels of (5, 1, 28, 3) {EITHER}"),
        (noise(5, 3, 3, 4), f"the channels of (5, 3, 3, 4) {EITHER}"),
        (noise(0, 4, 6), "expected images, got none; its shape is (0, 4, 6)"),
        (np.asfortranarray(noise(5, 4, 6)),
         "expected an array in C's order, got one in Fortran's order; "
         "save np.ascontiguousarray(x)"),
        (np.array([noise(2, 2), noise(3, 3)], dtype=object),
         "holds Python objects, which may run code when they are read; save np.stack(list(x)), if "
         "all images have one size"),
        (np.zeros((2, 4, 4), "c8"),
         "expected numbers, such as uint8 from 0 to 255, got complex64; save x.astype(np.uint8)"),
        (np.full((2, 4, 4), "7"),
         "expected numbers, such as uint8 from 0 to 255, got <U1; save x.astype(np.uint8)"),
        (np.zeros((2, 4, 4), "M8[s]"),
         "expected numbers, such as uint8 from 0 to 255, got datetime64[s]; "
         "save x.astype(np.uint8)"),
    ],
)  # fmt: skip
def test_other_arrays_are_refused(array, line):
    """The line of Python that converts is given if there is one."""
    with pytest.raises(DatasetError) as caught:
        check_images(stored(array))
    assert str(caught.value) == f"f.npz: x: {line}"


def test_huge_images_are_refused(monkeypatch):
    """The limit is that of image files."""
    monkeypatch.setattr("autocnn.data.array_images.MAX_PIXELS", 23)
    for shape in ((1, 4, 6), (1, 4, 6, 3), (1, 3, 4, 6)):
        with pytest.raises(DatasetError, match=r"expected images of at most 23 pixels, got 4x6$"):
            check_images(stored(noise(*shape)))


def test_kinds_of_values_are_not_mixed():
    """Floats from 0 to 1 and bytes from 0 to 255 have no common range; types of one kind may."""
    x = noise(2, 4, 4)
    arrays = [check_images(stored(x, "x_train")), check_images(stored(x / 255, "x_test"))]
    with pytest.raises(DatasetError) as caught:
        check_kinds(arrays)
    assert str(caught.value) == (
        "f.npz: x_test: holds floats (float64), and x_train integers (uint8); save both in one "
        "type and value range"
    )
    check_kinds([check_images(stored(x)), check_images(stored(x.astype(">i4")))])
