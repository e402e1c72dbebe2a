"""The cache of decoded images: where it lies, what a folder of it holds, how one comes and goes.

A folder is named after where the data set lies and how it is read, and after what was found there:
names, sizes and times of all files. It appears whole or not at all, and is looked over before use.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autocnn.data.dataset import DatasetInfo, Images, TrainingImages
from autocnn.data.importing import Facts
from autocnn.data.options import ImageOptions
from autocnn.data.reader import Source
from autocnn.errors import AutocnnError, RecordError
from autocnn.files import cache_root, write_atomic

VERSION = 1  # of readers, decoding and the folders' form: another one makes old folders void
_META = "meta.json"
_LEFTOVER = "."  # begins the names of folders that are being written


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stored:
    """A data set out of the cache: its images are mapped into memory, read-only."""

    info: DatasetInfo
    train: TrainingImages
    test: Images


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The place of one data set in the cache."""

    folder: Path
    key: str  # of what was found, and of how it is read
    source: Source


def find_entry(source: Source, options: ImageOptions) -> Entry:
    """Where the cache has, or will have, the images of `source` read with `options`."""
    place = [os.path.realpath(source.path), source.kind, options.size, options.skip_corrupt]
    wish = _hash(json.dumps(place))
    files = "\n".join(f"{file.size} {file.mtime_ns} {file.name}" for file in source.files)
    key = _hash(f"{VERSION}\n{wish}\n{files}")
    return Entry(folder=cache_root() / "images" / f"{wish}-{key}", key=key, source=source)


def load_entry(entry: Entry, make: Callable[[Path], Facts]) -> Stored:
    """What the cache has; where that is nothing, or damaged, `make` fills a folder first.

    Raises: RecordError where the cache cannot be written.
    """
    found = _open(entry)
    if found is not None:
        return found
    with _cache_errors(entry.folder.parent), _locked(entry.folder):
        found = _open(entry)  # another process may have made it meanwhile
        if found is None:
            _make(entry, make)
            found = _open(entry)
    assert found is not None
    return found


def _hash(text: str) -> str:
    return blake2b(text.encode(), digest_size=12).hexdigest()


def _make(entry: Entry, make: Callable[[Path], Facts]) -> None:
    """Fill the folder, and delete what stands for the same data set as it was before."""
    root, wish = entry.folder.parent, entry.folder.name.partition("-")[0]
    for old in (*root.glob(f"{_LEFTOVER}{wish}-*"), *root.glob(f"{wish}-*")):
        shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{_LEFTOVER}{wish}-", dir=root) as beside:
        folder = Path(beside) / "whole"
        folder.mkdir()
        facts = make(folder)
        sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
        meta = {"version": VERSION, "key": entry.key, "files": sizes, **asdict(facts)}
        write_atomic(folder / _META, json.dumps(meta))
        os.replace(folder, entry.folder)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes from making the same; the system lets go when this one ends."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.parent / f"{folder.name.partition('-')[0]}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _cache_errors(root: Path) -> Iterator[None]:
    """Whatever keeps the cache from being written is one line."""
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
    """The images in the folder; None where it is absent, or not what its meta.json says."""
    folder = entry.folder
    try:
        meta = json.loads((folder / _META).read_text(encoding="utf-8"))
        if (meta["version"], meta["key"]) != (VERSION, entry.key):
            return None
        if any((folder / name).stat().st_size != size for name, size in meta["files"].items()):
            return None
        facts = {name: meta[name] for name in Facts.__dataclass_fields__}
        return _stored(entry, facts)
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError):
        return None  # damaged: made again


def _stored(entry: Entry, facts: dict[str, Any]) -> Stored:
    """Map the arrays and check them against `facts`; errors rise as they come."""
    folder, source = entry.folder, entry.source
    n_train, shape = facts["n_train"], tuple(facts["shape"])
    counts = np.array(facts["pixel_counts"], dtype=np.int64)
    own = facts["n_validation"] is not None
    train = TrainingImages(
        images=_map(folder, "train_images", (n_train, *shape)),
        labels=np.array(_map(folder, "train_labels", (n_train,))),
        hashes=np.array(_map(folder, "train_hashes", (n_train,))),
        validates=np.array(_map(folder, "validates", (n_train,))) if own else None,
        pixel_counts=counts.reshape(shape[2], 256),
        fingerprint=facts["fingerprint"],
    )
    test = Images(
        images=_map(folder, "test_images", (facts["n_test"], *shape)),
        labels=np.array(_map(folder, "test_labels", (facts["n_test"],))),
    )
    info = DatasetInfo(
        name=source.path.name or str(source.path),
        description=f"{_KINDS[source.kind]} {source.path}",
        image_shape=shape,
        class_names=tuple(facts["class_names"]),
        n_train=n_train,
        n_validation=facts["n_validation"],
        n_test=facts["n_test"],
        source=source.kind,
        notes=tuple(facts["notes"]),
    )
    if max(train.labels.max(), test.labels.max()) >= info.n_classes:
        raise ValueError("labels without a class")
    return Stored(info=info, train=train, test=test)


_KINDS = {"folder": "images in", "npz": "arrays in", "parquet": "Parquet in"}


def _map(folder: Path, stem: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """The array of one file, mapped into memory read-only."""
    array: NDArray[Any] = np.load(folder / f"{stem}.npy", mmap_mode="r", allow_pickle=False)
    if array.shape != shape:
        raise ValueError(f"{stem}: expected {shape}, got {array.shape}")
    return array
