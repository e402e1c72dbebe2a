"""`PreparedData`: what a study trains on, and the reference by which other processes open it.

The training images of a data set lie in one array, which is mapped from the cache. Training part,
validation part, a subset and the images of a refit are sets of indices into it.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autocnn.data.catalog import load_described
from autocnn.data.dataset import Images, IndexedImages, TrainingImages
from autocnn.data.folds import Pair, find_folds, fold_pairs
from autocnn.data.mapped_array import map_array
from autocnn.data.options import AS_THEY_ARE, ImageOptions
from autocnn.data.split import Split, fingerprint, split_part
from autocnn.data.statistics import channel_statistics, part_counts
from autocnn.data.value_range import EIGHT_BITS, ValueRange
from autocnn.errors import RecordError, SettingsError

# Roles of an image. 0: a subset leaves it out; 2 and above: it trains, and the fold of that number
# holds it out.
_VALIDATES, _TRAINS = 1, 255


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedData:
    """The training images of one data set, its split, and the statistics to normalise pixels."""

    name: str
    class_names: tuple[str, ...]
    images: Images  # all training images, validation included; a subset leaves some unused
    split: Split  # indices into `images`
    mean: tuple[float, ...]  # one a channel, over the training part only, on the scale 0 to 255
    std: tuple[float, ...]
    fingerprint: str  # of all training images, before split and subset
    value_range: ValueRange = EIGHT_BITS  # the stored values that became 0 to 255
    fold_note: str = ""  # the reason why there are fewer folds than wanted; empty: there are not

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of one image."""
        return self.images.shape

    @property
    def n_classes(self) -> int:
        """The number of classes that the labels name."""
        return len(self.class_names)

    @property
    def train(self) -> IndexedImages:
        """The training part."""
        return IndexedImages(source=self.images, indices=self.split.train)

    @property
    def validation(self) -> IndexedImages:
        """The validation part."""
        return IndexedImages(source=self.images, indices=self.split.validation)

    def folds(self, n: int) -> list[Pair]:
        """The first `n` folds: the indices into `images` that train, and those held out.

        The first one is `train` and `validation`.
        """
        return fold_pairs(self.split, n)

    def held_out(self, n: int) -> IndexedImages:
        """The images that the first `n` folds hold out, each once: what a trial is scored on."""
        indices = np.concatenate([held for _, held in self.folds(n)])
        return IndexedImages(source=self.images, indices=indices)

    def train_and_validation(self) -> IndexedImages:
        """Training images, then validation images: what a refit trains on."""
        both = np.concatenate([self.split.train, self.split.validation])
        return IndexedImages(source=self.images, indices=both)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DataReference:
    """Everything that another process needs to open the same data; it can be pickled.

    It takes about a tenth of a byte for each image, so that sending it does not wait for the
    receiver. Arrays that no file holds are part of it, which suits small ones only.
    """

    pixels: Path | NDArray[np.uint8]  # a .npy file, or the array
    labels: Path | NDArray[np.int64]
    roles: bytes  # compressed; one byte for each image: what it is used for
    split_seed: int
    split_fraction: float
    name: str
    class_names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fingerprint: str
    value_range: ValueRange


def prepare(
    name: str,
    split_seed: int = 0,
    options: ImageOptions = AS_THEY_ARE,
    subset: int | None = None,
    folds: int | None = 1,
) -> PreparedData:
    """Open, split and measure the training images of data set `name`.

    `folds` is the number of folds; 1: one hold-out; None: as many as suit the number of images.
    Raises: UnknownDatasetError; SettingsError for a wrong seed, option, subset or number of folds;
    DatasetError if the data cannot be downloaded, read or split; RecordError if the cache cannot be
    written.
    """
    info, images = load_described(name, options)
    data = prepare_images(name, info.class_names, images, split_seed, subset, folds)
    return replace(data, value_range=info.value_range)


