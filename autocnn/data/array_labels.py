"""Labels of any stored type, as codes and the names of their classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autocnn.data.part_names import PART_NAMES, TRAIN
from autocnn.data.reader import Labels, natural_key, number_classes
from autocnn.data.stored_array import StoredArray, refuse_objects
from autocnn.errors import DatasetError

NUMBERS, TEXTS, TRUTH = "numbers", "texts", "truth values"
_LARGEST = 2.0**53  # up to which floats hold every whole number
_FORMS = "integers, whole floats, truth values or texts (n,) or (n, 1), or one-hot (n, k)"

At = Callable[[int], str]  # the place of row i, for messages


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawLabels:
    """The labels of one part as codes; labels of different forms are not comparable."""

    form: str  # NUMBERS, TEXTS, TRUTH, or "one-hot (n, k)"
    codes: Labels  # (n,)
    names: tuple[str, ...] | None  # of each code; None: the code is the name


def read_labels(array: StoredArray, n: int, part: int) -> RawLabels:
    """The labels of `n` images.

    Raises: DatasetError if the type, shape or a value is wrong.
    """
    refuse_objects(array, "save np.array(y.tolist())")
    kind, columns = array.dtype.kind, array.shape[1:]
    is_one_hot = len(columns) == 1 and columns[0] > 1 and kind not in "US"
    if kind not in "biufUS" or not (is_one_hot or columns in ((), (1,))) or array.shape == ():
        raise DatasetError(f"{array.place}: expected {_FORMS}, got {array.dtype} {array.shape}")
    if array.shape[0] != n:
        raise DatasetError(
            f"{array.place}: expected a label for each of the {n:,} images of {PART_NAMES[part]}, "
            f"got {array.shape[0]:,}"
        )
    if is_one_hot:
        if array.is_column_major:
            raise DatasetError(
                f"{array.place}: expected an array in C's order, got one in Fortran's order; "
                "save np.ascontiguousarray(y)"
            )
        return _read_one_hot(array)
    blocks = (block.reshape(-1) for block in array.blocks())
    return encode_labels(blocks, lambda i: f"{array.place}[{i}]")


def encode_labels(blocks: Iterable[NDArray[Any]], at: At) -> RawLabels:
    """The labels in `blocks`, each (m,) of one kind: b, i, u, f, U or S; objects must be texts.

    Raises: DatasetError if a value is missing, below 0, or no whole number.
    """
    form, codes, lookup, start = NUMBERS, [np.zeros(0, np.int64)], dict[str, int](), 0
    for block in blocks:
        if block.dtype.kind in "USO":
            form = TEXTS
            texts = [_as_text(text, at, start + i) for i, text in enumerate(block.tolist())]
            codes.append(np.array([lookup.setdefault(x, len(lookup)) for x in texts], np.int64))
        else:
            form = TRUTH if block.dtype.kind == "b" else NUMBERS
            codes.append(_as_numbers(block, at, start))
        start += len(block)
    names = {NUMBERS: None, TEXTS: tuple(lookup), TRUTH: ("False", "True")}
    return RawLabels(form=form, codes=np.concatenate(codes), names=names[form])


def _as_text(text: str | bytes, at: At, i: int) -> str:
    try:
        found = text.decode() if isinstance(text, bytes) else text
        found.encode()
    except UnicodeError:
        raise DatasetError(f"{at(i)}: expected a label in UTF-8, got {text!r}") from None
    if not found.strip():
        raise DatasetError(f"{at(i)}: the label is missing, got {found!r}")
    return found


def _as_numbers(block: NDArray[Any], at: At, start: int) -> Labels:
    """The values as integers; wrong ones are named."""

    def refuse(is_wrong: NDArray[np.bool_], expected: str) -> None:
        if is_wrong.any():
            i = int(is_wrong.argmax())
            raise DatasetError(f"{at(start + i)}: {expected}, got {block[i]}")

    if block.dtype.kind == "f":
        refuse(np.isnan(block), "the label is missing")
        refuse(np.isinf(block) | (np.trunc(block) != block), "expected a whole number as label")
        refuse(block.astype(np.float64) > _LARGEST, f"expected a label of at most {_LARGEST:.0f}")
    if block.dtype.kind != "b":
        refuse(block < 0, "expected labels from 0 (save y.astype(str) if this is a class)")
    if block.dtype.kind == "u":
        refuse(block > np.iinfo(np.int64).max, f"expected labels to {np.iinfo(np.int64).max}")
    return block.astype(np.int64)


def _read_one_hot(array: StoredArray) -> RawLabels:
    """The position of the one 1 in each row."""
    codes: list[Labels] = []
    done = 0
    for block in array.blocks():
        is_one = block == 1
        is_wrong = (is_one.sum(axis=1) != 1) | ~(is_one | (block == 0)).all(axis=1)
        if is_wrong.any():
            i = int(is_wrong.argmax())
            row = ", ".join(map(str, block[i, :5].tolist())) + ", …" * (block.shape[1] > 5)
            raise DatasetError(
                f"{array.place}[{done + i}]: expected one-hot labels, with one 1 and else 0, got "
                f"[{row}]; save classes such as y.argmax(axis=1) if each image has just one"
            )
        codes.append(is_one.argmax(axis=1).astype(np.int64))
        done += len(block)
    form = f"one-hot (n, {array.shape[1]})"
    return RawLabels(form=form, codes=np.concatenate(codes), names=None)


def join_labels(raw: Sequence[RawLabels], at: Sequence[str]) -> RawLabels:
    """The labels one after the other; `at` has the place of each, for messages.

    Raises: DatasetError if their forms differ.
    """
    for place, each in zip(at, raw, strict=True):
        if each.form != raw[0].form:
            raise DatasetError(
                f"{place}: its labels are {each.form}, and those of {at[0]} {raw[0].form}; "
                "save them alike"
            )
    if raw[0].names is None:
        codes, names = [each.codes for each in raw], None
    else:
        names = tuple(sorted({x for each in raw for x in each.names or ()}, key=natural_key))
        place_of = {name: i for i, name in enumerate(names)}
        orders = [np.array([place_of[x] for x in each.names or ()], np.int64) for each in raw]
        codes = [order[each.codes] for order, each in zip(orders, raw, strict=True)]
    return RawLabels(form=raw[0].form, codes=np.concatenate(codes), names=names)


def find_classes(
    path: Path, raw: Mapping[int, RawLabels], names: Sequence[str] | None = None
) -> tuple[tuple[str, ...], dict[int, Labels]]:
    """The classes of the training images in order, and the labels of each part from 0.

    Texts are in natural order, numbers in theirs. `names` has the name of each number.
    Raises: DatasetError if the forms of the parts differ, and as `reader.number_classes`.
    """
    assert TRAIN in raw
    places = [f"{path}: {PART_NAMES[part]}" for part in raw]
    joined = join_labels(list(raw.values()), places)
    ends = np.cumsum([len(each.codes) for each in raw.values()])[:-1]
    codes = dict(zip(raw, np.split(joined.codes, ends), strict=True))
    return number_classes(path, codes, joined.names if joined.names is not None else names)
