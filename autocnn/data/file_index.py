"""Image files by the names that a table gives them: paths, ends of paths, also without suffix."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence

from autocnn.data.reader import FileStat

_DRIVE = re.compile(r"[A-Za-z]:")


class FileIndex:
    """The images that a table may name; `base` is the folder of the table, with a / at its end."""

    def __init__(self, images: Iterable[FileStat], base: str) -> None:
        self._paths: dict[str, list[FileStat]] = defaultdict(list)  # several: alike if cleaned
        self._names: dict[str, list[str]] = defaultdict(list)  # file name -> paths
        self._stems: dict[str, list[str]] = defaultdict(list)  # that without suffix -> paths
        for image in images:
            path = _clean(image.name)
            self._paths[path].append(image)
            if len(self._paths[path]) > 1:
                continue
            name = path.rpartition("/")[2]
            self._names[name].append(path)
            self._stems[os.path.splitext(name)[0]].append(path)
        self._base = _clean(base)

    def find(self, value: str) -> Sequence[FileStat]:
        """The images that `value` may name: one if it is clear, none, or several."""
        path = _clean(value).removeprefix("./")
        if not path:
            return ()
        for whole in (self._base + path, path):
            if whole in self._paths:
                return self._paths[whole]
        name = path.rpartition("/")[2]
        found = [each for each in self._names.get(name, ()) if _ends(each, path)]
        if not found:
            stems = self._stems.get(name, ())
            found = [each for each in stems if _ends(os.path.splitext(each)[0], path)]
        return [image for each in found for image in self._paths[each]]


def leads_out(value: str) -> bool:
    """True for a whole path, or one that leads out of a folder."""
    path = _clean(value)
    return path.startswith("/") or bool(_DRIVE.match(path)) or ".." in path.split("/")


def _clean(path: str) -> str:
    path = path.replace("\\", "/")
    return path if path.isascii() else unicodedata.normalize("NFC", path)


def _ends(path: str, end: str) -> bool:
    return path == end or path.endswith("/" + end)
