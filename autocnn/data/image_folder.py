"""Reader of folders of images: class folders, also within `train/`, `val/` and `test/`."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from autocnn.data.decoding import SUFFIXES, Content
from autocnn.data.options import AS_THEY_ARE, ImageOptions
from autocnn.data.part_names import TRAIN, find_part
from autocnn.data.reader import (
    Contents,
    FileStat,
    Source,
    list_directory,
    natural_key,
    refuse_unknown_classes,
    stat_entry,
)
from autocnn.errors import DatasetError

_LAYOUT = "class folders with images in them, or train/ and test/ with such class folders"


@dataclass(slots=True)
class _Folder:
    """The entries of one folder; subfolders are not listed."""

    path: Path
    folders: list[str] = field(default_factory=list)
    images: list[FileStat] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)  # suffixes of files that are no images


def list_folder(root: Path, options: ImageOptions = AS_THEY_ARE) -> Source:
    """List the images below `root`; nothing is decoded.

    Raises: DatasetError if the folder has another layout, cannot be read, or has a link that leads
    out of it.
    """
    top = _look(root, root)
    found = {
        part: _classes(folder, root) for part, folder in sorted(_find_parts(top, root).items())
    }
    folders = [folder for classes in found.values() for folder in classes.values()]
    if not any(folder.images for folder in folders):
        raise DatasetError(
            f"{root}: no images found ({', '.join(SUFFIXES)}); expected {_LAYOUT}{_seen(folders)}"
        )
    names = sorted((name for name, f in found[TRAIN].items() if f.images), key=natural_key)
    for part, classes in found.items():
        _check_classes(root, part, classes, names)
    return Source(
        kind="folder",
        path=root,
        files=[file for folder in folders for file in folder.images],
        open=lambda: _contents(root, found, names),
    )


def _look(folder: Path, root: Path) -> _Folder:
    """List one folder."""
    seen = _Folder(folder)
    prefix = "" if folder == root else f"{folder.relative_to(root)}/"
    for entry in list_directory(folder, root):
        suffix = os.path.splitext(entry.name)[1].lower()
        if entry.is_dir():
            seen.folders.append(entry.name)
        elif not entry.is_file():
            raise DatasetError(f"{entry.path}: neither a file nor a folder; take it away")
        elif suffix in SUFFIXES:
            seen.images.append(stat_entry(entry, prefix))
        else:
            seen.others[suffix or "without a suffix"] += 1
    return seen


def _find_parts(top: _Folder, root: Path) -> dict[int, _Folder]:
    """The folders that hold class folders, by their part of the data set."""
    trains = [name for name in top.folders if find_part(name) == TRAIN]
    if not trains or not _look(root / trains[0], root).folders:  # "train" may be a class
        return {TRAIN: top}
    parts: dict[int, _Folder] = {}
    for name in top.folders:
        part = find_part(name)
        if part is None or part in parts:
            raise DatasetError(
                f"{root / name}: expected only train/, val/ and test/ in {root}, one of each"
            )
        parts[part] = _look(root / name, root)
    _refuse_loose(top)
    return parts


def _classes(folder: _Folder, root: Path) -> dict[str, _Folder]:
    """The class folders in `folder`, by name.

    Raises: DatasetError for images beside class folders, and for folders inside of them.
    """
    if folder.folders:
        _refuse_loose(folder)
    elif folder.images:
        raise DatasetError(
            f"{folder.path}: {len(folder.images)} images lie in it without a class folder; "
            f"expected {_LAYOUT}"
        )
    classes = {name: _look(folder.path / name, root) for name in folder.folders}
    for inner in classes.values():
        if inner.folders:
            raise DatasetError(
                f"{inner.path / inner.folders[0]}: a folder inside of a class folder; "
                f"expected {_LAYOUT}"
            )
    return classes


def _refuse_loose(folder: _Folder) -> None:
    if folder.images:
        first = folder.path / os.path.basename(folder.images[0].name)
        raise DatasetError(f"{first}: lies outside of the class folders; move it or take it away")


def _check_classes(root: Path, part: int, classes: dict[str, _Folder], names: list[str]) -> None:
    """Raise DatasetError for an empty class folder of train, or a class that train lacks."""
    known = set(names)
    unknown = [name for name, f in classes.items() if name not in known and f.images]
    if part != TRAIN:
        refuse_unknown_classes(root, part, sorted(unknown, key=natural_key))
        return
    for name, folder in classes.items():
        if name not in known:
            raise DatasetError(
                f"{folder.path}: no images found ({', '.join(SUFFIXES)}){_seen([folder])}; "
                "fill it or take it away"
            )


def _seen(folders: list[_Folder]) -> str:
    """The number of files of other kinds, as the end of an error's line."""
    others: Counter[str] = sum((folder.others for folder in folders), Counter())
    return f"; found {_count(others)}" if others else ""


def _count(others: Counter[str]) -> str:
    return ", ".join(f"{n} {suffix}" for suffix, n in others.most_common(3))


def _contents(root: Path, found: dict[int, dict[str, _Folder]], names: list[str]) -> Contents:
    label_of = {name: label for label, name in enumerate(names)}
    groups = [
        (part, label_of[name], folder.images)
        for part, classes in found.items()
        for name, folder in classes.items()
        if folder.images
    ]
    sizes = [len(images) for _, _, images in groups]

    def images() -> Iterator[tuple[str, Content]]:
        for _, _, files in groups:
            for file in files:
                yield file.name, os.path.join(root, file.name)

    others = sum((f.others for classes in found.values() for f in classes.values()), Counter[str]())
    note = f"not read: {_count(others)}; images are {', '.join(SUFFIXES)}"
    return Contents(
        class_names=tuple(names),
        parts=np.repeat(np.array([part for part, _, _ in groups], np.int8), sizes),
        labels=np.repeat(np.array([label for _, label, _ in groups], np.int64), sizes),
        images=images,
        notes=(note,) if others else (),
    )
