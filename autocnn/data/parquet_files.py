"""Reader of Parquet files as Hugging Face lays them out.

A data set is one file, or a folder of files `train-*`, `validation-*` and `test-*`; they may be in
`data/`, in the folder of one configuration, or in `train/`, `validation/` and `test/` below it.
Paths in a column of images are never followed.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from autocnn.data.array_labels import RawLabels, find_classes, join_labels
from autocnn.data.array_names import list_names
from autocnn.data.decoding import Content
from autocnn.data.git_lfs import refuse_pointer
from autocnn.data.options import AS_THEY_ARE, ImageOptions
from autocnn.data.parquet_columns import (
    FileLabels,
    check_image_column,
    choose_columns,
    read_images,
    read_labels,
)
from autocnn.data.part_names import PART_NAMES, TRAIN, find_part, find_part_within
from autocnn.data.reader import Contents, Source, join_parts, list_directory, stat_file
from autocnn.errors import DatasetError

SUFFIX = ".parquet"
_TABLE = "metadata.parquet"  # a table beside images, which names them
_DEPTH = 3  # folders below the data set that are looked into, as in CONFIGURATION/data/train/
_PEEKED = 200  # entries of each folder, at most, that are looked at to tell what a data set is
_DATA = "data"  # a folder that only keeps files apart
_PARTIAL = "partial-"  # Hugging Face's folder of a split of which it converted the beginning
_SHARD = re.compile(r"(.*-)(\d+)-of-(\d+)(?:-[0-9a-f]+)?\.parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A Parquet file of a folder."""

    path: Path
    name: str  # relative to the data set
    configuration: str  # the folder, relative to the data set, without those of splits and data/
    part: int | None  # by its folders and its name


def holds_parquet(folder: Path, depth: int = _DEPTH) -> bool:
    """True if there is a Parquet file in `folder` or its subfolders.

    Of each subfolder only the first entries are looked at: class folders are long lists.
    """
    try:
        with os.scandir(folder) as entries:
            for entry in islice(entries, None if depth == _DEPTH else _PEEKED):
                if entry.name.startswith("."):
                    continue
                if _is_parquet(entry.name):
                    return True
                is_folder = depth > 0 and entry.is_dir(follow_symlinks=False)
                if is_folder and holds_parquet(Path(entry.path), depth - 1):
                    return True
    except OSError:  # the reader of the folder reports it
        pass
    return False


def list_parquet(path: Path, options: ImageOptions = AS_THEY_ARE) -> Source:
    """The Parquet file or files at `path`; none is opened yet.

    Raises: DatasetError if a file is missing, if its part is unclear, or if there are several
    configurations.
    """
    notes: list[str] = []
    files = [_File(path=path, name=path.name, configuration="", part=None)]
    if os.path.isdir(path):
        found, others = _walk(path, path, _DEPTH, options.follow_links)
        files, notes = _choose_configuration(path, [_describe(path, file) for file in found])
        if others:
            notes.append("not read: " + ", ".join(f"{n} {x}" for x, n in others.most_common()))
    parts = _find_parts(path, files)
    _check_complete(files)
    return Source(
        kind="parquet",
        path=path,
        files=[replace(stat_file(file.path), name=file.name) for file in files],
        open=lambda: _open(path, parts, options, notes),
    )


def _is_parquet(name: str) -> bool:
    return name.lower().endswith(SUFFIX) and name.lower() != _TABLE


def _walk(
    folder: Path, root: Path, depth: int, follow_links: bool
) -> tuple[list[Path], Counter[str]]:
    """The Parquet files below `folder`, and the suffixes of files that may be meant as data."""
    files, others = list[Path](), Counter[str]()
    for entry in list_directory(folder, root, follow_links=follow_links):
        suffix = os.path.splitext(entry.name)[1].lower()
        if entry.is_dir():
            if depth:
                found, more = _walk(Path(entry.path), root, depth - 1, follow_links)
                files, others = files + found, others + more
        elif _is_parquet(entry.name):
            files.append(Path(entry.path))
        elif suffix not in (".md", ".json", ".py"):  # a description or a script of Hugging Face
            others[suffix or "without a suffix"] += 1
    return files, others


def _describe(root: Path, file: Path) -> _File:
    """What the path of a file says.

    Raises: DatasetError if it has the words of several parts, or of an unclear one.
    """
    *folders, name = file.relative_to(root).parts
    try:
        of_folders = {folder: find_part(folder.removeprefix(_PARTIAL)) for folder in folders}
        found = {*of_folders.values(), find_part_within(name)} - {None}
    except DatasetError as error:
        raise DatasetError(f"{file}: {error}") from None
    if len(found) > 1:
        raise DatasetError(f"{file}: its path has the words of several parts; rename it")
    left = [f for f, part in of_folders.items() if part is None and f.lower() != _DATA]
    return _File(
        path=file,
        name="/".join((*folders, name)),
        configuration="/".join(left),
        part=next(iter(found), None),
    )


