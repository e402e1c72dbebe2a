"""The frozen split of the training images into train and validation, and the data's fingerprint."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from autocnn.data.dataset import Images, TrainingImages
from autocnn.errors import DatasetError, SettingsError

VALIDATION_FRACTION = 0.1  # of the training images


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """The images that train, and those that validate, as int64 indices: ascending, no overlap."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    seed: int
    fraction: float
    parts: tuple[NDArray[np.int64], ...] = ()  # of `train`: what folds 2, 3, ... hold out

    @property
    def n_folds(self) -> int:
        """The number of folds; 1: one hold-out, `validation`."""
        return 1 + len(self.parts)


class Fingerprint:
    """SHA-256 (hexadecimal) over shapes, types, pixels and labels, updated in blocks."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        """`shape` is that of all images: (n, height, width, channels)."""
        self._digest = hashlib.sha256(f"|u1 {shape}\n".encode())

    def update(self, images: NDArray[np.uint8]) -> None:
        """Add the next images, in their order."""
        self._digest.update(np.ascontiguousarray(images).reshape(-1).data)

    def finish(self, labels: NDArray[np.int64], validates: NDArray[np.bool_] | None = None) -> str:
        """The fingerprint, after all images were added; `validates`, if given, is part of it."""
        numbers = np.ascontiguousarray(labels, dtype="<i8")  # the same on every machine
        self._digest.update(f"{numbers.dtype.str} {numbers.shape}\n".encode())
        self._digest.update(numbers.data)
        if validates is not None:
            self._digest.update(b"validates\n" + np.packbits(validates).tobytes())
        return self._digest.hexdigest()


def fingerprint(images: Images) -> str:
    """SHA-256 (hexadecimal) over shapes, types, pixels and labels, in the order of the images."""
    found = Fingerprint(images.images.shape)
    found.update(images.images)
    return found.finish(images.labels)


def image_hashes(images: Images) -> NDArray[np.bytes_]:
    """A 128-bit hash of every image's pixels: equal images have equal hashes.

    Shape: (n,) of 16 bytes. NumPy drops trailing zero bytes when it returns one hash; comparisons
    stay right.
    """
    rows = np.ascontiguousarray(images.images).reshape(images.n, math.prod(images.shape))
    digests = [hashlib.blake2b(row.data, digest_size=16).digest() for row in np.asarray(rows)]
    return np.array(digests, dtype="S16")


def hashes_of(images: TrainingImages) -> NDArray[np.bytes_]:
    """The hashes that are known of `images`, or else `image_hashes`."""
    return image_hashes(images) if images.hashes is None else images.hashes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Groups:
    """The groups of equal images, which no split separates.

    Shapes: `of_image` (images,), all others (groups,).
    """

    first: NDArray[np.int64]  # the index of the first image
    of_image: NDArray[np.int64]  # the group of each image
    size: NDArray[np.int64]  # images
    label: NDArray[np.int64]  # that of the first image


def find_groups(hashes: NDArray[np.bytes_], labels: NDArray[np.int64]) -> Groups:
    """The groups of the images with these hashes and labels, both (n,)."""
    _, first, of_image, size = np.unique(
        hashes, return_index=True, return_inverse=True, return_counts=True
    )
    return Groups(first=first, of_image=of_image, size=size, label=labels[first])


def find_split(
    images: TrainingImages, seed: int = 0, fraction: float = VALIDATION_FRACTION
) -> Split:
    """The data set's own validation part, or if it has none, a stratified split with `fraction`.

    Raises: SettingsError for a wrong seed, and for a seed other than 0 if the data set has a
    validation part; DatasetError as `stratified_split`.
    """
    if images.validates is None:
        return split_hashes(hashes_of(images), images.labels, seed, fraction)
    if seed != 0:
        raise SettingsError(
            f"--split-seed {seed} is without effect: the data set has validation images of its "
            "own; leave it out"
        )
    validates = images.validates
    return Split(
        train=np.flatnonzero(~validates).astype(np.int64),
        validation=np.flatnonzero(validates).astype(np.int64),
        seed=0,
        fraction=float(validates.mean()),
    )


def split_part(
    images: TrainingImages, indices: NDArray[np.int64], seed: int, fraction: float
) -> Split:
    """`stratified_split` of the images at `indices`; the result has indices into all of `images`.

    A class with one different image has it in `validation`.
    Raises: SettingsError for a wrong seed or fraction.
    """
    part = split_hashes(hashes_of(images)[indices], images.labels[indices], seed, fraction, keep=0)
    return replace(part, train=indices[part.train], validation=indices[part.validation])


def stratified_split(images: Images, seed: int = 0, fraction: float = VALIDATION_FRACTION) -> Split:
    """Split `images` class by class, exact duplicates together; repeatable from data and seed.

    Equal images form a group, whose class is the label of its first member. A class's quota is
    `fraction` of the images in its groups, rounded half up, at least 1 and at most all but one. The
    class's groups are shuffled and go to validation in turn; a group that would exceed the quota is
    passed over. If no group fits, the smallest one goes to validation.
    Raises: SettingsError for a wrong seed or fraction; DatasetError if a class has fewer than 2
    different images.
    """
    return split_hashes(image_hashes(images), images.labels, seed, fraction)


def split_hashes(
    hashes: NDArray[np.bytes_],
    labels: NDArray[np.int64],
    seed: int = 0,
    fraction: float = VALIDATION_FRACTION,
    keep: int = 1,
    movable: NDArray[np.bool_] | None = None,
) -> Split:
    """`stratified_split` of images given by their hashes and labels, both (n,).

    At least `keep` different images of each class stay in train, and so do the images for which
    `movable`, (n,), is False.
    Raises: as `stratified_split`, if a class has `keep` different images or fewer.
    """
    if seed < 0:
        raise SettingsError(f"split seed must be >= 0, got {seed}")
    if not 0 < fraction < 1:
        raise SettingsError(f"validation fraction must be between 0 and 1, got {fraction}")
    found = find_groups(hashes, labels)
    n_groups, size = len(found.first), found.size
    can_move = np.ones(n_groups, dtype=bool) if movable is None else movable[found.first]
    chosen = np.zeros(n_groups, dtype=bool)
    for label in np.unique(labels):
        groups = np.flatnonzero(found.label == label)
        _check_splittable(labels, int(label), len(groups), keep)
        shuffled = np.random.default_rng([seed, int(label)]).permutation(groups)
        quota = _quota(int(size[groups].sum()), fraction)
        chosen[_fill_quota(shuffled[can_move[shuffled]], size, quota)[: len(groups) - keep]] = True
    validates = chosen[found.of_image]
    return Split(
        train=np.flatnonzero(~validates).astype(np.int64),
        validation=np.flatnonzero(validates).astype(np.int64),
        seed=seed,
        fraction=fraction,
    )


def _check_splittable(labels: NDArray[np.int64], label: int, n_groups: int, keep: int) -> None:
    """Raise DatasetError if class `label` cannot have an image on both sides."""
    if keep and n_groups <= keep:
        n = int(np.count_nonzero(labels == label))
        raise DatasetError(
            f"class {label}: expected at least {keep + 1} different images (one to train, one to "
            "validate) that repeat no earlier image of another class, "
            f"got {n_groups} among {n} images"
        )


def _quota(n: int, fraction: float) -> int:
    """The number of images, of a class's `n`, that validate."""
    return min(max(1, math.floor(fraction * n + 0.5)), n - 1)


def _fill_quota(groups: NDArray[np.int64], size: NDArray[np.int64], quota: int) -> list[int]:
    """The groups that validate: taken in turn up to `quota` images; the smallest if none fits."""
    picked: list[int] = []
    left = quota
    for group in groups.tolist():
        if size[group] <= left:
            picked.append(group)
            left -= int(size[group])
        if left == 0:
            break
    return picked or groups[np.argsort(size[groups], kind="stable")[:1]].tolist()
