"""Equal images: across the parts of a data set, and with several labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autocnn.data.part_names import TEST, TRAIN, VALIDATION

SHOWN = 3  # pairs that a line names
WORDS = {TRAIN: "training", VALIDATION: "validation", TEST: "test"}
# A part, another one of which it may have copies, and the score that errs then.
PAIRS = (
    (VALIDATION, TRAIN, "the validation score"),
    (TEST, TRAIN, "the test score"),
    (
        TEST,
        VALIDATION,
        "they choose the winner and train its refit, so the test score",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoLabels:
    """Pictures that are in several classes, and the first of them as pairs of images."""

    n: int  # different pictures
    pairs: tuple[tuple[int, int], ...]  # indices of images as they were read; at most SHOWN


def describe_copies(
    parts: NDArray[np.int8], labels: NDArray[np.int64], rank: NDArray[np.int64]
) -> list[str]:
    """A line for every pair of parts of which one has copies of the other, and label.

    An image whose copies have other labels lowers a score, all others raise it.
    Shapes: all (n,); `rank` has the same number for equal images.
    """
    labelled = rank * (int(labels.max(initial=0)) + 1) + labels
    notes = []
    for part, other, score in PAIRS:
        ours, theirs = parts == part, parts == other
        if other == VALIDATION:  # copies in train, too, are counted already
            ours = ours & ~np.isin(rank, rank[parts == TRAIN])
        is_copy = np.isin(rank[ours], rank[theirs])
        agrees = np.isin(labelled[ours], labelled[theirs])
        for n, kind, way in (
            (int(np.count_nonzero(agrees)), "", "high"),
            (int(np.count_nonzero(is_copy & ~agrees)), " with another label", "low"),
        ):
            if n:
                notes.append(
                    f"{say_also(n, part, other)}{kind}: {score} is too {way} by up to "
                    f"{points(n, int(np.count_nonzero(parts == part)))} points"
                )
    return notes


def say_also(n: int, part: int, other: int) -> str:
    """Subject and predicate, such as "12 test images are also training images"."""
    if n == 1:
        return f"1 {WORDS[part]} image is also a {WORDS[other]} image"
    return f"{n:,} {WORDS[part]} images are also {WORDS[other]} images"


def points(n: int, total: int) -> str:
    """The share of `n` of `total`, in percentage points."""
    return f"{100 * n / total:.2f}"


def find_two_labels(labels: NDArray[np.int64], rank: NDArray[np.int64]) -> TwoLabels:
    """The pictures that images of several classes show; shapes: both (n,)."""
    order = np.lexsort((np.arange(len(rank)), labels, rank))
    same = rank[order][1:] == rank[order][:-1]
    changes = np.flatnonzero(same & (labels[order][1:] != labels[order][:-1]))
    pictures, first = np.unique(rank[order][changes], return_index=True)
    starts = changes[first]
    firsts = np.searchsorted(rank[order], pictures)  # the first image of each such picture
    pairs = np.stack([order[firsts], order[starts + 1]], axis=1)
    pairs = pairs[np.argsort(pairs.min(axis=1), kind="stable")][:SHOWN]
    return TwoLabels(n=len(pictures), pairs=tuple((int(a), int(b)) for a, b in pairs))


def describe_two_labels(
    found: TwoLabels,
    labels: NDArray[np.int64],
    class_names: Sequence[str],
    names: Mapping[int, str],
) -> list[str]:
    """A line that names pictures in several classes, or none; `names` are those of the images."""
    if not found.n:
        return []
    pairs = [
        " = ".join(f"{names[i]} ({class_names[labels[i]]})" for i in pair) for pair in found.pairs
    ]
    more = ", …" if found.n > len(pairs) else ""
    subject = "picture is" if found.n == 1 else "pictures are"
    return [
        f"{found.n:,} {subject} in several classes: {', '.join(pairs)}{more}; a network can be "
        "right about one of them only"
    ]
