"""Reader of .npz files with the names of Keras: x_train, y_train, x_val, y_val, x_test, y_test.

Images are read in blocks out of the archive; an array of images is never whole in memory.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from autocnn.data.decoding import Content
from autocnn.data.options import AS_THEY_ARE, ImageOptions
from autocnn.data.part_names import PART_NAMES, TEST, TRAIN, VALIDATION
from autocnn.data.reader import Contents, Labels, Source, join_parts, number_classes, stat_file
from autocnn.errors import DatasetError

_KEYS = {TRAIN: "train", VALIDATION: "val", TEST: "test"}
_NAMES = "x_train, y_train, and if you like x_val, y_val, x_test, y_test"
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_ENCRYPTED = 1  # bit of a member's flags
_BLOCK = 256  # images that are read at a time


@dataclass(frozen=True, slots=True)
class _Header:
    """The header of an array in the archive."""

    shape: tuple[int, ...]
    is_fortran: bool
    dtype: np.dtype[Any]


def list_npz(path: Path, options: ImageOptions = AS_THEY_ARE) -> Source:
    """The file at `path`; it is not opened yet."""
    return Source(kind="npz", path=path, files=[stat_file(path)], open=lambda: _open(path))


def _open(path: Path) -> Contents:
    """Check every array of the file, and read its labels.

    Raises: DatasetError if the file is no such archive, or if an array has a wrong type or shape.
    """
    with _archive(path) as archive:
        if any(member.flag_bits & _ENCRYPTED for member in archive.infolist()):
            raise DatasetError(f"{path}: is encrypted; save it without a password")
        keys = _check_members(path, archive.namelist())
        parts = [part for part, key in _KEYS.items() if f"x_{key}" in keys]
        counts = {part: _check_images(path, archive, f"x_{_KEYS[part]}") for part in parts}
        raw = {part: _read_labels(path, archive, part, counts[part]) for part in parts}
    class_names, labels = number_classes(path, raw, None)

    def images() -> Iterator[tuple[str, Content]]:
        with _archive(path) as archive:
            for part in parts:
                yield from _images(archive, f"x_{_KEYS[part]}")

    return Contents(
        class_names=class_names,
        parts=join_parts(counts),
        labels=np.concatenate([labels[part] for part in parts]),
        images=images,
    )


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """The open archive; any error in reading it becomes a DatasetError."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except DatasetError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise DatasetError(f"{path}: cannot be read as a .npz file ({error})") from error
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror or error})") from error


def _check_members(path: Path, members: list[str]) -> set[str]:
    """The names of the arrays.

    Raises: DatasetError if a name has a folder in it, is missing, or is unknown.
    """
    for member in members:
        if "/" in member or "\\" in member or not member.endswith(".npy"):
            raise DatasetError(f"{path}: holds {member!r}; expected arrays only: {_NAMES}")
    keys = {member.removesuffix(".npy") for member in members}
    known = {f"{axis}_{key}" for axis in "xy" for key in _KEYS.values()}
    missing = {"x_train", "y_train"} - keys
    missing |= {f"{axis}_{k[2:]}" for k in keys & known for axis in "xy"} - keys
    unknown = sorted(key for key in keys - known if key.startswith(("x_", "y_")))
    if missing or unknown:
        wrong = f"{', '.join(sorted(missing))} missing" if missing else f"{unknown[0]!r} unknown"
        raise DatasetError(
            f"{path}: {wrong}; expected {_NAMES}, got {', '.join(sorted(keys)) or 'nothing'}"
        )
    return keys


@contextmanager
def _array(archive: zipfile.ZipFile, key: str) -> Iterator[tuple[IO[bytes], _Header]]:
    """The file of one array, positioned after its header, and the header."""
    with archive.open(f"{key}.npy") as file:
        try:
            version = npy.read_magic(file)
            header = _Header(*_HEADERS[version](file))
        except (ValueError, KeyError) as error:
            raise DatasetError(
                f"{archive.filename}: {key}: cannot be read as an array ({error})"
            ) from error
        if header.dtype.hasobject:
            raise DatasetError(
                f"{archive.filename}: {key} holds Python objects, which may run code when they "
                "are read; save it as an array of numbers"
            )
        yield file, header


def _check_images(path: Path, archive: zipfile.ZipFile, key: str) -> int:
    """The number of images in the array.

    Raises: DatasetError if its type or shape is wrong.
    """
    with _array(archive, key) as (_, header):
        shape = header.shape
        if header.dtype != np.uint8:
            advice = ""
            if header.dtype.kind == "f":
                advice = "; save np.rint(255 * x).astype(np.uint8) where its values are 0 to 1"
            raise DatasetError(
                f"{path}: {key}: expected uint8, 0 to 255, got {header.dtype}{advice}"
            )
        if len(shape) not in (3, 4) or shape[3:] not in ((), (1,), (3,)) or 0 in shape:
            raise DatasetError(
                f"{path}: {key}: expected (n, height, width), or that with 1 or 3 channels last, "
                f"got {shape}"
            )
        if header.is_fortran:
            raise DatasetError(
                f"{path}: {key} lies in Fortran's order; save np.ascontiguousarray(x)"
            )
    return shape[0]


def _read_labels(path: Path, archive: zipfile.ZipFile, part: int, n: int) -> Labels:
    """The labels of one part as int64 (n,).

    Raises: DatasetError if their type or shape is wrong.
    """
    key = f"y_{_KEYS[part]}"
    with _array(archive, key) as (_, header):
        if header.dtype.kind not in "iu" or header.shape not in ((n,), (n, 1)):
            raise DatasetError(
                f"{path}: {key}: expected integers ({n},) or ({n}, 1), one for each image of "
                f"{PART_NAMES[part]}, got {header.dtype} {header.shape}"
            )
    with archive.open(f"{key}.npy") as file:
        try:
            labels: NDArray[Any] = npy.read_array(file, allow_pickle=False)
        except ValueError as error:
            raise DatasetError(f"{path}: {key}: cannot be read as an array ({error})") from error
    if labels.dtype.kind == "u" and labels.max() > np.iinfo(np.int64).max:
        raise DatasetError(f"{path}: {key}: expected labels from 0, got {labels.max()}")
    return labels.reshape(-1).astype(np.int64)


def _images(archive: zipfile.ZipFile, key: str) -> Iterator[tuple[str, Content]]:
    """The images of one array in turn; an image is named by its array and index."""
    with _array(archive, key) as (file, header):
        n, *shape = header.shape
        shape = [side for side in shape[:2]] + [side for side in shape[2:] if side == 3]
        size = int(np.prod(shape))
        for start in range(0, n, _BLOCK):
            count = min(_BLOCK, n - start)
            data = file.read(count * size)
            if len(data) < count * size:
                raise DatasetError(f"{archive.filename}: {key}: ends after {start} of {n} images")
            block = np.frombuffer(data, np.uint8).reshape(count, *shape)
            for i in range(count):
                yield f"{key}[{start + i}]", block[i]