def _choose_configuration(root: Path, files: Sequence[_File]) -> tuple[list[_File], list[str]]:
    """The files of the one configuration, and lines on what is left out.

    Files outside of any configuration's folder go first.
    Raises: DatasetError if there are several configurations.
    """
    names = sorted({file.configuration for file in files})
    if len(names) > 1 and names[0]:
        paths = ", ".join(str(root / name) for name in names[:5]) + ", …" * (len(names) > 5)
        raise DatasetError(
            f"{root}: expected one configuration, got {len(names)}; give the path of one: {paths}"
        )
    chosen = [file for file in files if file.configuration == names[0]]
    notes = []
    if len(names) > 1:
        n = len(files) - len(chosen)
        notes = [f"not read: {n} {SUFFIX} in {', '.join(f'{x}/' for x in names[1:])}"]
    partial = {file.name.rpartition("/")[0] for file in chosen if f"/{_PARTIAL}" in f"/{file.name}"}
    notes += [f"{x}/: has only the beginning of the split, by its name" for x in sorted(partial)]
    return chosen, notes


def _find_parts(path: Path, files: Sequence[_File]) -> dict[int, list[_File]]:
    """The files of each part; if none names a part, all files belong to train."""
    if all(file.part is None for file in files):
        return {TRAIN: list(files)}
    parts: dict[int, list[_File]] = {}
    for file in files:
        if file.part is None:
            raise DatasetError(
                f"{file.path}: expected a name such as train-*, validation-* or test-*, as other "
                "files have"
            )
        parts.setdefault(file.part, []).append(file)
    if TRAIN not in parts:
        raise DatasetError(
            f"{path}: expected a file train-*{SUFFIX}, got {list_names([f.name for f in files])}"
        )
    return dict(sorted(parts.items()))


def _check_complete(files: Sequence[_File]) -> None:
    """Raise DatasetError if one of the shards, such as -00000-of-00003, is missing."""
    matches = {file.path: _SHARD.fullmatch(file.path.name) for file in files}
    there = {(path.parent, m[1], m[3], int(m[2])) for path, m in matches.items() if m}
    for path, m in matches.items():
        for i in range(int(m[3])) if m else ():
            assert m is not None
            if (path.parent, m[1], m[3], i) not in there:
                sibling = f"{m[1]}{i:0{len(m[2])}}-of-{m[3]}{SUFFIX}"
                raise DatasetError(f"{path.parent / sibling}: is missing beside {path.name}")


def _open(
    path: Path, parts: Mapping[int, Sequence[_File]], options: ImageOptions, notes: Sequence[str]
) -> Contents:
    """Check every file's columns, and read all labels.

    Raises: DatasetError if a file cannot be read, or if a column has a wrong type or value.
    """
    files = [file for some in parts.values() for file in some]
    for file in files:
        refuse_pointer(file.path)
    columns = choose_columns(files[0].path, options)
    labels: dict[_File, FileLabels] = {}
    for part, some in parts.items():
        for file in some:
            check_image_column(file.path, columns)
            labels[file] = read_labels(file.path, columns, part)
    names = _find_names(labels)
    raw = {part: _join([(f, labels[f]) for f in some]) for part, some in parts.items()}
    kept = {part: found for part, found in raw.items() if found is not None}
    if TRAIN not in kept:
        raise DatasetError(f"{path}: {PART_NAMES[TRAIN]}: no images found")
    class_names, numbered = find_classes(path, kept, names)

    def images() -> Iterator[tuple[str, Content]]:
        for file, found in labels.items():
            yield from read_images(file.path, file.name, columns, found.keeps)

    return Contents(
        class_names=class_names,
        parts=join_parts({part: len(x) for part, x in numbered.items()}),
        labels=np.concatenate(list(numbered.values())),
        images=images,
        notes=(*columns.notes, *_describe_unlabelled(parts, labels), *notes),
    )


def _find_names(labels: Mapping[_File, FileLabels]) -> tuple[str, ...] | None:
    """The class names of the metadata, which must be equal in all files with labels."""
    first, *others = [(file, found) for file, found in labels.items() if found.keeps.any()] or [
        next(iter(labels.items()))
    ]
    for file, found in others:
        if found.class_names != first[1].class_names:
            raise DatasetError(f"{file.path}: has other class names than {first[0].name}")
    return first[1].class_names


def _join(labels: Sequence[tuple[_File, FileLabels]]) -> RawLabels | None:
    """The labels of one part, or None if no image of it has one."""
    some = [(str(file.path), found.raw) for file, found in labels if found.keeps.any()]
    return join_labels([raw for _, raw in some], [place for place, _ in some]) if some else None


def _describe_unlabelled(
    parts: Mapping[int, Sequence[_File]], labels: Mapping[_File, FileLabels]
) -> list[str]:
    """A line on each part with images that are left out, because they have no label."""
    lines = []
    for part, files in parts.items():
        n = sum(int((~labels[file].keeps).sum()) for file in files)
        if n:
            lines.append(f"{PART_NAMES[part]}: {n:,} images without labels are left out")
    return lines
