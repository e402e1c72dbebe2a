"""Reader of .npz files, whose arrays are called x_train, y_train or train_images, train_labels.

Images are read in blocks out of the archive; an array of images is never whole in memory.
"""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from autocnn.data.array_set import open_arrays
from autocnn.data.git_lfs import refuse_pointer
from autocnn.data.options import AS_THEY_ARE, ImageOptions
from autocnn.data.reader import Contents, Source, refuse_expansion, stat_file
from autocnn.data.stored_array import StoredArray, read_npy
from autocnn.errors import DatasetError

_ENCRYPTED = 1  # bit of a member's flags

# What `zipfile` raises on damaged archives; each was observed.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    UnicodeDecodeError,
)


def list_npz(path: Path, options: ImageOptions = AS_THEY_ARE) -> Source:
    """The file at `path`; it is not opened yet."""
    return Source(kind="npz", path=path, files=[stat_file(path)], open=lambda: _open(path))


def _open(path: Path) -> Contents:
    """Check the header of every array that is used, and read the labels.

    Raises: DatasetError if the file is no such archive, or as `array_set.open_arrays`.
    """
    refuse_pointer(path)
    with _archive(path) as archive:
        members = archive.infolist()
    _check_members(path, members)
    size = sum(member.file_size for member in members)
    refuse_expansion(path, size, stat_file(path).size, "save it by np.savez, uncompressed")
    sizes = {member.filename.removesuffix(".npy"): member.file_size for member in members}

    def load(name: str) -> StoredArray:
        return read_npy(f"{path}: {name}", name, sizes[name], lambda: _member(path, name))

    return open_arrays(path, [member.filename.removesuffix(".npy") for member in members], load)


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """The open archive; any error in reading it becomes a DatasetError."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except DatasetError:
        raise
    except _BROKEN as error:
        cause = " ".join(str(error).split())
        raise DatasetError(f"{path}: cannot be read as a .npz file ({cause})") from error
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror or error})") from error


@contextmanager
def _member(path: Path, name: str) -> Iterator[IO[bytes]]:
    """The file of one array in the archive."""
    with _archive(path) as archive, archive.open(f"{name}.npy") as file:
        yield file


def _check_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    """Raise DatasetError for members that are encrypted, in a folder, no arrays, or there twice."""
    seen: set[str] = set()
    for member in members:
        name = member.filename
        if member.flag_bits & _ENCRYPTED:
            raise DatasetError(f"{path}: is encrypted; save it without a password")
        if "/" in name or "\\" in name or not name.endswith(".npy"):
            raise DatasetError(f"{path}: expected arrays only, as np.savez writes, got {name!r}")
        if name in seen:
            raise DatasetError(f"{path}: expected one array of each name, got {name!r} twice")
        seen.add(name)
