"""Data sets by name or path."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autocnn.data.options import AS_THEY_ARE, ImageOptions, OnRead
from autocnn.errors import RecordError, SettingsError
from autocnn.files import write_atomic
from autocnn.keras_startup import load_keras
from autocnn.space.config import Augmentation

if TYPE_CHECKING:  # imported by the functions that need them: importing this module stays fast
    import numpy as np
    from numpy.typing import NDArray

    from autocnn.data.dataset import DatasetInfo
    from autocnn.report.sample_grid import GridRow
    from autocnn.terminal.dataset_page import DatasetFacts


def read_images(
    dataset: str, options: ImageOptions = AS_THEY_ARE, on_read: OnRead | None = None
) -> DatasetInfo:
    """Decode images of one's own into the cache, unless they are there; `on_read` hears how far.

    Nothing is read of a data set of the catalog.
    Raises: UnknownDatasetError; SettingsError for options that the data set has not; DatasetError
    where images cannot be read; RecordError where the cache cannot be written.
    """
    from autocnn.data.catalog import dataset_info

    return dataset_info(dataset, options, on_read)


def list_datasets() -> list[tuple[DatasetInfo, bool]]:
    """Every data set known by name, and whether it is on this machine."""
    from autocnn.data import catalog

    return [(info, catalog.is_local(info)) for info in catalog.list_datasets()]


SEED = 0  # of the choice of images and of their augmentation: the same picture every time


MAX_PER_CLASS = 50


def dataset_facts(name: str, options: ImageOptions = AS_THEY_ARE) -> DatasetFacts:
    """What is known of a data set, by name or path; its training images are counted if here.

    Raises: UnknownDatasetError; DatasetError where files that are here cannot be read.
    """
    import numpy as np

    from autocnn.data.catalog import dataset_info, is_local, load_train
    from autocnn.data.split import fingerprint
    from autocnn.terminal.dataset_page import DatasetFacts

    info = dataset_info(name, options)
    if not is_local(info):
        return DatasetFacts(info=info)
    images = load_train(name, options)
    counts = np.bincount(images.labels, minlength=info.n_classes).tolist()
    known = images.fingerprint or fingerprint(images)
    return DatasetFacts(info=info, counts=tuple(counts), fingerprint=known)


def write_grid(
    name: str,
    target: Path,
    options: ImageOptions = AS_THEY_ARE,
    *,
    flip: bool = True,
    shift: int = 2,
    per_class: int = 8,
) -> Path:
    """Draw images of every class, as they are and augmented as in training, to a .png file.

    They come from the training part of the split with seed 0, or of the data set's own split, never
    from validation or test; where
    many classes need several columns there are fewer than `per_class`. An older file is replaced.
    Raises: UnknownDatasetError; SettingsError for a wrong option; DatasetError where the data
    cannot be downloaded or read; RecordError if `target` cannot be written.
    """
    from autocnn.data.catalog import dataset_info, load_train
    from autocnn.data.split import find_split
    from autocnn.report.sample_grid import draw_grid, n_columns

    _check_target(target, per_class)
    info = dataset_info(name, options)
    _check_shift(shift, max(info.image_shape[:2]))
    augmentation = Augmentation(flip=flip, shift=shift)
    images = load_train(name, options)
    train = images.take(find_split(images).train)
    n = max(1, per_class // n_columns(info.n_classes, info.image_shape[0]))
    picked = _pick(train.labels, info.n_classes, n)
    rows = _rows(train.images, picked, info.class_names, augmentation)
    title = (f"{info.name}: training images, at most {n} a class", _describe(augmentation))
    write_atomic(target, draw_grid(rows, title))
    return target


def _check_target(target: Path, per_class: int) -> None:
    if target.suffix.lower() != ".png":
        raise SettingsError(f"--grid must name a .png file, got {str(target)!r}")
    if not 1 <= per_class <= MAX_PER_CLASS:
        raise SettingsError(f"--per-class must be from 1 to {MAX_PER_CLASS}, got {per_class}")
    if os.path.isdir(target) or not os.path.isdir(target.parent):
        raise RecordError(f"{target}: its folder does not exist, or it is a folder itself")


def _check_shift(shift: int, side: int) -> None:
    if not 0 <= shift < side:
        raise SettingsError(f"--shift must be from 0 to {side - 1}, the images' side, got {shift}")


def _pick(labels: NDArray[np.int64], n_classes: int, n: int) -> list[NDArray[np.int64]]:
    """For every class, the indices of up to `n` of its images, drawn at random."""
    import numpy as np

    picked = []
    for label in range(n_classes):
        order = np.random.default_rng([SEED, label]).permutation(np.flatnonzero(labels == label))
        picked.append(order[:n])
    return picked


def _rows(
    images: NDArray[np.uint8],
    picked: list[NDArray[np.int64]],
    class_names: tuple[str, ...],
    augmentation: Augmentation,
) -> list[GridRow]:
    import numpy as np

    from autocnn.report.sample_grid import GridRow

    originals = images[np.concatenate(picked)]
    augmented = _augment(originals, augmentation)
    cuts = np.cumsum([len(indices) for indices in picked])[:-1]
    halves = (np.split(originals, cuts), np.split(augmented, cuts))
    return [
        GridRow(name=name, originals=left, augmented=right)
        for name, left, right in zip(class_names, *halves, strict=True)
    ]


def _augment(images: Any, augmentation: Augmentation) -> NDArray[np.uint8]:
    """`images` with draws as a training has them."""
    import numpy as np

    load_keras()
    from keras import ops

    from autocnn.nn.augmentation import apply, draw, is_active

    if not is_active(augmentation):
        return np.asarray(images)
    draws = draw(augmentation, len(images), np.random.default_rng(SEED))
    return np.asarray(ops.convert_to_numpy(apply(images, draws)))


def _describe(augmentation: Augmentation) -> str:
    changes = ["flipped or not"] if augmentation.flip else []
    if augmentation.shift:
        pixels = "pixel" if augmentation.shift == 1 else "pixels"
        changes.append(f"shifted by at most {augmentation.shift} {pixels}")
    return f"augmented: {', '.join(changes) or 'not at all'}"
