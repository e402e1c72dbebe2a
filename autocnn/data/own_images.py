"""Data sets of one's own: what lies at a path, by which reader, out of the cache.

What comes back has the test images, too, so only `catalog` and `test_split` may import this file.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from autocnn.data.cache import Stored, find_entry, load_entry
from autocnn.data.image_folder import list_folder
from autocnn.data.importing import Facts, import_images
from autocnn.data.npz_file import list_npz
from autocnn.data.options import ImageOptions, OnRead
from autocnn.data.parquet_files import find_shards, list_parquet
from autocnn.data.reader import Source
from autocnn.errors import DatasetError

# What lies at a path -> its reader, which lists files and opens none.
_READERS: dict[str, Callable[[Path], Source]] = {
    "folder of images": list_folder,
    "folder of Parquet files": list_parquet,
    ".npz": list_npz,
    ".parquet": list_parquet,
}


def read_own(path: Path, options: ImageOptions, on_read: OnRead | None = None) -> Stored:
    """The data set at `path`; its images are decoded where the cache does not have them.

    `on_read` hears how far that is, and nothing where they are there.
    Raises: DatasetError where it cannot be read, or is laid out otherwise than expected; its line
    names the path. RecordError where the cache cannot be written.
    """
    source = _READERS[_find_kind(path)](path)

    def make(folder: Path) -> Facts:
        hear = on_read or (lambda what, done, total: None)
        try:
            return import_images(source.open(), options, folder, hear)
        except DatasetError as error:
            line = str(error)
            raise DatasetError(line if str(path) in line else f"{path}: {line}") from error

    return load_entry(find_entry(source, options), make)


def _find_kind(path: Path) -> str:
    """The key of the reader for what lies at `path`."""
    if path.is_dir():
        return "folder of Parquet files" if find_shards(path) else "folder of images"
    suffix = path.suffix.lower()
    if suffix in _READERS:
        return suffix
    raise DatasetError(
        f"{path}: expected a folder of images, a .npz file, a .parquet file or a folder of them"
    )
