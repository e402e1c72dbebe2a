"""The layout of a folder whose folders are classes, also within `train/`, `val/` and `test/`."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from autocnn.data.decoding import SUFFIXES
from autocnn.data.folder_advice import (
    EXPECTED,
    describe_nesting,
    refuse_one_class,
    refuse_several_sets,
    refuse_split_names,
    suggest_parent,
)
from autocnn.data.folder_tree import Tree, count_kinds, describe_kinds
from autocnn.data.part_names import TEST, TRAIN, is_split_name
from autocnn.data.reader import natural_key, refuse_unknown_classes
from autocnn.errors import DatasetError

Classes = dict[str, Tree]


@dataclass(frozen=True, slots=True)
class ClassFolders:
    """The class folders of each part of a data set."""

    parts: Mapping[int, Classes]
    names: tuple[str, ...]  # of the classes, in the order of their labels
    notes: tuple[str, ...]  # lines for the user
    unlabelled: Tree | None = None  # a test split without class folders


def has_class_folders(top: Tree) -> bool:
    """True if there are two folders that may be classes, in `top` or in one of its splits."""
    plain = [name for name in top.filled if not is_split_name(name)]
    splits = [folder for name, folder in top.filled.items() if is_split_name(name)]
    return len(plain) > 1 or any(has_class_folders(folder) for folder in splits)


def find_classes(top: Tree) -> ClassFolders:
    """The class folders below `top`.

    Raises: DatasetError if there are fewer than two, or if the folder has another layout.
    """
    splits = find_splits(top)
    parts, notes = _divide(top, splits) if splits else ({TRAIN: _classes(top)}, [])
    names = sorted((name for name, f in parts[TRAIN].items() if f.n_images), key=natural_key)
    holder = splits.get(TRAIN, top)
    for part, classes in sorted(parts.items()):
        _check_nesting(splits.get(part, top), classes)
    for part, classes in parts.items():
        _check_classes(top.path, part, classes, names)
    if len(names) < 2:
        refuse_one_class(holder, names[0], parts[TRAIN][names[0]])
    nested = describe_nesting(dict(sorted(parts[TRAIN].items())))
    return ClassFolders(
        parts=dict(sorted(parts.items())),
        names=tuple(names),
        notes=(*nested, *_order(names), *notes),
        unlabelled=splits[TEST] if TEST in splits and splits[TEST].is_flat else None,
    )


def find_splits(top: Tree) -> dict[int, Tree]:
    """The folders with images in `top` that are named as splits, by part.

    Raises: DatasetError for two of the same part, or for a name such as "eval".
    """
    splits: dict[int, Tree] = {}
    for folder in top.filled.values():
        part = folder.part
        if part in splits:
            raise DatasetError(f"{folder.path}: {_only_splits(top)}")
        if part is not None:
            splits[part] = folder
    return splits


def _divide(top: Tree, splits: dict[int, Tree]) -> tuple[dict[int, Classes], list[str]]:
    """The class folders of each part of a folder with splits, and lines for the user."""
    _refuse_loose(top)
    plain = [folder for name, folder in top.filled.items() if not is_split_name(name)]
    _check_flat(top, splits, plain)
    if TRAIN in splits and plain:
        raise DatasetError(f"{plain[0].path}: {_only_splits(top)}")
    if TRAIN not in splits and not plain:
        [found, *_] = splits.values()
        raise DatasetError(
            f"{top.path}: no training images: expected train/ beside {found.path.name}/"
        )
    notes, parts = [], {part: _classes(f) for part, f in splits.items() if not f.is_flat}
    if TRAIN not in splits:
        parts[TRAIN] = _classes(top)
        if parts.keys() - {TRAIN}:
            names = " and ".join(f"{splits[part].path.name}/" for part in sorted(parts) if part)
            notes.append(f"the class folders beside {names} are the training images")
    return parts, notes


def _check_flat(top: Tree, splits: dict[int, Tree], plain: list[Tree]) -> None:
    """Raise DatasetError for splits without class folders, except for a test split."""
    flat = {part: folder for part, folder in splits.items() if folder.is_flat}
    has_classes = bool(plain) or len(flat) < len(splits)
    for part, folder in sorted(flat.items()):
        if not has_classes:
            raise DatasetError(
                f"{folder.path}: its {folder.n_images:,} images have no labels; expected a folder "
                f"for each class in it, or a table such as {top.path.name}/labels.csv with the "
                "columns file and label"
            )
        if part != TEST:
            raise DatasetError(
                f"{folder.path}: is it a split or a class? Its {folder.n_images:,} images have no "
                "class folders; give it class folders if it is a split, and another name if it is "
                "a class"
            )


def _only_splits(top: Tree) -> str:
    return f"expected only train/, val/ and test/ in {top.path}, one of each"


def _classes(folder: Tree) -> Classes:
    """The class folders in `folder`, by name; empty ones are among them.

    Raises: DatasetError for images beside them.
    """
    if folder.folders:
        _refuse_loose(folder)
    elif folder.images:
        raise DatasetError(
            f"{folder.path}: {folder.n_images:,} images lie in it without a class folder; "
            f"expected {EXPECTED}{suggest_parent(folder.path)}"
        )
    return {
        name: inner
        for name, inner in folder.folders.items()
        if not (is_split_name(name) and (not folder.name or not inner.n_images))
    }


def _refuse_loose(folder: Tree) -> None:
    if folder.images:
        first = folder.path / os.path.basename(folder.images[0].name)
        raise DatasetError(f"{first}: lies outside of the class folders; move it or take it away")


def _check_nesting(holder: Tree, classes: Classes) -> None:
    """Raise DatasetError if the folders that seem to be classes hold data sets or splits."""
    refuse_split_names(holder, {name: f for name, f in classes.items() if f.n_images})
    refuse_several_sets(holder, {name: f for name, f in classes.items() if f.n_images})


def _check_classes(root: Path, part: int, classes: Classes, names: Collection[str]) -> None:
    """Raise DatasetError for an empty class folder of train, or a class that train lacks."""
    if part != TRAIN:
        unknown = [name for name, f in classes.items() if name not in names and f.n_images]
        refuse_unknown_classes(root, part, sorted(unknown, key=natural_key), names)
        return
    for folder in classes.values():
        if not folder.n_images:
            kinds = describe_kinds(count_kinds([folder]))
            found = f"; found {kinds}" if kinds else ""
            raise DatasetError(
                f"{folder.path}: no images found ({', '.join(SUFFIXES)}){found}; "
                "fill it or take it away"
            )


def _order(names: list[str]) -> list[str]:
    """A line if Keras gives the classes other numbers."""
    theirs = sorted(names)
    if theirs == names:
        return []
    first = next(i for i, name in enumerate(names) if name != theirs[i])
    start = max(0, first - 1)
    before, after = "…, " if start else "", ", …" if start + 3 < len(names) else ""
    ours, keras = (
        f"{before}{', '.join(each[start : start + 3])}{after}" for each in (names, theirs)
    )
    return [f"the classes are in the order {ours}, where Keras sorts {keras}"]
