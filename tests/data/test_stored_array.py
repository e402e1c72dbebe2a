"""Arrays in files are read in blocks, and headers that do not fit their file are refused."""

from __future__ import annotations

import io
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.lib import format as npy

from autocnn.data import stored_array
from autocnn.data.stored_array import read_npy
from autocnn.errors import DatasetError


def stored(data, size=None):
    """The array in these bytes of a .npy file, of which `size` are said to be there."""

    @contextmanager
    def opened():
        yield io.BytesIO(data)

    return read_npy("x.npz: a", "a", len(data) if size is None else size, opened)


def saved(array):
    """The array as the bytes of a .npy file."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def text_header(text):
    """A file with this text as its header."""
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def header(**changes):
    """The header of four bytes, with changes, and the four bytes."""
    file = io.BytesIO()
    values = {"descr": "|u1", "fortran_order": False, "shape": (4,)} | changes
    npy.write_array_header_1_0(file, values)
    return file.getvalue() + b"abcd"


@pytest.mark.parametrize("dtype", ["?", "u1", ">u2", "<i4", "i8", "f2", ">f4", "f8", "U3", "S2"])
def test_blocks_are_the_array(monkeypatch, dtype):
    """Blocks of at most three rows, in the machine's byte order, are together the array."""
    monkeypatch.setattr(stored_array, "_BLOCK", 3)
    array = np.arange(7 * 2).reshape(7, 2).astype(dtype)
    blocks = list(stored(saved(array)).blocks())
    assert [len(block) for block in blocks] == [3, 3, 1]
    assert np.array_equal(np.concatenate(blocks), array)
    assert all(block.dtype.isnative and block.dtype.kind == array.dtype.kind for block in blocks)


def test_large_rows_come_in_small_blocks(monkeypatch):
    """A block holds as many rows as its bytes allow, and one at least."""
    array = np.zeros((5, 40), np.uint8)
    for most, expected in ((100, [2, 2, 1]), (7, [1] * 5)):
        monkeypatch.setattr(stored_array, "_BLOCK_BYTES", most)
        assert [len(block) for block in stored(saved(array)).blocks()] == expected


def test_any_byte_but_0_is_true():
    """Truth values of a damaged file are truth values all the same."""
    [block] = stored(header(descr="|b1")[:-4] + b"\0\1\2\xff").blocks()
    assert block.tolist() == [False, True, True, True]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((2, 2), True), ((4,), False), ((4, 1), False), ((1, 4), False), ((2, 1, 2), True)],
)
def test_the_order_matters_for_two_long_axes_only(shape, expected):
    """An array with one long axis has the same bytes in either order."""
    assert stored(header(fortran_order=True, shape=shape)).is_column_major is expected


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"shape": (3,)}, r"uint8 \(3,\), which are 131 bytes with the header, got 132"),
        ({"shape": (5,)}, r"uint8 \(5,\), which are 133 bytes with the header, got 132"),
        ({"shape": (2**70,)}, "got 132; the file is damaged or cut off"),
        ({"shape": (-4,)}, r"uint8 \(-4,\), which"),
        ({"shape": (-2, -2)}, r"uint8 \(-2, -2\), which"),
        ({"descr": "<U0"}, r"<U0 \(4,\), which"),
    ],
)
def test_a_header_that_the_file_does_not_hold_is_refused(change, text):
    """No memory is taken for an array that is not there."""
    with pytest.raises(DatasetError, match=rf"^x\.npz: a: its header states .*{text}"):
        stored(header(**change))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x93NUMPY\x09\x00" + bytes(60),
        saved(np.arange(3)).replace(b"'descr'", b"'xescr'"),
        saved(np.arange(3)).replace(b"(3,)", b"[3,]"),
        saved(np.arange(3)).replace(b"'<i8'", b"'<q9'"),
        saved(np.arange(3)).replace(b"{'descr'", b"((((((((("),
        saved(np.arange(3)).replace(b"'shape'", b"0000000"),
        text_header(b"-" * 9000 + b"1"),
        text_header(b"a.b" * 3000),
        text_header(b"  1\n 2\n"),
        text_header(b"{'a':" * 99),
    ],
)
def test_damaged_headers_are_refused(data):
    """The error has NumPy's reason."""
    with pytest.raises(DatasetError, match=r"^x\.npz: a: cannot be read as an array \(.+\)$"):
        stored(data)


def test_data_that_end_early_are_refused():
    """An archive may state a size that it does not have."""
    array = stored(saved(np.zeros((9, 4), np.uint8))[:-10], size=164)
    with pytest.raises(DatasetError) as caught:
        list(array.blocks())
    line = "x.npz: a: expected 9 rows, got 6; the file is damaged or cut off"
    assert str(caught.value) == line
