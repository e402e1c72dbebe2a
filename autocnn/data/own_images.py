"""Data sets of the user's own: the reader for a path, and the cache with the decoded images.

The result includes the test images, so only `catalog` and `test_split` may import this file.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from autocnn.data.archive import ARCHIVE_SUFFIXES, list_archive
from autocnn.data.cache import find_entry, load_entry
from autocnn.data.class_names import check_names, describe_names
from autocnn.data.dataset import DatasetInfo, Images, TrainingImages
from autocnn.data.idx_files import has_idx, is_idx, list_idx
from autocnn.data.image_folder import list_folder
from autocnn.data.importing import Facts, import_images
from autocnn.data.npy_folder import has_npy, list_npy
from autocnn.data.npz_file import list_npz
from autocnn.data.options import ImageOptions, OnRead
from autocnn.data.parquet_files import holds_parquet, list_parquet
from autocnn.data.part_names import is_split_name
from autocnn.data.reader import Contents, Source, list_directory
from autocnn.errors import DatasetError, SettingsError


@dataclass(frozen=True, slots=True)
class _Reader:
    """A function that lists the files of a data set and opens none, and the options it takes."""

    read: Callable[[Path, ImageOptions], Source]
    takes: tuple[str, ...] = ()  # fields of `ImageOptions` that only some readers take


_COLUMNS = ("label_column", "file_column")
# What a path leads to, which for a file is the end of its name -> its reader.
_READERS: dict[str, _Reader] = {
    "folder of images": _Reader(list_folder, (*_COLUMNS, "follow_links")),
    "folder of Parquet files": _Reader(list_parquet, (*_COLUMNS, "follow_links")),
    **dict.fromkeys(ARCHIVE_SUFFIXES, _Reader(list_archive, _COLUMNS)),
    "folder of .npy files": _Reader(list_npy, ("follow_links",)),
    "folder of IDX files": _Reader(list_idx, ("follow_links",)),
    ".npz": _Reader(list_npz),
    ".parquet": _Reader(list_parquet, _COLUMNS),
}
_NOT_FOR_ALL = (*_COLUMNS, "follow_links")

_DESCRIPTIONS = {"folder": "images in", "npz": "arrays in", "npy": "arrays in", "idx": "IDX in"}
_DESCRIPTIONS |= {"parquet": "Parquet in"}


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
    the path. SettingsError for options that the reader does not take. RecordError if the cache
    cannot be written.
    """
    kind = _find_kind(path)
    _check_options(path, kind, options)
    source = _READERS[kind].read(path, options)

    def make(folder: Path) -> Facts:
        report = on_read or (lambda what, done, total: None)
        try:
            contents = source.open()
            _check_classes(contents)
            contents = replace(
                contents, notes=(*contents.notes, *describe_names(contents.class_names))
            )
            return import_images(contents, options, folder, report)
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
        has_test=facts.has_test,
        test_counts=facts.test_counts,
        n_test_different=facts.n_test_different,
        near_copies=facts.near_copies,
        notes=facts.notes,
    )


def _find_kind(path: Path) -> str:
    """The key of the reader for `path`."""
    if os.path.isdir(path):
        return _find_folder_kind(path)
    name = path.name.lower()
    for kind in _READERS:
        if name.endswith(kind):
            return kind
    if name.endswith(".npy") or is_idx(name):
        raise DatasetError(f"{path}: is one array of a data set; give its folder, {path.parent}")
    endings = ", ".join(kind for kind in _READERS if kind.startswith("."))
    raise DatasetError(f"{path}: expected a folder, or a file {endings}")


def _find_folder_kind(path: Path) -> str:
    """The key of the reader for the folder `path`."""
    entries = list_directory(path, path, follow_links=True)  # the reader refuses links
    if has_npy(entries):
        return "folder of .npy files"
    if has_idx(entries):
        return "folder of IDX files"
    return "folder of Parquet files" if holds_parquet(path) else "folder of images"


def _check_options(path: Path, kind: str, options: ImageOptions) -> None:
    """Raise SettingsError for an option that would have no effect."""
    for name in _NOT_FOR_ALL:
        if getattr(options, name) and name not in _READERS[kind].takes:
            kinds = ", ".join(kind for kind, reader in _READERS.items() if name in reader.takes)
            raise SettingsError(
                f"--{name.replace('_', '-')} is without effect on {path}; leave it out: it is for "
                f"{kinds}"
            )


def _check_classes(contents: Contents) -> None:
    """Raise DatasetError for fewer than two classes, and if all are names of splits."""
    names = contents.class_names
    if len(names) < 2:
        raise DatasetError(
            f"expected at least two classes, got {' '.join(map(repr, names)) or 'none'} only"
        )
    check_names(names)
    if all(map(is_split_name, names)):
        raise DatasetError(
            f"its classes would be {' and '.join(map(repr, names))}, which are names of splits; "
            "give the images labels of their own"
        )
