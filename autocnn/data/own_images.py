"""Data sets of the user's own: the reader for a path, and the cache with the decoded images.

The result includes the test images, so only `catalog` and `test_split` may import this file.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path

from autocnn.data.cache import find_entry, load_entry
from autocnn.data.dataset import DatasetInfo, Images, TrainingImages
from autocnn.data.image_folder import list_folder
from autocnn.data.importing import Facts, import_images
from autocnn.data.npz_file import list_npz
from autocnn.data.options import ImageOptions, OnRead
from autocnn.data.parquet_files import find_shards, list_parquet
from autocnn.data.reader import Source
from autocnn.errors import DatasetError

# What a path leads to -> its reader, which lists files and opens none.
_READERS: dict[str, Callable[[Path, ImageOptions], Source]] = {
    "folder of images": list_folder,
    "folder of Parquet files": list_parquet,
    ".npz": list_npz,
    ".parquet": list_parquet,
}

_DESCRIPTIONS = {"folder": "images in", "npz": "arrays in", "parquet": "Parquet in"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OwnImages:
    """A data set at a path, its images mapped into memory."""

    info: DatasetInfo
    train: TrainingImages
    test: Images


def read_own(path: Path, options: ImageOptions, on_read: OnRead | None = None) -> OwnImages:
    """The data set at `path`; its images are decoded unless the cache has them.

    `on_read` is called with the progress of the decoding.
    Raises: DatasetError if the data set cannot be read or has an unexpected layout; the line names
    the path. RecordError if the cache cannot be written.
    """
    source = _READERS[_find_kind(path)](path, options)

    def make(folder: Path) -> Facts:
        report = on_read or (lambda what, done, total: None)
        try:
            return import_images(source.open(), options, folder, report)
        except DatasetError as error:
            line = str(error)
            raise DatasetError(line if str(path) in line else f"{path}: {line}") from error

    place = [os.path.realpath(path), source.kind, options.size, *astuple(options)[1:]]
    stored = load_entry(find_entry(place, source.files), make)
    return OwnImages(info=_describe(source, stored.facts), train=stored.train, test=stored.test)


def _describe(source: Source, facts: Facts) -> DatasetInfo:
    return DatasetInfo(
        name=source.path.name or str(source.path),
        description=f"{_DESCRIPTIONS[source.kind]} {source.path}",
        image_shape=facts.shape,
        class_names=facts.class_names,
        n_train=facts.n_train,
        n_validation=facts.n_validation,
        n_test=facts.n_test,
        source=source.kind,
        value_range=facts.value_range,
        notes=facts.notes,
    )


def _find_kind(path: Path) -> str:
    """The key of the reader for `path`."""
    if path.is_dir():
        return "folder of Parquet files" if find_shards(path) else "folder of images"
    suffix = path.suffix.lower()
    if suffix in _READERS:
        return suffix
    raise DatasetError(
        f"{path}: expected a folder of images, a .npz file, a .parquet file or a folder of them"
    )
