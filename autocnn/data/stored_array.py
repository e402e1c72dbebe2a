"""`StoredArray`: an array in a file, of which only the header is read; its data come in blocks."""

from __future__ import annotations

import math
import tokenize
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from autocnn.errors import DatasetError

_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_BLOCK = 256  # rows, at most, that are read at a time
_BLOCK_BYTES = 16 << 20  # of a block, at most, unless one row is larger

# What NumPy and Python's parser raise on damaged or deeply nested headers; each was observed.
_BAD_HEADER = (
    ValueError,
    KeyError,
    TypeError,
    SyntaxError,
    RecursionError,
    MemoryError,
    tokenize.TokenError,
)

Open = Callable[[], AbstractContextManager[IO[bytes]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArray:
    """An array whose data are not read yet, in C order unless `is_fortran`."""

    place: str  # for messages: the file, and the array's name if the file has several
    name: str  # that its rows are named after
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    is_fortran: bool
    offset: int  # bytes before the data
    open: Open

    @property
    def is_column_major(self) -> bool:
        """True if its data are in another order than C's; with one long axis both are equal."""
        return self.is_fortran and sum(side > 1 for side in self.shape) > 1

    def blocks(self) -> Iterator[NDArray[Any]]:
        """Runs of rows, (m, …) in the machine's byte order, which together are the array.

        Raises: DatasetError if the data end too early or too late.
        """
        n, *shape = self.shape
        size = math.prod(shape) * self.dtype.itemsize
        step = max(1, min(_BLOCK, _BLOCK_BYTES // size))
        with self.open() as file:
            file.seek(self.offset)
            for start in range(0, n, step):
                count = min(step, n - start)
                data = file.read(count * size)
                if len(data) < count * size:
                    raise DatasetError(
                        f"{self.place}: expected {n:,} rows, got {start + len(data) // size:,}; "
                        "the file is damaged or cut off"
                    )
                yield self._array(data).reshape(count, *shape)
            if file.read(1):  # at the end, archives compare their checksums
                raise DatasetError(f"{self.place}: expected {n:,} rows, got more; it is damaged")

    def _array(self, data: bytes) -> NDArray[Any]:
        if self.dtype.kind == "b":  # any byte but 0 is true
            return np.frombuffer(data, np.uint8).astype(bool)
        native: NDArray[Any] = np.frombuffer(data, self.dtype)
        if not self.dtype.isnative:
            native = native.astype(self.dtype.newbyteorder("="))
        return native


def read_npy(place: str, name: str, size: int, open_file: Open) -> StoredArray:
    """The array in the form .npy that `open_file` opens; `size` is that of the file, in bytes.

    Raises: DatasetError if its header cannot be read, or does not fit the size.
    """
    with open_file() as file:
        try:
            version = npy.read_magic(file)
            shape, is_fortran, dtype = _HEADERS[version](file)
        except _BAD_HEADER as error:
            cause = " ".join(str(error).split()) or type(error).__name__
            raise DatasetError(f"{place}: cannot be read as an array ({cause})") from error
        offset = file.tell()
    array = StoredArray(
        place=place,
        name=name,
        shape=shape,
        dtype=dtype,
        is_fortran=is_fortran,
        offset=offset,
        open=open_file,
    )
    return check_stored(array, size)


def refuse_objects(array: StoredArray, advice: str) -> None:
    """Raise DatasetError if the array holds Python objects, which only pickle could read."""
    if array.dtype.hasobject:
        raise DatasetError(
            f"{array.place}: holds Python objects, which may run code when they are read; {advice}"
        )


def check_stored(array: StoredArray, size: int, *, is_packed: bool = False) -> StoredArray:
    """`array`, if `size` bytes are as many as its header states, or if packed, at least as many.

    Raises: DatasetError if they are not.
    """
    if array.dtype.hasobject:
        return array  # its data are never read
    needed = math.prod(array.shape) * array.dtype.itemsize + array.offset
    is_odd = min(array.shape, default=0) < 0 or array.dtype.itemsize == 0
    if is_odd or needed > size or (needed < size and not is_packed):
        raise DatasetError(
            f"{array.place}: its header states {array.dtype} {array.shape}, which are {needed:,} "
            f"bytes with the header, got {size:,}{' at most' * is_packed}; the file is damaged or "
            "cut off"
        )
    return array
