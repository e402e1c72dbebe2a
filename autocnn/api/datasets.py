"""Data sets by name or path: their list, their facts, and a picture of their images."""

from __future__ import annotations

from pathlib import Path

from autocnn.api.sample_images import draw_samples
from autocnn.data import catalog
from autocnn.data.catalog import dataset_info, is_local, load_described, load_train
from autocnn.data.class_counts import count_parts
from autocnn.data.dataset import DatasetInfo, IndexedImages
from autocnn.data.folds import describe_folds, find_folds
from autocnn.data.options import AS_THEY_ARE, ImageOptions, OnRead
from autocnn.data.split import fingerprint
from autocnn.errors import SettingsError
from autocnn.files import check_place, write_atomic
from autocnn.space.config import Augmentation
from autocnn.terminal.dataset_page import DatasetFacts

MAX_PER_CLASS = 50


def read_images(
    dataset: str, options: ImageOptions = AS_THEY_ARE, on_read: OnRead | None = None
) -> DatasetInfo:
    """Decode own images into the cache, unless they are in it; `on_read` receives the progress.

    Nothing is read of a data set of the catalog.
    Raises: UnknownDatasetError; SettingsError for options that the data set does not have;
    DatasetError if images cannot be read; RecordError if the cache cannot be written.
    """
    return dataset_info(dataset, options, on_read)


def list_datasets() -> list[tuple[DatasetInfo, bool]]:
    """Every data set known by name, and whether it is on this machine."""
    return [(info, catalog.is_local(info)) for info in catalog.list_datasets()]


def dataset_facts(name: str, options: ImageOptions = AS_THEY_ARE) -> DatasetFacts:
    """The facts of a data set, by name or path; images on this machine are counted by class.

    Of data without validation images of their own, those of the split with seed 0 are counted.

    Raises: UnknownDatasetError; DatasetError if files on this machine cannot be read.
    """
    info = dataset_info(name, options)
    if not is_local(info):
        return DatasetFacts(info=info)
    info, images = load_described(name, options)
    split, reason = find_folds(images, info.class_names)
    return DatasetFacts(
        info=info,
        counts=count_parts(info, images.labels, split),
        fingerprint=images.fingerprint or fingerprint(images),
        fold_notes=tuple(describe_folds(split, split.n_folds, reason, is_asked=False)),
    )


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

    The images come from the training part of the split with seed 0, or of the data set's own split,
    never from validation or test. Many classes need several columns, and then there are fewer than
    `per_class` images of each. An older file is replaced.
    Raises: UnknownDatasetError; SettingsError for a wrong option; DatasetError if the data cannot
    be downloaded or read; RecordError if `target` cannot be written.
    """
    _check_target(target, per_class)
    info = dataset_info(name, options)
    _check_shift(shift, max(info.image_shape[:2]))
    augmentation = Augmentation(flip=flip, shift=shift)
    images = load_train(name, options)
    train = IndexedImages(source=images, indices=find_folds(images, info.class_names)[0].train)
    write_atomic(target, draw_samples(info.name, train, info.class_names, augmentation, per_class))
    return target


def _check_target(target: Path, per_class: int) -> None:
    if target.suffix.lower() != ".png":
        raise SettingsError(f"--grid must name a .png file, got {str(target)!r}")
    if not 1 <= per_class <= MAX_PER_CLASS:
        raise SettingsError(f"--per-class must be from 1 to {MAX_PER_CLASS}, got {per_class}")
    check_place(target)


def _check_shift(shift: int, side: int) -> None:
    if not 0 <= shift < side:
        raise SettingsError(f"--shift must be from 0 to {side - 1}, the images' side, got {shift}")
