"""The values of all images decide on the range, or on the line that refuses them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from autocnn.data.part_names import TEST, TRAIN
from autocnn.data.value_census import ValueCensus, describe_faint
from autocnn.data.value_range import BYTES, EIGHT_BITS, Stored, ValueRange, limits, stored_in
from autocnn.errors import DatasetError


def census(train, test=None):
    """The census over one array of training images, and one of test images."""
    found = ValueCensus()
    for part, name, array in ((TRAIN, "x_train", train), (TEST, "x_test", test)):
        for i, x in enumerate(array if array is not None else ()):
            stored = stored_in(x.dtype)
            found.add(f"{name}[{i}]", part, stored, limits(x) if stored.is_deep else None)
    return found


def refused(train, test=None):
    """The line that refuses these images."""
    with pytest.raises(DatasetError) as caught:
        census(train, test).choose()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("largest", "high", "note"),
    [
        (0, 255, "pixels of 16 bits use 8 (largest value 0): they are kept"),
        (255, 255, "pixels of 16 bits use 8 (largest value 255): they are kept"),
        (256, 1023, "use 10 (largest value 256): 0 to 1,023 is scaled to 0 to 255"),
        (1024, 4095, "use 12 (largest value 1,024): 0 to 4,095 is scaled to 0 to 255"),
        (4021, 4095, "pixels of 16 bits use 12 (largest value 4,021): 0 to 4,095 is scaled to 0"),
        (4096, 16_383, "use 14 (largest value 4,096): 0 to 16,383 is scaled to 0 to 255"),
        (65_535, 65_535, "use 16 (largest value 65,535): 0 to 65,535 is scaled to 0 to 255"),
    ],
)
def test_the_largest_integer_gives_the_bits_in_use(largest, high, note):
    """8, 10, 12, 14 or 16 bits; one line says so."""
    values, notes = census(np.array([[0], [largest]], np.uint16)).choose()
    assert values == ValueRange("integers", high)
    assert len(notes) == 1
    assert note in notes[0]


def test_training_and_test_images_have_one_range():
    """The line names a part that needs fewer bits, because it may be scaled in another way."""
    train, test = np.array([[0, 4021]], np.int64), np.array([[3, 60_000]], np.int64)
    values, notes = census(train, test).choose()
    assert values == ValueRange("integers", 65_535)
    assert notes == [
        "pixels of 64 bits use 16 (largest value 60,000): 0 to 65,535 is scaled to 0 to 255; the "
        "largest value of train is only 4,021"
    ]


@pytest.mark.parametrize(
    ("pixels", "values", "note"),
    [
        (np.array([[0, 0.5]]), 1, "floats (largest value 0.5): 0 to 1 is scaled to 0 to 255"),
        (np.array([[0, 1.0]], np.float16), 1, "(largest value 1): 0 to 1 is scaled to 0 to 255"),
        (np.array([[0, 2.0]]), 255, "(largest value 2): they are rounded to 0 to 255"),
        (np.array([[0.5, 254.7]]), 255, "(largest value 254.7): they are rounded to 0 to 255"),
    ],
)
def test_floats_are_0_to_1_or_0_to_255(pixels, values, note):
    """The largest value decides."""
    found, notes = census(pixels).choose()
    assert found == ValueRange("floats", values)
    assert note in notes[0]


def test_bytes_and_booleans_need_no_choice():
    """Bytes get no line; a data set without an image that can be read has the usual range."""
    assert ValueCensus().choose() == (EIGHT_BITS, [])
    assert census(np.zeros((2, 3), np.uint8)).choose() == (EIGHT_BITS, [])
    assert census(np.zeros((2, 3), bool)).choose() == (
        ValueRange("booleans", 1),
        ["pixels are booleans: they become 0 and 255"],
    )


@pytest.mark.parametrize(
    ("train", "name", "found"),
    [
        (np.array([[5], [-1024], [3071]], np.int16), "x_train[1]", "got -1,024"),
        (np.array([[5], [-128], [127]], np.int8), "x_train[1]", "got -128"),
        (np.array([[0], [70_000]], np.int32), "x_train[1]", "got 70,000"),
        (np.array([[-5], [70_000]], np.int32), "x_train[0]", "got -5"),
        (np.array([[-1.0], [1.0]]), "x_train[0]", "got -1; if -1 to 1 is meant"),
        (np.array([[-0.7], [0.9]]), "x_train[0]", "got -0.7; if -1 to 1 is meant"),
        (np.array([[-1e-7], [1.0]]), "x_train[0]", "if 0 to 1 is meant"),
        (np.array([[0.0], [1.02]]), "x_train[1]", "got 1.02; if 0 to 1 is meant"),
        (np.array([[-3.0], [259.0]]), "x_train[0]", "got -3; if 0 to 255 is meant"),
        (np.array([[0.0], [4021.0]]), "x_train[1]", "got 4,021"),
        (np.array([[0.0], [70_000.0]], np.float32), "x_train[1]", "got 70,000"),
        (np.array([[np.nan], [1.0]]), "x_train[0]", "has NaN or infinite values"),
        (np.array([[0.0], [-np.inf]]), "x_train[1]", "has NaN or infinite values"),
    ],
)
def test_the_python_in_the_line_makes_them_fit(train, name, found):
    """The line names the image and the value, and its advice is followed here."""
    line = refused(train)
    assert line.startswith(f"{name}: ")
    assert re.search(found, line)
    code = re.search(r"save(?:, for all images alike,)? x = (.*)$", line)
    converted = eval(code[1], {"np": np, "x": train})
    values, _ = census(converted).choose()
    assert values.to_bytes(converted).shape == train.shape


def test_the_advice_for_minus_1_to_1_restores_the_pixels():
    """Of every 8-bit value."""
    pixels = np.arange(256, dtype=np.uint8)[None]
    x = (pixels / 127.5 - 1).astype(np.float32)
    assert "x = ((x + 1) * 127.5).round().astype(np.uint8)" in refused(x)
    assert np.array_equal(((x + 1) * 127.5).round().astype(np.uint8), pixels)


@pytest.mark.parametrize("low_high", [(-2.12, 2.64), (-1.5, 0.9), (-123.0, 151.0)])
def test_standardised_images_cannot_be_restored(low_high):
    """No Python can: the line asks for the images before it."""
    assert refused(np.array([low_high])) == (
        f"x_train[0]: expected floats from 0 to 1, or from 0 to 255, got {low_high[0]:g}; "
        "standardised images cannot be restored: save them as they were before it"
    )


def test_several_depths_are_refused():
    """The first image and the first of another depth are named; widths of floats may differ."""
    assert refused(np.zeros((2, 1), np.uint8), np.zeros((2, 1), np.uint16)) == (
        "expected one depth in the whole data set, got 8 bits in x_train[0] and 16 bits in "
        "x_test[0]; save all images with the same one"
    )
    assert "16 bits in x_train[0] and 64 bits in" in refused(
        np.zeros((2, 1), np.uint16), np.zeros((2, 1), np.int64)
    )
    assert "got booleans in x_train[0] and floats in x_test[0]" in refused(
        np.zeros((1, 1), bool), np.zeros((1, 1))
    )
    values, _ = census(np.zeros((2, 1), np.float32), np.ones((2, 1), np.float64)).choose()
    assert values == ValueRange("floats", 1)


def test_floats_of_two_ranges_are_refused():
    """Training images divided by 255, and test images that are not."""
    line = refused(np.array([[0.0, 0.99]]), np.array([[0.0, 254.0]]))
    assert line == (
        "x_test[0]: expected one range in the whole data set, got floats up to 254, and in train "
        "up to 0.99; save all images from 0 to 1, or all from 0 to 255"
    )


def test_the_first_of_equal_images_is_named():
    """The order of the images decides."""
    found = ValueCensus()
    for name in ("b", "a", "c"):
        found.add(name, TRAIN, Stored("integers", 16), (-1, 4))
    with pytest.raises(DatasetError, match=r"^b: "):
        found.choose()


def counts_of(*levels):
    """Pixel counts of one grey channel."""
    found = np.zeros((1, 256), np.int64)
    found[0, list(levels)] = 5
    return found


def test_a_largest_value_of_1_is_reported():
    """Of each part; it is usual for floats and booleans only."""
    counts = {TRAIN: counts_of(0, 1), TEST: counts_of(0, 255)}
    assert describe_faint(EIGHT_BITS, counts) == [
        "train: the largest value is 1, of 255; if values from 0 to 1 are meant, save "
        "(x * 255).astype(np.uint8)"
    ]
    both = {TRAIN: counts_of(0, 1), TEST: counts_of(1)}
    assert describe_faint(ValueRange("integers", 255), both)[0].startswith("train and test: ")
    assert describe_faint(EIGHT_BITS, {TRAIN: counts_of(0, 2), TEST: counts_of(0)}) == []
    assert describe_faint(ValueRange("floats", 1), counts) == []


def test_eight_bits_of_any_file_are_one_depth():
    """Palettes and images with 1 bit are read as 8 bits."""
    found = ValueCensus()
    for i in range(3):
        found.add(str(i), TRAIN, BYTES, None)
    assert found.choose() == (EIGHT_BITS, [])
