"""Stored values become 8 bits by one range."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.data.value_range import (
    BYTES,
    EIGHT_BITS,
    Stored,
    UnfitValuesError,
    ValueRange,
    limits,
    number,
    stored_in,
)


@pytest.mark.parametrize(
    ("bits", "value", "expected"),
    [
        (8, 77, 77),
        (10, 1023, 255),
        (10, 512, 128),  # 127.6
        (12, 4095, 255),
        (12, 2048, 128),  # 127.53
        (12, 8, 0),  # 0.498
        (12, 9, 1),  # 0.56
        (14, 16_383, 255),
        (16, 65_535, 255),
        (16, 128, 0),  # 0.498
        (16, 129, 1),  # 0.502
        (16, 65_406, 254),  # 254.498
    ],
)
def test_integers_are_scaled_to_the_nearest(bits, value, expected):
    """Value * 255 / (2**bits - 1), in any type of integer that holds it."""
    values = ValueRange("integers", 2**bits - 1)
    for dtype in (np.uint16, ">u2", np.int32, np.uint64):
        found = values.to_bytes(np.array([[value, 0]], dtype))
        assert found.dtype == np.uint8
        assert found.tolist() == [[expected, 0]]


def test_floats_are_rounded():
    """Half goes to the even neighbour, as np.rint rounds."""
    unit, wide = ValueRange("floats", 1), ValueRange("floats", 255)
    assert unit.to_bytes(np.array([0, 0.1, 0.5, 1])).tolist() == [0, 26, 128, 255]
    assert wide.to_bytes(np.array([0, 0.5, 1.5, 254.6])).tolist() == [0, 0, 2, 255]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_eight_bits_divided_by_255_come_back(dtype):
    """Every value survives as a float."""
    levels = np.arange(256)
    floats = (levels / 255).astype(dtype)
    assert ValueRange("floats", 1).to_bytes(floats).tolist() == levels.tolist()


def test_booleans_and_bytes_need_no_scale():
    """Booleans are 0 and 255; bytes are the array itself."""
    assert ValueRange("booleans", 1).to_bytes(np.array([True, False])).tolist() == [255, 0]
    pixels = np.array([3], np.uint8)
    assert EIGHT_BITS.to_bytes(pixels) is pixels


@pytest.mark.parametrize(
    ("values", "pixels", "line"),
    [
        (EIGHT_BITS, np.zeros(1, np.uint16), "expected 8 bits, 0 to 255, got 16 bits"),
        (ValueRange("integers", 4095), np.zeros(1), "expected integers, 0 to 4,095, got floats"),
        (ValueRange("integers", 4095), np.array([-1, 4096]), "integers, 0 to 4,095, got -1 to 4,0"),
        (ValueRange("floats", 1), np.array([0, 1.5]), "expected floats, 0 to 1, got 0 to 1.5"),
        (ValueRange("floats", 1), np.array([0, np.nan]), "got nan to nan"),
        (ValueRange("integers", 4095), np.zeros(1, np.uint8), "0 to 4,095, got 8 bits"),
    ],
)
def test_values_outside_of_the_range_are_refused(values, pixels, line):
    """The text has what was expected and what was found."""
    with pytest.raises(UnfitValuesError, match=line):
        values.to_bytes(pixels)


def test_the_type_of_an_array_is_its_kind_and_bits():
    """Only integers and floats need a look at their values."""
    assert stored_in(np.dtype(np.uint8)) == BYTES
    assert stored_in(np.dtype(bool)) == Stored("booleans", 8)
    assert stored_in(np.dtype(np.int8)) == Stored("integers", 8)
    assert stored_in(np.dtype(">u2")) == Stored("integers", 16)
    assert stored_in(np.dtype(np.float16)) == Stored("floats", 16)
    deep = [stored_in(np.dtype(x)).is_deep for x in ("u1", "?", "i1", "u4", "f8")]
    assert deep == [False, False, True, True, True]
    with pytest.raises(UnfitValuesError, match="expected booleans, integers or floats, got <U3"):
        stored_in(np.dtype("<U3"))


def test_limits_and_their_texts():
    """Integers keep every digit; NaN is found."""
    assert limits(np.array([2**63, 5], np.uint64)) == (5, 2**63)
    assert np.isnan(limits(np.array([1, np.nan]))).all()
    assert [number(x) for x in (4021, -0.25, 254.6666666)] == ["4,021", "-0.25", "254.667"]
