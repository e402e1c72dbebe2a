"""The cache of decoded images: the place of each data set, and how its folder is made and read.

The name of a folder is a hash of what is read (the place of a data set, and how it is read) and a
hash of the files found there (names, sizes and times). A folder appears whole or not at all, and is
checked before use.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autocnn.data.dataset import Images, TrainingImages
from autocnn.data.importing import Facts
from autocnn.data.mapped_array import is_in_use, map_array
from autocnn.data.reader import FileStat
from autocnn.data.value_range import ValueRange
from autocnn.errors import AutocnnError, RecordError
from autocnn.files import cache_root, write_atomic

VERSION = 5  # of readers, decoding and the form of a folder; folders of other versions are void
_META = "meta.json"
_UNFINISHED = "."  # the first character in the name of a folder that is being written


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stored:
    """A data set in the cache: its images are mapped into memory, read-only."""

    facts: Facts
    train: TrainingImages
    test: Images


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The place of one data set in the cache."""

    folder: Path
    key: str  # hash of `VERSION`, of what is read, and of the files found there


def find_entry(place: Sequence[object], files: Iterable[FileStat]) -> Entry:
    """The cache's place for the data set `place`, such as a path and options, with these files."""
    wish = _hash(json.dumps(place))
    listing = "\n".join(f"{file.size} {file.mtime_ns} {file.name}" for file in files)
    key = _hash(f"{VERSION}\n{wish}\n{listing}")
    return Entry(folder=cache_root() / "images" / f"{wish}-{key}", key=key)


def load_entry(entry: Entry, make: Callable[[Path], Facts]) -> Stored:
    """The data set in the cache; `make` fills a folder first if there is none, or a damaged one.

    Raises: RecordError if the cache cannot be written.
    """
    found = _open(entry)
    if found is not None:
        return found
    root = entry.folder.parent
    with _cache_errors(root):
        root.mkdir(parents=True, exist_ok=True)
        _remove_unfinished(root)
        with _locked(_lock_of(entry.folder)):
            found = _open(entry)  # another process may have made the folder meanwhile
            if found is None:
                _make(entry, make)
                found = _open(entry)
    if found is None:
        raise RecordError(
            f"{entry.folder}: cannot be read right after it was written; check the disk, the "
            "memory and the number of open files that the system allows"
        )
    return found


def _hash(text: str) -> str:
    return blake2b(text.encode(), digest_size=12).hexdigest()


def _make(entry: Entry, make: Callable[[Path], Facts]) -> None:
    """Fill the folder, and delete older folders of the same place that no process uses."""
    root, wish = entry.folder.parent, entry.folder.name.partition("-")[0]
    for old in root.glob(f"{wish}-*"):
        if old == entry.folder or not is_in_use(_images_file(old)):
            shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{_UNFINISHED}{wish}-", dir=root) as beside:
        folder = Path(beside) / "whole"
        folder.mkdir()
        facts = make(folder)
        sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
        meta = {"version": VERSION, "key": entry.key, "files": sizes, **asdict(facts)}
        write_atomic(folder / _META, json.dumps(meta))
        os.replace(folder, entry.folder)


def _remove_unfinished(root: Path) -> None:
    """Delete unfinished folders whose process is gone: then the lock of their data set is free."""
    for folder in root.glob(f"{_UNFINISHED}*-*"):
        lock = _lock_of(root / folder.name.removeprefix(_UNFINISHED))
        try:
            with _locked(lock, wait=False):
                shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue  # its process lives


def _lock_of(folder: Path) -> Path:
    """The file that a process locks while it makes `folder`; one for each data set."""
    return folder.parent / f"{folder.name.partition('-')[0]}.lock"


@contextmanager
def _locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold an exclusive lock on the file; the system releases it if this process dies.

    Raises: BlockingIOError if another process holds it, unless the caller waits.
    """
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield


@contextmanager
def _cache_errors(root: Path) -> Iterator[None]:
    """Turn any error that keeps the cache from being written into one line."""
    try:
        yield
    except AutocnnError:
        raise
    except OSError as error:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        advice = "free some space, or set" if is_full else "set"
        raise RecordError(
            f"{root}: the cache of decoded images cannot be written ({error.strerror or error}); "
            f"{advice} AUTOCNN_CACHE to another folder"
        ) from error


def _open(entry: Entry) -> Stored | None:
    """The data set in the folder; None if it is absent, or if meta.json does not describe it."""
    folder = entry.folder
    try:
        meta = json.loads((folder / _META).read_text(encoding="utf-8"))
        if (meta["version"], meta["key"]) != (VERSION, entry.key):
            return None
        if any((folder / name).stat().st_size != size for name, size in meta["files"].items()):
            return None
        return _stored(folder, _facts(meta))
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError):
        return None  # damaged: it is made again


def _facts(meta: dict[str, Any]) -> Facts:
    fields = {name: meta[name] for name in Facts.__dataclass_fields__}
    for name in ("class_names", "shape", "test_counts", "notes"):
        fields[name] = tuple(fields[name])
    fields["value_range"] = ValueRange(**fields["value_range"])
    return Facts(**fields)


def _stored(folder: Path, facts: Facts) -> Stored:
    """Map the arrays and check them against `facts`; any error is raised as it comes."""
    n_train, shape = facts.n_train, facts.shape
    counts = np.array(facts.pixel_counts, dtype=np.int64)
    has_validation = facts.n_validation is not None
    train = TrainingImages(
        images=_map(_images_file(folder), (n_train, *shape)),
        labels=np.array(_map(_labels_file(folder), (n_train,))),
        hashes=np.array(_map(folder / "train_hashes.npy", (n_train,))),
        validates=np.array(_map(folder / "validates.npy", (n_train,))) if has_validation else None,
        pixel_counts=counts.reshape(shape[2], 256),
        fingerprint=facts.fingerprint,
        files=(_images_file(folder), _labels_file(folder)),
    )
    test = Images(
        images=_map(folder / "test_images.npy", (facts.n_test, *shape)),
        labels=np.array(_map(folder / "test_labels.npy", (facts.n_test,))),
    )
    if max(train.labels.max(), test.labels.max()) >= len(facts.class_names):
        raise ValueError("a label without a class")
    return Stored(facts=facts, train=train, test=test)


def _images_file(folder: Path) -> Path:
    return folder / "train_images.npy"


def _labels_file(folder: Path) -> Path:
    return folder / "train_labels.npy"


def _map(path: Path, shape: tuple[int, ...]) -> NDArray[Any]:
    """The array in the file, mapped into memory. Raises: ValueError for another shape."""
    array = map_array(path)
    if array.shape != shape:
        raise ValueError(f"{path}: expected {shape}, got {array.shape}")
    return array
