"""The image files that a command line names: files, folders and patterns."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from autocnn.data.decoding import SUFFIXES
from autocnn.errors import DatasetError

_WILD = frozenset("*?[")


def find_pictures(places: Iterable[str | Path]) -> list[Path]:
    """The image files at `places`, in the order given; those of a folder or pattern by their path.

    A file is taken whatever its ending. Of a folder and all folders in it, files with the ending of
    an image are; hidden ones and linked folders are left out. A file that is named twice counts
    once.
    Raises: DatasetError for a place that does not exist or has no image.
    """
    return list(dict.fromkeys(path for place in places for path in _pictures_at(str(place))))


def _pictures_at(place: str) -> Iterator[Path]:
    if os.path.isfile(place):
        yield Path(place)
        return
    if os.path.isdir(place):
        found = sorted(_pictures_in(place))
    elif _WILD.intersection(place):
        matched = sorted(glob.glob(place, recursive=True))
        found = [Path(match) for match in matched if os.path.isfile(match)]
    else:
        raise DatasetError(
            f"{place}: expected an image, a folder or a pattern, found nothing there"
        )
    if not found:
        endings = " ".join(SUFFIXES)
        raise DatasetError(f"{place}: expected images ({endings}), found none")
    yield from found


def _pictures_in(folder: str) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                yield Path(parent, name)
