"""Which column of a table names the images, and which ones their labels and splits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from autocnn.data.decoding import SUFFIXES
from autocnn.data.file_index import FileIndex
from autocnn.data.label_table import Table
from autocnn.data.options import ImageOptions
from autocnn.data.part_names import SPLIT_COLUMNS, is_split_name
from autocnn.errors import DatasetError

_LABELS = ("label", "labels", "class", "classname", "category", "target", "y")
_ALWAYS_SPLIT = ("split", "partition")  # columns that can be nothing else
_PERHAPS_SPLIT = (*SPLIT_COLUMNS, "usage", "dataset")  # if a value is the name of a split
_ONE, _ZERO = ("1", "1.0"), ("0", "0.0")
_FILES = (
    *("filename", "file", "filepath", "image", "imagename", "imagepath", "imageid", "img", "path"),
    "id",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """The columns of a table that are read."""

    file: str
    label: str | None  # None: the table has no labels, or `one_hot` has them
    one_hot: tuple[str, ...]  # columns of 0 and 1, which are the classes
    split: str | None
    notes: tuple[str, ...]


def find_roles(table: Table, index: FileIndex, options: ImageOptions) -> Roles | None:
    """The columns of `table` that are read; None if it names no image.

    Raises: DatasetError if several columns may be meant, if a given column is missing, or if the
    first row has no names of columns.
    """
    candidates = find_file_columns(table, index)
    if any(_is_image(name, index) for name in table.columns) or any(
        index.find(name) and _plain(name) not in _FILES for name in candidates
    ):
        raise DatasetError(
            f"{table.path}: its first row names an image; expected a first row with the names of "
            "the columns, such as file,label"
        )
    file, notes = _choose_file(table, candidates, options.file_column)
    if file is None:
        return None
    rest = [
        name
        for name, values in table.columns.items()
        if name and name not in (file, *candidates) and not _is_count(name, values)
    ]
    split = _find_split(table, rest, options.label_column)
    rest = [name for name in rest if name != split]
    label, one_hot, more = _find_label(table, rest, options.label_column)
    return Roles(file=file, label=label, one_hot=one_hot, split=split, notes=(*notes, *more))


def find_file_columns(table: Table, index: FileIndex) -> list[str]:
    """The columns that may name the images: those that only name images, if there are such."""
    found = {
        name: _n_found(values, index)
        for name, values in table.columns.items()
        if _plain(name) not in _LABELS and not _is_count(name, values)
    }
    candidates = [name for name, n in found.items() if n]
    paths = [name for name, values in table.columns.items() if _are_paths(values)]
    if paths and not set(paths) & set(candidates):
        return []  # numbers of rows may name images, too
    return [name for name in candidates if found[name] == len(table.numbers)] or candidates


def _choose_file(
    table: Table, candidates: Sequence[str], given: str | None
) -> tuple[str | None, Sequence[str]]:
    """The column that names images, or None, and a line for the user if it was chosen by name."""
    if given is not None:
        _check_given(table, "--file-column", given)
        return given, ()
    if not candidates:  # the files are missing, or lie elsewhere
        candidates = [name for name, values in table.columns.items() if _are_paths(values)]
    if len(candidates) < 2:
        return next(iter(candidates), None), ()
    named = [name for name in candidates if _plain(name) in _FILES]
    if len(named) != 1:
        raise DatasetError(
            f"{table.path}: the columns {_list(candidates)} may name the images; choose one with "
            "--file-column"
        )
    return named[0], [f"{table.path.name}: the column {named[0]!r} names the images"]


def _n_found(values: Sequence[str], index: FileIndex) -> int:
    """How many values name an image; 0 if most rows repeat a value, as labels do."""
    if len(set(values)) * 2 < len(values):
        return 0
    return sum(len(index.find(value)) > 0 for value in values)


def _are_paths(values: Sequence[str]) -> bool:
    return bool(values) and sum(v.lower().endswith(SUFFIXES) for v in values) * 2 > len(values)


def _find_split(table: Table, rest: Sequence[str], label: str | None) -> str | None:
    """The column of splits among `rest`, or None; `label` is the column that the user gives.

    Raises: DatasetError if there are several, and for a column that seems to have splits, but whose
    name or values do not say so.
    """
    others = [name for name in rest if name != label and table.columns[name]]
    splits = [name for name in others if _is_split(table, name)]
    if len(splits) > 1:
        raise DatasetError(
            f"{table.path}: the columns {_list(splits)} may have the splits; take away all but one"
        )
    if not splits:
        for name in others:
            _refuse_unclear_split(table, name)
    return next(iter(splits), None)


def _is_split(table: Table, name: str) -> bool:
    return _plain(name) in SPLIT_COLUMNS and all(map(is_split_name, table.columns[name]))


def _refuse_unclear_split(table: Table, name: str) -> None:
    values, plain = table.columns[name], _plain(name)
    wrong = next((i for i, value in enumerate(values) if not is_split_name(value)), None)
    if wrong is None:
        if len(set(values)) > 1 and plain not in _LABELS:
            raise DatasetError(
                f"{table.path}: the column {name!r} has names of splits; call it split if it "
                "divides the images, else take it away"
            )
    elif plain in _ALWAYS_SPLIT or (plain in _PERHAPS_SPLIT and any(map(is_split_name, values))):
        raise DatasetError(
            f"{table.row(wrong)}: the column {name!r} seems to divide the images into splits; "
            f"expected train, val or test, got {values[wrong]!r}; write these, or rename or take "
            "away the column"
        )


def _find_label(
    table: Table, rest: Sequence[str], given: str | None
) -> tuple[str | None, tuple[str, ...], Sequence[str]]:
    """The column of labels, or those of a one-hot table, or neither, and lines for the user.

    Raises: DatasetError if several columns may be the label.
    """
    if given is not None:
        _check_given(table, "--label-column", given)
        return given, (), ()
    if len(rest) < 2:
        name = next(iter(rest), None)
        is_known = name is None or _plain(name) in _LABELS
        return (
            name,
            (),
            () if is_known else [f"{table.path.name}: the column {name!r} has the labels"],
        )
    named = [name for name in rest if _plain(name) in _LABELS]
    if len(named) == 1:
        others = [name for name in rest if name != named[0]]
        return (
            named[0],
            (),
            [
                f"{table.path.name}: the column {named[0]!r} has the labels; columns that are not "
                f"used: {_list(others)}"
            ],
        )
    if not named and all(set(table.columns[name]) <= {*_ONE, *_ZERO} for name in rest):
        _check_one_hot(table, rest)
        return None, tuple(rest), [f"{table.path.name}: the columns {_list(rest)} are the classes"]
    raise DatasetError(
        f"{table.path}: the columns {_list(named or rest)} may have the labels; choose one with "
        "--label-column"
    )


def one_hot_names(table: Table, names: Sequence[str], row: int) -> list[str]:
    """The columns that are 1 in a row."""
    return [name for name in names if table.columns[name][row] in _ONE]


def _check_one_hot(table: Table, names: Sequence[str]) -> None:
    for i in range(len(table.numbers)):
        ones = one_hot_names(table, names, i)
        if len(ones) > 1:
            raise DatasetError(
                f"{table.row(i)}: several labels for one image ({', '.join(ones)}); expected one 1 "
                "in each row"
            )
        if not ones:
            raise DatasetError(f"{table.row(i)}: no label; expected one 1 in each row")


def _check_given(table: Table, option: str, name: str) -> None:
    if name not in table.columns:
        raise DatasetError(
            f"{table.path}: has no column {name!r} ({option}); it has {_list(list(table.columns))}"
        )


def _is_image(name: str, index: FileIndex) -> bool:
    return name.lower().endswith(SUFFIXES) and bool(index.find(name))


def _is_count(name: str, values: Sequence[str]) -> bool:
    """True for the numbers of the rows, which pandas writes without a name of the column."""
    is_unnamed = not name or _plain(name).startswith("unnamed")
    return is_unnamed and all(value == str(i) for i, value in enumerate(values))


def _plain(name: str) -> str:
    """The letters and digits of a column's name: "Class Name" is as "class_name"."""
    return re.sub(r"[\W_]", "", name).casefold()


def _list(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:8])) + (", …" if len(names) > 8 else "")
