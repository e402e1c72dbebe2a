"""The order of the images, and their division into train and test, for every form of a data set.

Images are ordered by label, then by the hash of their decoded pixels. So the order follows from
the images alone, and not from file names, shards or the order of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autocnn.data.part_names import TEST, TRAIN, VALIDATION
from autocnn.data.same_pictures import TwoLabels, describe_copies, find_two_labels
from autocnn.data.split import split_hashes
from autocnn.errors import DatasetError

# These values must never change: others would give another test split.
TEST_SEED = 0
TEST_FRACTION = 1 / 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arrangement:
    """Indices into the images as they were read."""

    train: NDArray[np.int64]  # validation included
    validates: NDArray[np.bool_] | None  # (len(train),): True for the data set's validation images
    test: NDArray[np.int64]
    n_test_different: int  # test images, copies counted once
    two_labels: TwoLabels
    notes: tuple[str, ...]  # lines for the user


def arrange(
    class_names: Sequence[str],
    parts: NDArray[np.int8],
    labels: NDArray[np.int64],
    hashes: NDArray[np.bytes_],
) -> Arrangement:
    """Order the images; a sixth of the training images become test images if there are none.

    That division is stratified by class and always the same; equal images fall on one side, and
    what remains of a class can still be divided into train and validation.
    Shapes: parts, labels and hashes (n,).
    Raises: DatasetError if a class has too few different images.
    """
    _, rank = np.unique(hashes, return_inverse=True)
    order = np.lexsort((parts, rank, labels)).astype(np.int64)
    brings_test, validates = bool((parts == TEST).any()), bool((parts == VALIDATION).any())
    train = order[parts[order] == TRAIN]
    is_new = ~np.isin(rank[train], rank[parts == VALIDATION])
    _check_classes(class_names, labels[train], rank[train], (not validates, not brings_test))
    tests, notes = parts == TEST, []
    if not brings_test:
        _check_new(class_names, labels[train], is_new)
        keep = 1 if validates else 2
        split = split_hashes(
            hashes[train], labels[train], TEST_SEED, TEST_FRACTION, keep=keep, movable=is_new
        )
        tests[train[split.validation]] = True
        notes.append(
            f"no test images came with it: {np.count_nonzero(tests):,} of {len(train):,} training "
            "images, a sixth of each class, are kept for the test"
        )
    rest = order[~tests[order]]
    notes += describe_copies(np.where(tests, TEST, parts), labels, rank)
    return Arrangement(
        train=rest,
        validates=parts[rest] == VALIDATION if validates else None,
        test=order[tests[order]],
        n_test_different=len(np.unique(rank[tests])),
        two_labels=find_two_labels(labels, rank),
        notes=tuple(notes),
    )


def _check_classes(
    class_names: Sequence[str],
    labels: NDArray[np.int64],
    rank: NDArray[np.int64],
    taken: tuple[bool, bool],
) -> None:
    """Raise DatasetError if a class of train is too small to be split; images must be in order.

    `taken`: whether validation images, and whether test images, are taken out of train.
    """
    needed = 1 + sum(taken)
    purposes = ["train", *(["validate"] if taken[0] else []), *(["test"] if taken[1] else [])]
    _, first, group_of = np.unique(rank, return_index=True, return_inverse=True)
    group_class = labels[first]
    n_groups = np.bincount(group_class, minlength=len(class_names))
    for label, found in enumerate(n_groups.tolist()):
        if needed > 1 and found < needed:
            n = int(np.count_nonzero(labels == label))
            is_elsewhere = group_class[group_of[labels == label]] != label
            raise DatasetError(
                f"class {class_names[label]!r} has {n} image{'s' if n > 1 else ''}"
                f"{_describe_repeated(n - found, is_elsewhere)}; "
                f"it needs at least {needed} different ones (to {', to '.join(purposes)})"
            )


def _describe_repeated(n_copies: int, is_elsewhere: NDArray[np.bool_]) -> str:
    """The number of copies in a class; `is_elsewhere`: images that an earlier class has, too."""
    if not n_copies:
        return ""
    n = int(np.count_nonzero(is_elsewhere))
    elsewhere = f" ({n} of images in another class)" if n else ""
    return f", but {n_copies} of them are copies{elsewhere}"


def _check_new(
    class_names: Sequence[str], labels: NDArray[np.int64], is_new: NDArray[np.bool_]
) -> None:
    """Raise DatasetError for a class all of whose training images are validation images, too."""
    for label in np.setdiff1d(labels, labels[is_new]).tolist():
        n = int(np.count_nonzero(labels == label))
        raise DatasetError(
            f"class {class_names[label]!r} has {n} training images, and all of them are validation "
            "images, too; add one that is not (to test), or a test split"
        )
