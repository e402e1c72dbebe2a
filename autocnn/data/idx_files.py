"""Reader of folders of IDX files, the form of MNIST: train-images-idx3-ubyte, compressed or not.

An IDX file has two zero bytes, a byte for its type, one for the number of its axes, their lengths
as four bytes each, and the values; all numbers are big-endian.
Source: https://yann.lecun.org/exdb/mnist/, "the IDX file format".
"""

from __future__ import annotations

import gzip
import math
import os
import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from autocnn.data.array_names import Role, find_file_role
from autocnn.data.array_set import open_arrays
from autocnn.data.git_lfs import refuse_pointer
from autocnn.data.options import AS_THEY_ARE, ImageOptions
from autocnn.data.reader import (
    Contents,
    FileStat,
    Source,
    list_directory,
    refuse_expansion,
    stat_entry,
)
from autocnn.data.stored_array import StoredArray, check_stored
from autocnn.errors import DatasetError
from autocnn.input_files import open_input

_NAME = re.compile(
    r"(?P<name>.+)[-._]idx\d[-._]?(u?byte|short|int|float|double)?(\.gz)?", re.IGNORECASE
)
_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP = b"\x1f\x8b"
_MOST = 1032  # bytes that one compressed byte can stand for


def is_idx(name: str) -> bool:
    """True if a file of this name is an IDX file."""
    return _NAME.fullmatch(name) is not None


def has_idx(entries: Sequence[os.DirEntry[str]]) -> bool:
    """True if there are IDX files among the entries of a folder."""
    return any(is_idx(entry.name) for entry in entries)


def list_idx(folder: Path, options: ImageOptions = AS_THEY_ARE) -> Source:
    """The IDX files in `folder`; none is opened yet.

    Raises: DatasetError if a file is missing.
    """
    entries = list_directory(folder, folder, follow_links=options.follow_links)
    files = [stat_entry(entry, "") for entry in entries if is_idx(entry.name)]
    return Source(kind="idx", path=folder, files=files, open=lambda: _open(folder, files))


def _open(folder: Path, files: list[FileStat]) -> Contents:
    """Check the header of every file that is used, and read the labels.

    Raises: DatasetError as `array_set.open_arrays`.
    """
    sizes = {file.name: file.size for file in files}

    def find(name: str) -> Role | None:
        if name.endswith(".gz") and name.removesuffix(".gz") in sizes:
            return None  # the unpacked file beside it is read
        match = _NAME.fullmatch(name)
        assert match is not None
        return find_file_role(re.sub("t10k", "test", match["name"], flags=re.IGNORECASE))

    def load(name: str) -> StoredArray:
        return _read_header(folder / name, sizes[name])

    return open_arrays(folder, list(sizes), load, find)


def _read_header(path: Path, size: int) -> StoredArray:
    """The array in an IDX file of `size` bytes.

    Raises: DatasetError if the header cannot be read, or does not fit the size.
    """
    refuse_pointer(path)
    with _file(path) as file:
        magic = file.read(4)
        if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _DTYPES:
            raise DatasetError(
                f"{path}: expected an IDX file, which begins with 0, 0 and a type of "
                f"{', '.join(f'{kind:#04x}' for kind in _DTYPES)}, got {list(magic)}"
            )
        lengths = file.read(4 * magic[3])
        if len(lengths) < 4 * magic[3]:
            raise DatasetError(f"{path}: ends within its header; the file is damaged or cut off")
        is_packed = isinstance(file, gzip.GzipFile)
    dtype: np.dtype[Any] = np.dtype(_DTYPES[magic[2]])
    shape = struct.unpack(f">{magic[3]}I", lengths)
    array = StoredArray(
        place=str(path),
        name=path.name,
        shape=shape,
        dtype=dtype,
        is_fortran=False,
        offset=4 + len(lengths),
        open=lambda: _file(path),
    )
    check_stored(array, size * _MOST if is_packed else size, is_packed=is_packed)
    if is_packed:
        refuse_expansion(path, math.prod(shape) * dtype.itemsize, size, "unpack it")
    return array


@contextmanager
def _file(path: Path) -> Iterator[IO[bytes]]:
    """The file, unpacked if it is compressed; any error in reading it becomes a DatasetError."""
    try:
        with open_input(path) as raw:
            is_packed = raw.read(2) == _GZIP
        with open_input(path) as raw, gzip.open(raw) if is_packed else raw as file:
            yield cast(IO[bytes], file)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise DatasetError(f"{path}: cannot be unpacked ({error})") from error
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror or error})") from error
