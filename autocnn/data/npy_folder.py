"""Reader of folders of .npy files, which are named as the arrays of a .npz file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

from autocnn.data.array_names import find_file_role, list_names
from autocnn.data.array_set import open_arrays
from autocnn.data.git_lfs import refuse_pointer
from autocnn.data.options import AS_THEY_ARE, ImageOptions
from autocnn.data.reader import Contents, FileStat, Source, list_directory, stat_entry
from autocnn.data.stored_array import StoredArray, read_npy
from autocnn.errors import DatasetError
from autocnn.input_files import open_input

SUFFIX = ".npy"


def has_npy(entries: Sequence[os.DirEntry[str]]) -> bool:
    """True if .npy files among the entries of a folder are its images and labels.

    Beside other folders, which may be classes, their names must say so.
    """
    arrays = [Path(entry.name) for entry in entries if entry.name.lower().endswith(SUFFIX)]
    if not arrays or not any(entry.is_dir() for entry in entries):
        return bool(arrays)
    return {"images", "labels"} <= {_axis(array.stem) for array in arrays}


def _axis(stem: str) -> str | None:
    try:
        role = find_file_role(stem)
    except DatasetError:  # the word for a part is unclear
        return None
    return None if role is None else role.axis


def list_npy(folder: Path, options: ImageOptions = AS_THEY_ARE) -> Source:
    """The .npy files in `folder`; none is opened yet.

    Raises: DatasetError if a file is missing.
    """
    entries = list_directory(folder, folder, follow_links=options.follow_links)
    files = [stat_entry(e, "") for e in entries if e.name.lower().endswith(SUFFIX)]
    folders = [f"{entry.name}/" for entry in entries if entry.is_dir()]

    def read() -> Contents:
        contents = _open(folder, files)
        if not folders:
            return contents
        note = f"the arrays are read, and no images in folders beside them: {list_names(folders)}"
        return replace(contents, notes=(*contents.notes, note))

    return Source(kind="npy", path=folder, files=files, open=read)


def _open(folder: Path, files: list[FileStat]) -> Contents:
    """Check the header of every array that is used, and read the labels.

    Raises: DatasetError as `array_set.open_arrays`.
    """
    sizes = {file.name: file.size for file in files}

    def load(name: str) -> StoredArray:
        path = folder / name
        refuse_pointer(path)
        return read_npy(str(path), name, sizes[name], lambda: _file(path))

    return open_arrays(folder, list(sizes), load, lambda name: find_file_role(Path(name).stem))


@contextmanager
def _file(path: Path) -> Iterator[IO[bytes]]:
    try:
        with open_input(path) as file:
            yield file
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror or error})") from error
