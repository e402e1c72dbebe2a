"""Arrays of .npy files mapped into memory: all processes share the pages of one file.

A mapping holds a shared lock on its file until the array is gone. So the cache can tell which of
its files are in use, also by processes that are killed: the system releases their locks.
"""

from __future__ import annotations

import errno
import fcntl
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray


def map_array(path: Path) -> NDArray[Any]:
    """The array in the .npy file `path`, mapped into memory and read-only.

    The pages are mapped as copy-on-write, so that `writable_view` can be given to a library that
    takes no read-only arrays; the file never changes.
    Raises: OSError; ValueError or EOFError if the file holds no plain array.
    """
    with open(path, "rb") as file:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_SH)
        try:
            version = npy.read_magic(file)
            if version != (1, 0):
                raise ValueError(f"expected version 1.0 of the format, got {version}")
            shape, is_fortran, dtype = npy.read_array_header_1_0(file)
        except Exception as error:  # the header is Python source: its damage has many forms
            raise ValueError(f"{path}: is no .npy file ({error})") from error
        if is_fortran or dtype.hasobject:
            raise ValueError(f"{path}: expected plain values in C order")
        # The mapping keeps a duplicate of the file's descriptor, and with it the lock.
        array = np.memmap(file, dtype=dtype, mode="c", offset=file.tell(), shape=shape)
    array.flags.writeable = False
    return array


def writable_view(array: NDArray[Any]) -> NDArray[Any] | None:
    """The memory of a mapped array as a writable array, for libraries that never write to it.

    None if `array` lies in memory that is read-only.
    """
    view = np.asarray(array).view()
    try:
        view.flags.writeable = True
    except ValueError:
        return None
    return view


def is_in_use(path: Path) -> bool:
    """True if an array of any process maps the file `path`, or if that cannot be found out."""
    try:
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError as error:
        return error.errno != errno.ENOLCK
    return False
