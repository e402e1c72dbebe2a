"""Names of classes that may be meant as one class, or as a missing label."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence

from autocnn.errors import DatasetError

_MISSING = ("nan", "na", "n/a", "<na>", "null", "none", "?", "-1")  # in lower case
_SHOWN = 5  # names or pairs that a line lists


def check_names(names: Sequence[str]) -> None:
    """Raise DatasetError for a name with a control character, and for two that look the same."""
    seen: dict[str, str] = {}
    for name in names:
        if any(unicodedata.category(letter) == "Cc" for letter in name):
            raise DatasetError(
                f"the class {name!r} has a line break, a tab or another control character; "
                "expected a name in one line"
            )
        same = seen.setdefault(unicodedata.normalize("NFC", name), name)
        if same != name:
            raise DatasetError(
                f"the classes {same!a} and {name!a} look the same: they are written in "
                "different forms of Unicode; give both the same name, or different ones"
            )


def describe_names(names: Sequence[str]) -> list[str]:
    """Lines on names that may mean the same class, and on those that may mean none."""
    lines, seen, pairs = [], dict[object, str](), []
    for name in names:
        other = seen.setdefault(_key(name), name)
        if other != name:
            pairs.append(f"{other!r} and {name!r}")
    if pairs:
        more = ", …" * (len(pairs) > _SHOWN)
        lines.append(f"read as different classes: {'; '.join(pairs[:_SHOWN])}{more}")
    missing = [name for name in names if name.strip().casefold() in _MISSING]
    if missing:
        shown = ", ".join(map(repr, missing[:_SHOWN]))
        lines.append(f"read as a class: {shown}; if it means a missing label, take its images away")
    return lines


def find_similar(name: str, known: Collection[str]) -> str | None:
    """The first of `known` that differs from `name` by case, spaces or notation only, or None."""
    return next((other for other in known if _key(other) == _key(name)), None)


def _key(name: str) -> object:
    """Equal for names that differ by case and spaces, and for notations of one number."""
    plain = " ".join(unicodedata.normalize("NFC", name).split()).casefold()
    try:
        number = float(plain)
    except ValueError:
        return plain
    return number if number == number and plain.isascii() else plain
