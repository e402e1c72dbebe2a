"""The parts of a data set by the names that people give to folders, files and arrays."""

from __future__ import annotations

import re

from autocnn.errors import DatasetError

TRAIN, VALIDATION, TEST = 0, 1, 2  # the parts of a data set, as numbers in arrays
PART_NAMES = ("train", "validation", "test")

_PART_OF = dict.fromkeys(("train", "training"), TRAIN)
_PART_OF |= dict.fromkeys(("val", "valid", "validation", "dev", "devel"), VALIDATION)
_PART_OF |= dict.fromkeys(("test", "testing"), TEST)
SPLIT_COLUMNS = ("split", "set", "subset", "partition")  # names of columns with names of splits

_UNCLEAR = ("eval", "evaluation", "holdout", "unseen")  # validation for some, test for others
_ADDED = ("set", "split", "data", "images?", "imgs?", "folder", "dir", "part")  # as in training_set
_ADDS, _GAP = f"(?:{'|'.join(_ADDED)})", r"[\W\d_]*"  # a gap has no letters
_WORD = re.compile(
    rf"{_GAP}(?:{_ADDS}{_GAP})*({'|'.join([*_PART_OF, *_UNCLEAR])})(?:{_GAP}{_ADDS})*{_GAP}",
    re.IGNORECASE,
)


def find_part(name: str) -> int | None:
    """The part that a folder or a column of this name holds, or None.

    The whole name must say so: "training_set" and "train2017" are parts, "train_stations" is none.
    Raises: DatasetError for a name such as "eval", which may mean validation or test.
    """
    match = _WORD.fullmatch(name)
    return None if match is None else _part_of(match[1], name)


def is_split_name(name: str) -> bool:
    """True if `find_part` finds a part in the name, or finds it unclear which."""
    return _WORD.fullmatch(name) is not None


def find_part_within(name: str) -> int | None:
    """The part that is named anywhere in a file name, as in "mnist_train.parquet", or None.

    The word must stand between characters that are not letters.
    Raises: DatasetError for a name with the words of two parts, and as `find_part`.
    """
    words = [word.casefold() for word in re.findall(r"[^\W\d_]+", name)]
    found = {_part_of(word, name) for word in words if word in _PART_OF or word in _UNCLEAR}
    if len(found) > 1:
        raise DatasetError(f"{name}: its name has the words of several parts; rename it")
    return next(iter(found), None)


def _part_of(word: str, name: str) -> int:
    part = _PART_OF.get(word.casefold())
    if part is None:
        raise DatasetError(
            f"{name}: may be validation or test; rename it to val or test, whichever it is"
        )
    return part
