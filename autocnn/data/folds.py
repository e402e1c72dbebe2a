"""The folds of a split: the images that each network of a cross-validated trial holds out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from autocnn.data.dataset import TrainingImages
from autocnn.data.split import Groups, Split, find_groups, find_split, hashes_of
from autocnn.errors import SettingsError

FEW_IMAGES = 1000  # training and validation images, below which trials are cross-validated
FOLDS = 5  # of a data set with fewer images
LEAST_FOLDS = 3  # with two, each network would train on half of the images

Pair = tuple[NDArray[np.int64], NDArray[np.int64]]  # indices: those that train, those held out


def find_folds(
    images: TrainingImages,
    class_names: Sequence[str],
    seed: int = 0,
    folds: int | None = None,
) -> tuple[Split, str]:
    """The split of `images` into `folds` folds, and the reason if there are fewer, else "".

    None stands for FOLDS if there are fewer than FEW_IMAGES images and none of them is given as a
    validation image, else for 1. The first fold holds out the validation part, each other one a
    part of the training images. The number of folds is reduced until every class has as many
    different images, every fold holds out an image, and every fold trains on every class; to
    LEAST_FOLDS at most if it was not given.
    Raises: SettingsError for a wrong seed, and if the data set's own validation images leave no two
    folds; DatasetError as `stratified_split`.
    """
    wanted, reason = automatic_folds(images) if folds is None else folds, ""
    if wanted == 1:
        return find_split(images, seed), ""
    groups = find_groups(hashes_of(images), images.labels)
    label, n_different = _fewest(groups, images.labels)
    if n_different < wanted:
        reason = f"class {class_names[label]!r} has only {n_different} different images"
    least = LEAST_FOLDS if folds is None else 2
    for n in range(min(wanted, n_different), least - 1, -1):
        split = find_split(images, seed, 1 / n)
        split = replace(split, parts=_deal(groups, split, n - 1))
        obstacle = _obstacle(groups, split, images.labels)
        if not obstacle:
            return split, reason
        reason = obstacle
    if images.validates is not None:
        raise SettingsError(
            f"--folds {wanted}: the data set has validation images of its own, and {reason}; leave "
            "it out"
        )
    return find_split(images, seed), reason


def automatic_folds(images: TrainingImages) -> int:
    """The number of folds that suits `images`; 1: one hold-out."""
    return FOLDS if images.validates is None and images.n < FEW_IMAGES else 1


def fold_pairs(split: Split, n: int) -> list[Pair]:
    """The first `n` folds of `split`, ascending; the first one is its training and validation part.

    Every other fold holds out one part of the training images, and trains on all other images.
    Raises: ValueError if there are fewer folds.
    """
    if not 1 <= n <= split.n_folds:
        raise ValueError(f"{n} folds of a split with {split.n_folds}")
    pairs = [(split.train, split.validation)]
    for part in split.parts[: n - 1]:
        rest = np.setdiff1d(split.train, part, assume_unique=True)
        pairs.append((np.union1d(rest, split.validation), part))
    return pairs


def describe_folds(split: Split, n: int, reason: str, *, is_asked: bool) -> list[str]:
    """A line on a study that scores each trial by `n` folds of `split`; none for one hold-out.

    `reason` is that of `find_folds`; `is_asked`: the number of folds is a setting.
    """
    why = f"; {reason}" if reason else ""
    if split.n_folds == 1:
        return [f"each trial is scored by one hold-out{why}"] if reason else []
    of = split.n_folds
    how = f"{of}-fold cross-validation" if n == of else f"{n} of {of} folds"
    if n == 1:
        how = f"the first of {of} folds, {100 * split.fraction:.0f} % of the images"
    line = f"each trial is scored by {how}{why}"
    if is_asked:
        return [line]
    n_images = len(split.train) + len(split.validation)
    return [f"{n_images} images are few: {line} (--folds 1 for one hold-out)"]


def _fewest(groups: Groups, labels: NDArray[np.int64]) -> tuple[int, int]:
    """The class with the fewest different images, among equal ones the first; and their number."""
    counts = {label: int((groups.label == label).sum()) for label in np.unique(labels).tolist()}
    label = min(counts, key=counts.__getitem__)
    return label, counts[label]


def _deal(groups: Groups, split: Split, n: int) -> tuple[NDArray[np.int64], ...]:
    """`n` parts of the training images, class by class; equal images are in one part.

    A class's groups are shuffled, and dealt from the largest on: each goes to the part with the
    fewest images of the class, among equal ones to the part with the fewest images, then the first.
    """
    trains = np.isin(np.arange(len(groups.of_image)), split.train)
    in_train = np.zeros(len(groups.first), dtype=bool)
    in_train[groups.of_image[split.train]] = True
    part_of = np.full(len(groups.first), -1)
    all_counts = [0] * n
    for label in np.unique(groups.label[in_train]).tolist():
        own = np.flatnonzero(in_train & (groups.label == label))
        shuffled = np.random.default_rng([split.seed, label, 1]).permutation(own)
        counts = [0] * n
        for group in shuffled[np.argsort(-groups.size[shuffled], kind="stable")].tolist():
            part = min(range(n), key=lambda i: (counts[i], all_counts[i]))
            part_of[group] = part
            counts[part] += int(groups.size[group])
            all_counts[part] += int(groups.size[group])
    of_image = np.where(trains, part_of[groups.of_image], -1)
    return tuple(np.flatnonzero(of_image == part).astype(np.int64) for part in range(n))


def _obstacle(groups: Groups, split: Split, labels: NDArray[np.int64]) -> str:
    """The reason why the folds of `split` are of no use, or ""."""
    of_image = groups.of_image
    if np.intersect1d(of_image[split.train], of_image[split.validation]).size:
        return "some of them equal training images"
    pairs = fold_pairs(split, split.n_folds)
    if any(len(held) == 0 for _, held in pairs):
        return "too many images are copies of each other"
    n_classes = len(np.unique(labels))
    if any(len(np.unique(labels[train])) < n_classes for train, _ in pairs):
        return "some classes have too few training images"
    return ""
