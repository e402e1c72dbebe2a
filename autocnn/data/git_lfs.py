"""Pointers of Git LFS, which lie in a clone instead of the files until these are fetched."""

from __future__ import annotations

from pathlib import Path

from autocnn.errors import DatasetError
from autocnn.input_files import open_input

POINTER = b"version https://git-lfs"  # its first bytes: github.com/git-lfs/git-lfs, docs/spec.md
_MAX_BYTES = 1024  # of a pointer, by the same page


def refuse_pointer(path: Path) -> None:
    """Raise DatasetError if the file is a pointer of Git LFS, or cannot be read."""
    try:
        with open_input(path) as file:
            is_pointer = file.read(len(POINTER)) == POINTER
            is_pointer = is_pointer and path.stat().st_size < _MAX_BYTES
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror or error})") from error
    if is_pointer:
        raise DatasetError(
            f"{path}: expected the file itself, got a pointer of Git LFS; run `git lfs pull` in "
            "its repository"
        )
