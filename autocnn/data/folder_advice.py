"""Folders that are no data set as they are given: the line that says which path to give."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NoReturn

from autocnn.data.decoding import SUFFIXES
from autocnn.data.folder_tree import Tree, count_kinds, describe_kinds
from autocnn.data.idx_files import has_idx
from autocnn.data.npy_folder import has_npy
from autocnn.data.part_names import is_split_name
from autocnn.data.reader import list_directory
from autocnn.errors import DatasetError

EXPECTED = (
    "class folders with images in them, or train/ and test/ with such class folders, or a table of "
    "file names and labels"
)
_NOT_CLASSES = ("image", "images", "img", "imgs")  # as beside masks/ and labels/
_LOOKED_AT = 1000  # entries of a folder, at most


def refuse_no_images(top: Tree) -> NoReturn:
    """Raise DatasetError for a folder without an image, with the path of arrays below it if any."""
    kinds = describe_kinds(count_kinds([top]))
    found = f"; found {kinds}" if kinds else ""
    arrays = _find_arrays(top)
    hint = "" if arrays is None else f"; give {arrays}"
    raise DatasetError(
        f"{top.path}: no images found ({', '.join(SUFFIXES)}); expected {EXPECTED}{found}{hint}"
    )


def _find_arrays(folder: Tree) -> Path | None:
    """The first .npz file or folder of arrays, from `folder` on, that may be the data set."""
    entries = list_directory(folder.path, folder.path, follow_links=True)
    for entry in entries:
        if entry.name.lower().endswith(".npz"):
            return Path(entry.path)
    if has_npy(entries) or has_idx(entries):
        return folder.path
    return next(filter(None, map(_find_arrays, folder.folders.values())), None)


def refuse_one_class(holder: Tree, name: str, folder: Tree) -> None:
    """Raise DatasetError, with the path below `folder` that may be meant if there is one."""
    place = find_data_set(folder)
    hint = "" if place is None else f"; give {place.path}"
    raise DatasetError(
        f"{holder.path}: all its images are in one folder, {name!r}, and one class is not enough; "
        f"expected {EXPECTED}{hint}"
    )


def find_data_set(folder: Tree) -> Tree | None:
    """The first folder, from `folder` on, that has several folders of images or a split in it."""
    while folder.filled and not folder.images:
        if len(folder.filled) > 1 or any(map(is_split_name, folder.filled)):
            return folder
        [folder] = folder.filled.values()
    return None


def refuse_split_names(holder: Tree, classes: Mapping[str, Tree]) -> None:
    """Raise DatasetError if folders that seem to be classes have names of splits."""
    own = [name for name in classes if name.casefold() in _NOT_CLASSES]
    if own and len(classes) > 1:
        raise DatasetError(
            f"{classes[own[0]].path}: holds the images of all classes, by its name; expected a "
            "folder for each class, so give it the name of a class if it is one (masks and boxes "
            "are not read)"
        )
    named = [name for name in classes if is_split_name(name)]
    if named and len(named) == len(classes):
        raise DatasetError(
            f"{holder.path}: its folders are splits again ({_list(named)}); give {holder.path}, or "
            "move them up"
        )
    if named:
        raise DatasetError(
            f"{classes[named[0]].path}: is it a split or a class? Give it another name if it is a "
            "class, and take it away if it is a split"
        )
    rest_of = {name: _without_split(name) for name in classes}
    rests = Counter(rest for rest in rest_of.values() if rest is not None)
    if alike := [name for name, rest in rest_of.items() if rests[rest or ""] > 1]:
        raise DatasetError(
            f"{holder.path}: its folders {_list(alike)} have names of splits, which are no "
            "classes; call them train, val and test, with a folder for each class in them, or give "
            "the classes other names"
        )


def refuse_several_sets(holder: Tree, classes: Mapping[str, Tree]) -> None:
    """Raise DatasetError if folders that seem to be classes are data sets, or have splits."""
    for name, folder in classes.items():
        for inner_name, inner in folder.filled.items():
            if is_split_name(inner_name) and inner.is_flat:
                raise DatasetError(
                    f"{inner.path}: a split inside of a class folder; expected train/CLASS and "
                    f"test/CLASS: move it to {holder.path / inner_name / name}"
                )
            if is_split_name(inner_name):
                sets = [each.path for each in classes.values() if _has_splits(each)]
                raise DatasetError(f"{holder.path}: {_list(sets)} {_hold(sets)}; {_give(sets)}")


def describe_nesting(classes: Mapping[str, Tree]) -> list[str]:
    """A line if there are folders of images inside of class folders.

    Folders that occur in several class folders may be what was meant by classes.
    """
    inner = Counter(name for folder in classes.values() for name in folder.filled)
    if not inner:
        return []
    line = (
        f"the first level of folders are the classes: {_list(list(classes))}; the folders in them, "
        f"such as {next(iter(inner))}, are none"
    )
    shared = [name for name, n in inner.items() if n > 1]
    if len(shared) > 1 and len(shared) == len(inner):
        line += f" (if {_list(shared)} are the classes, each needs one folder at the first level)"
    return [line]


def suggest_parent(path: Path) -> str:
    """The end of a line: the folder around `path`, if that seems to be the data set, or ""."""
    if is_split_name(path.name) or _has_sibling(path):
        return f"; if {path.name} is a part of a data set, give {path.parent}"
    return ""


def describe_siblings(path: Path) -> list[str]:
    """A line if the folder has the name of a split and lies beside another split."""
    if not is_split_name(path.name):
        return []
    others = [
        f"{entry.name}/"
        for entry in _folders_in(path.parent)
        if entry.name != path.name and is_split_name(entry.name)
    ]
    if not others:
        return []
    return [f"{' and '.join(sorted(others))} beside it is not read; {path.parent} is read with it"]


def _has_sibling(path: Path) -> bool:
    """True if a folder beside `path` has an image in it."""
    for sibling in _folders_in(path.parent):
        with suppress(OSError), os.scandir(sibling.path) as entries:
            if sibling.name != path.name and any(
                entry.name.lower().endswith(SUFFIXES) for entry in islice(entries, _LOOKED_AT)
            ):
                return True
    return False


def _folders_in(folder: Path) -> list[os.DirEntry[str]]:
    """The folders in `folder` that can be seen, links left out."""
    with suppress(OSError), os.scandir(folder) as entries:
        return [
            entry
            for entry in islice(entries, _LOOKED_AT)
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
        ]
    return []


def _without_split(name: str) -> str | None:
    """A name such as "mnist_train" without the name of a split in it, or None if it has none."""
    words = re.findall(r"[^\W\d_]+", name)
    rest = [word for word in words if not is_split_name(word)]
    return None if rest == words else " ".join(rest)


def _has_splits(folder: Tree) -> bool:
    return any(map(is_split_name, folder.filled))


def _hold(paths: Sequence[Path]) -> str:
    return "is a data set of its own" if len(paths) == 1 else "are data sets of their own"


def _give(paths: Sequence[Path]) -> str:
    return f"give {paths[0]}" + (" or another of them" if len(paths) > 1 else "")


def _list(names: Sequence[object]) -> str:
    return ", ".join(map(str, names[:3])) + (", …" if len(names) > 3 else "")