def prepare_images(
    name: str,
    class_names: tuple[str, ...],
    images: TrainingImages,
    split_seed: int = 0,
    subset: int | None = None,
    folds: int | None = 1,
) -> PreparedData:
    """Split and measure training images; `subset` is the number of images to train on, None: all.

    `folds` as in `prepare`; a subset has one hold-out.
    Raises: SettingsError for a wrong seed, subset or number of folds; DatasetError if the images
    cannot be split.
    """
    if subset is not None:
        folds = _one_fold(folds, subset)
    split, fold_note = find_folds(images, class_names, split_seed, folds)
    if subset is not None:
        split = _take_subset(images, split, subset)
    mean, std = channel_statistics(part_counts(images, split.train))
    return PreparedData(
        name=name,
        class_names=class_names,
        images=images,
        split=split,
        mean=mean,
        std=std,
        fingerprint=images.fingerprint or fingerprint(images),
        fold_note=fold_note,
    )


def _one_fold(folds: int | None, subset: int) -> int:
    if folds is not None and folds > 1:
        raise SettingsError(
            f"--folds {folds} with --subset {subset}: a subset is scored by one hold-out; leave "
            "one of them out"
        )
    return 1


def _take_subset(images: TrainingImages, split: Split, n: int) -> Split:
    """`split` with about `n` of its training images, of all classes alike and always the same.

    Raises: SettingsError if there are no more than `n`.
    """
    n_train = len(split.train)
    if n >= n_train:
        raise SettingsError(f"--subset must be below {n_train} (all training images), got {n}")
    part = split_part(images, split.train, split.seed, n / n_train)
    return replace(split, train=part.validation)


def refer_to(data: PreparedData) -> DataReference:
    """The reference by which another process of this machine opens `data`."""
    arrays: tuple[Any, Any] = (data.images.images, data.images.labels)
    files = data.images.files if isinstance(data.images, TrainingImages) else None
    pixels, labels = arrays if files is None else files
    return DataReference(
        pixels=pixels,
        labels=labels,
        roles=_pack_roles(data.split, data.images.n),
        split_seed=data.split.seed,
        split_fraction=data.split.fraction,
        name=data.name,
        class_names=data.class_names,
        mean=data.mean,
        std=data.std,
        fingerprint=data.fingerprint,
        value_range=data.value_range,
    )


def open_reference(reference: DataReference) -> PreparedData:
    """The data that `reference` names, their images mapped into memory read-only.

    Raises: RecordError if the cached images are gone or damaged.
    """
    try:
        pixels, labels = _open_array(reference.pixels), np.array(_open_array(reference.labels))
        images = Images(images=pixels, labels=labels)
    except (OSError, EOFError, ValueError) as error:
        raise RecordError(
            f"{reference.pixels}: cannot read the cached images ({error}); the cache was changed "
            "while they were in use: run the same command again"
        ) from error
    return PreparedData(
        name=reference.name,
        class_names=reference.class_names,
        images=images,
        split=_unpack_roles(reference),
        mean=reference.mean,
        std=reference.std,
        fingerprint=reference.fingerprint,
        value_range=reference.value_range,
    )


def _open_array(source: Path | NDArray[Any]) -> NDArray[Any]:
    return map_array(source) if isinstance(source, Path) else source


def _pack_roles(split: Split, n: int) -> bytes:
    roles = np.zeros(n, np.uint8)
    roles[split.train], roles[split.validation] = _TRAINS, _VALIDATES
    for number, part in enumerate(split.parts, start=2):
        roles[part] = number
    return zlib.compress(roles.tobytes())


def _unpack_roles(reference: DataReference) -> Split:
    roles = np.frombuffer(zlib.decompress(reference.roles), np.uint8)
    n_folds = int(roles[roles < _TRAINS].max(initial=_VALIDATES))
    return Split(
        train=np.flatnonzero(roles > _VALIDATES).astype(np.int64),
        validation=np.flatnonzero(roles == _VALIDATES).astype(np.int64),
        seed=reference.split_seed,
        fraction=reference.split_fraction,
        parts=tuple(
            np.flatnonzero(roles == number).astype(np.int64) for number in range(2, n_folds + 1)
        ),
    )


def keep_used(data: PreparedData) -> PreparedData:
    """`data` with a copy of the images that train or validate, if a subset leaves some unused.

    For devices with a memory of their own, which all of `images` would be copied to.
    """
    used = np.union1d(data.split.train, data.split.validation)
    if len(used) == data.images.n:
        return data
    split = replace(
        data.split,
        train=np.searchsorted(used, data.split.train),
        validation=np.searchsorted(used, data.split.validation),
        parts=tuple(np.searchsorted(used, part) for part in data.split.parts),
    )
    return replace(data, images=data.images.take(used), split=split)
