"""What an array holds, by its name: images or labels, and of which part of the data set."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from autocnn.data.part_names import PART_NAMES, TEST, TRAIN, find_part, find_part_within
from autocnn.errors import DatasetError

Axis = Literal["images", "labels"]

_AXES: dict[str, Axis] = {}
_AXES |= dict.fromkeys(("x", "images", "image", "imgs", "img", "data"), "images")
_AXES |= dict.fromkeys(("y", "labels", "label", "targets", "target"), "labels")
_WORDS = "|".join(sorted(_AXES, key=len, reverse=True))
_FIRST = re.compile(rf"(?P<axis>{_WORDS})[\W_]*(?P<rest>.*)")
_LAST = re.compile(rf"(?P<rest>.*?)[\W_]*(?P<axis>{_WORDS})")
_SHOWN = 10  # names that a line lists
_EXPECTED = (
    "x_train and y_train, or train_images and train_labels (likewise val and test), or x and y"
)


@dataclass(frozen=True, slots=True)
class Role:
    """What an array holds; `part` is None if its name has no word for a part."""

    axis: Axis
    part: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The names of the images and labels of one part."""

    images: str
    labels: str | None  # None: test images without labels


FindRole = Callable[[str], Role | None]


def find_role(name: str) -> Role | None:
    """The role of an array called "x_train", "train_images", "Xtrain", "y" …, or None.

    The whole name must say so.
    Raises: DatasetError as `part_names.find_part`.
    """
    for axis, rest in _split(name.casefold()):
        part = find_part(rest)
        if part is not None or not rest:
            return Role(axis, part)
    return None


def find_file_role(stem: str) -> Role | None:
    """The role of an array in a file of its own, whose name may begin with further words.

    "mnist_train_images" has a role; "train_image_ids" has none, since its last word is no role.
    Raises: DatasetError as `part_names.find_part_within`.
    """
    role = find_role(stem)
    words = re.findall(r"[^\W\d_]+", stem.casefold())
    axes = {_AXES[word] for word in words if word in _AXES}
    if role is not None or len(axes) != 1:
        return role
    is_role = words[-1] in _AXES or find_part(words[-1]) is not None
    return Role(axes.pop(), find_part_within(stem)) if is_role else None


def _split(name: str) -> Iterator[tuple[Axis, str]]:
    for pattern in (_FIRST, _LAST):
        match = pattern.fullmatch(name)
        if match is not None:
            yield _AXES[match["axis"]], match["rest"].strip("_ .-")


def pair_arrays(
    path: Path, names: Sequence[str], find: FindRole = find_role
) -> tuple[dict[int, Pair], list[str]]:
    """The names of each part's images and labels in the order of the parts, and the names left.

    If any name has a word for a part, the names without one are left.
    Raises: DatasetError if a role is missing, or held by two arrays.
    """
    holders = _find_holders(path, names, find)
    if any(role.part is not None for role in holders):
        used = {role: found for role, found in holders.items() if role.part is not None}
    else:
        used = {Role(role.axis, TRAIN): found for role, found in holders.items()}
    for role, found in used.items():
        if len(found) > 1:
            raise DatasetError(
                f"{path}: {found[0]} and {found[1]} are both {_text(role)}; keep one of them"
            )
    pairs = _pair(path, {role: found[0] for role, found in used.items()}, names)
    taken = {name for pair in pairs.values() for name in (pair.images, pair.labels)}
    return pairs, [name for name in names if name not in taken]


def _find_holders(path: Path, names: Sequence[str], find: FindRole) -> dict[Role, list[str]]:
    holders: dict[Role, list[str]] = {}
    for name in names:
        try:
            role = find(name)
        except DatasetError as error:
            raise DatasetError(f"{path}: array {name}: {error}") from None
        if role is not None:
            holders.setdefault(role, []).append(name)
    return holders


def _pair(path: Path, holders: Mapping[Role, str], names: Sequence[str]) -> dict[int, Pair]:
    got = f"expected {_EXPECTED}; got {list_names(names) or 'nothing'}"
    pairs: dict[int, Pair] = {}
    for part, part_name in enumerate(PART_NAMES):
        images = holders.get(Role("images", part))
        labels = holders.get(Role("labels", part))
        if images is None and (labels is not None or part == TRAIN):
            raise DatasetError(f"{path}: there are no images of {part_name}; {got}")
        if images is not None and labels is None and part != TEST:
            raise DatasetError(f"{path}: {images} has no labels of {part_name} beside it; {got}")
        if images is not None:
            pairs[part] = Pair(images=images, labels=labels)
    return pairs


def list_names(names: Sequence[str]) -> str:
    """The names for one line, shortened if there are many."""
    more = len(names) - _SHOWN
    shown = [name if name.isprintable() else repr(name) for name in names[:_SHOWN]]
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def _text(role: Role) -> str:
    return role.axis if role.part is None else f"the {role.axis} of {PART_NAMES[role.part]}"
