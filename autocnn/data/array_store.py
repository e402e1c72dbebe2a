"""Arrays of a caller, kept as a folder of .npy files, which is a data set like any other.

The folder is named after its contents: the same arrays are stored once, and a study that was begun
with them goes on with them. It is deleted together with the last study that names it
(records/deletion.py).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autocnn.data.array_images import check_images
from autocnn.data.array_labels import read_labels
from autocnn.data.npy_folder import SUFFIX
from autocnn.data.part_names import TEST, TRAIN
from autocnn.data.stored_array import StoredArray
from autocnn.errors import DatasetError
from autocnn.files import make_folder, write_atomic

ROOT = ".arrays"  # of all such data sets, in the folder of all studies; no study has this name
FOLDER = "arrays"  # begins the name of each
DIGITS = 12  # of the hash in a folder's name
PARTS = {TRAIN: ("x_train", "y_train"), TEST: ("x_test", "y_test")}

Arrays = Mapping[str, NDArray[Any]]  # by the names in PARTS


def store_arrays(arrays: Arrays, root: Path) -> Path:
    """The folder below `root` that holds the arrays; it is made unless it exists.

    Images have the shape (n, height, width) or (n, height, width, channels), labels (n,) or one-hot
    (n, k).
    Raises: DatasetError if a type or a shape is wrong; RecordError if the disk is full.
    """
    with said_of_arrays():
        for part, (images, labels) in PARTS.items():
            if images in arrays:
                found = check_images(_in_memory(images, arrays[images]))
                read_labels(_in_memory(labels, arrays[labels]), found.n, part)
    folder = root / f"{FOLDER}-{_digest(arrays)}"
    make_folder(folder)
    for name, array in arrays.items():
        path = folder / f"{name}{SUFFIX}"
        if not path.exists():  # it appeared whole
            write_atomic(path, partial(np.save, arr=array, allow_pickle=False))
    return folder


def as_array(name: str, values: Any) -> NDArray[Any]:
    """`values` as an array in C's order; objects that all are texts become an array of texts.

    Raises: DatasetError if they are no array of equal rows.
    """
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise DatasetError(f"{name}: expected an array, got rows of several shapes") from error
    if array.dtype.hasobject and all(isinstance(each, str) for each in array.flat):
        array = array.astype(str)
    if array.dtype.kind == "T":  # NumPy's texts of any length
        array = array.astype(str)
    if array.dtype.hasobject:
        kinds = sorted({type(each).__name__ for each in array.flat})[:3]
        raise DatasetError(f"{name}: expected numbers or texts, got objects ({', '.join(kinds)})")
    return np.ascontiguousarray(array)


@contextmanager
def said_of_arrays(folder: Path | None = None) -> Iterator[None]:
    """A DatasetError that leaves the block speaks of arrays, and not of the files in `folder`."""
    try:
        yield
    except DatasetError as error:
        text = re.sub(r"([;,(] ?)save ", r"\1give ", str(error))
        if folder is not None:
            text = text.replace(f"{folder}/", "").replace(f"{folder}: ", "").replace(SUFFIX, "")
        raise type(error)(text) from None


def _in_memory(name: str, array: NDArray[Any]) -> StoredArray:
    """The array in the form in which the readers of files check it."""

    @contextmanager
    def open_bytes() -> Iterator[_Bytes]:
        yield _Bytes(array)

    return StoredArray(
        place=name,
        name=name,
        shape=array.shape,
        dtype=array.dtype,
        is_fortran=False,
        offset=0,
        open=open_bytes,  # type: ignore[arg-type]
    )


class _Bytes:
    """The bytes of an array, to be read as those of a file, without a copy of the whole."""

    def __init__(self, array: NDArray[Any]) -> None:
        self._view, self._at = array.reshape(-1).view(np.uint8), 0

    def seek(self, at: int) -> None:
        """Go to byte `at`."""
        self._at = at

    def read(self, n: int) -> bytes:
        """The next `n` bytes, or those that are left."""
        data = self._view[self._at : self._at + n].tobytes()
        self._at += len(data)
        return data


def _digest(arrays: Arrays) -> str:
    """The hash of the names, types, shapes and bytes of the arrays."""
    found = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        found.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        found.update(array.reshape(-1).view(np.uint8).data)
    return found.hexdigest()[:DIGITS]
