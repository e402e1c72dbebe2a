"""The result of a reader of images: the listed files, and their images one by one on demand."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from autocnn.data.class_names import find_similar
from autocnn.data.decoding import Content
from autocnn.data.part_names import PART_NAMES, TRAIN
from autocnn.errors import DatasetError
from autocnn.input_files import check_input

Kind = Literal["folder", "npz", "npy", "idx", "parquet"]
Labels = NDArray[np.int64]

MAX_RATIO = 200  # size of what a compressed file holds, by its own size
FREE_BYTES = 1 << 30  # of what it holds, up to which any ratio is allowed
_CLUTTER = ("__MACOSX", "Thumbs.db", "desktop.ini")  # files of operating systems


@dataclass(frozen=True, slots=True)
class FileStat:
    """Size and time by which a changed file is noticed; `name` is relative to the data set."""

    name: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contents:
    """The images of a data set, each with its part and class, not yet decoded."""

    class_names: tuple[str, ...]
    parts: NDArray[np.int8]  # (n,): TRAIN, VALIDATION or TEST
    labels: Labels  # (n,), from 0
    images: Callable[
        [], Iterator[tuple[str, Content]]
    ]  # names and contents, in the order of labels
    notes: tuple[str, ...] = ()  # lines for the user


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source:
    """A data set on disk whose files are listed, and not read before `open` is called."""

    kind: Kind
    path: Path
    files: Sequence[FileStat]
    open: Callable[[], Contents]


def stat_file(path: Path) -> FileStat:
    """Size and time of the file at `path`.

    Raises: DatasetError if they cannot be read.
    """
    try:
        check_input(path)
        stat = path.stat()
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror})") from error
    return FileStat(path.name, stat.st_size, stat.st_mtime_ns)


def refuse_expansion(place: Path, size: int, stored: int, advice: str) -> None:
    """Raise DatasetError if a file of `stored` bytes holds `size` bytes, which are far more."""
    most = max(FREE_BYTES, MAX_RATIO * stored)
    if size > most:
        raise DatasetError(
            f"{place}: expands to more than {most / 2**20:,.0f} MiB, the limit: {MAX_RATIO} times "
            f"its own size, or {FREE_BYTES / 2**20:,.0f} MiB; if that is right, {advice}"
        )


def stat_entry(entry: os.DirEntry[str], prefix: str) -> FileStat:
    """Size and time of a listed file; `prefix` is its folder, relative to the data set.

    Raises: DatasetError if they cannot be read.
    """
    try:
        stat = entry.stat()
    except OSError as error:
        raise DatasetError(f"{entry.path}: cannot be read ({error.strerror})") from error
    return FileStat(prefix + entry.name, stat.st_size, stat.st_mtime_ns)


def list_directory(
    folder: Path, root: Path, *, follow_links: bool = False
) -> list[os.DirEntry[str]]:
    """The entries of `folder` by name, without hidden files and those of operating systems.

    Raises: DatasetError if the folder cannot be read, for a name that is not UTF-8, for a link that
    leads nowhere or to a folder around it, and for one that leads out of `root`, unless links are
    followed.
    """
    try:
        with os.scandir(folder) as entries:
            found = [e for e in entries if not is_clutter(e.name)]
    except OSError as error:
        raise DatasetError(f"{folder}: cannot be read ({error.strerror})") from error
    for entry in found:
        if not entry.name.isascii():
            check_name(entry.path)
        if entry.is_symlink():
            _check_link(entry, root, follow_links)
    return sorted(found, key=lambda entry: entry.name)


def is_clutter(name: str) -> bool:
    """True for hidden files and folders, and for those of operating systems."""
    return name.startswith(".") or name in _CLUTTER


def check_name(path: str) -> None:
    """Raise DatasetError if `path` is not UTF-8, which messages and files are written in."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        shown = os.fsencode(path).decode("utf-8", "backslashreplace")
        raise DatasetError(f"{shown}: its name is not UTF-8; rename it") from None


def _check_link(entry: os.DirEntry[str], root: Path, follow_links: bool) -> None:
    target, inside = os.path.realpath(entry.path), os.path.realpath(root)
    if not os.path.exists(target):
        raise DatasetError(f"{entry.path}: a link that leads nowhere; take it away")
    if not follow_links and os.path.commonpath([target, inside]) != inside:
        raise DatasetError(
            f"{entry.path}: a link that leads out of the data set, to {target}; "
            "--follow-links follows it"
        )
    around = os.path.realpath(os.path.dirname(entry.path))
    if os.path.commonpath([target, around]) == target:
        raise DatasetError(
            f"{entry.path}: a link that leads back to a folder around it; take it away"
        )


def natural_key(name: str) -> tuple[list[str | int], str]:
    """A key that sorts "class2" before "class10", and upper case like lower case."""
    pieces = re.split(r"([0-9]+)", name)
    return [int(p) if i % 2 else p.casefold() for i, p in enumerate(pieces)], name


def number_classes(
    path: Path, raw: Mapping[int, Labels], names: Sequence[str] | None
) -> tuple[tuple[str, ...], dict[int, Labels]]:
    """The classes of the training images, in the order of the stored labels, and labels from 0.

    `raw` has the stored labels of each part. `names` has the name of the class of each stored
    label; None: the label is the name.
    Raises: DatasetError for a label below 0, without a name, or without a training image.
    """
    for part, labels in raw.items():
        low, high = int(labels.min(initial=0)), int(labels.max(initial=0))
        if low < 0 or (names is not None and high >= len(names)):
            expected = "from 0" if names is None else f"from 0 to {len(names) - 1}"
            wrong = low if low < 0 else high
            raise DatasetError(
                f"{path}: {PART_NAMES[part]}: expected labels {expected}, got {wrong}"
            )
    used = np.unique(raw[TRAIN])
    name_of = (lambda label: str(label)) if names is None else (lambda label: names[label])
    for part, labels in raw.items():
        refuse_unknown_classes(path, part, [name_of(x) for x in np.setdiff1d(labels, used)])
    classes = tuple(name_of(int(label)) for label in used)
    return classes, {part: np.searchsorted(used, x).astype(np.int64) for part, x in raw.items()}


def refuse_unknown_classes(
    path: Path, part: int, unknown: Sequence[str], known: Collection[str] = ()
) -> None:
    """Raise DatasetError if a part has classes that no training image has.

    `known` are the classes of train, of which the line names one that is written otherwise.
    """
    if unknown:
        names = ", ".join(map(repr, unknown[:3])) + (", …" if len(unknown) > 3 else "")
        like = find_similar(unknown[0], known)
        advice = (
            "give train some, or take them away"
            if like is None
            else f"train has {like!a}, and not {unknown[0]!a}: write both alike"
        )
        raise DatasetError(
            f"{path}: {PART_NAMES[part]} has images of {names}, and train has none; {advice}"
        )


def join_parts(parts: Mapping[int, int]) -> NDArray[np.int8]:
    """The part of every image, (n,), from the number of images of each part, in that order."""
    return np.repeat(np.array(list(parts), np.int8), list(parts.values()))
