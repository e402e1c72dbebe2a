"""`PreparedData`: what a study trains on, and the folder in which worker processes share it.

The folder holds one .npy file an array and `meta.json`, which is written last: present means whole.
Workers map the arrays into memory read-only, so that all of them use one copy.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autocnn.data.catalog import load_described
from autocnn.data.dataset import Images, TrainingImages
from autocnn.data.options import AS_THEY_ARE, ImageOptions
from autocnn.data.split import Split, find_split, fingerprint
from autocnn.data.statistics import channel_statistics, pixel_counts
from autocnn.errors import RecordError
from autocnn.files import write_atomic

_META = "meta.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedData:
    """Training and validation images of one data set, with the statistics to normalise them."""

    name: str
    class_names: tuple[str, ...]
    train: Images
    validation: Images
    mean: tuple[float, ...]  # one a channel, over `train` only, on the scale 0 to 255
    std: tuple[float, ...]
    fingerprint: str  # of all training images, before the split
    split: Split

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of one image."""
        return self.train.shape

    @property
    def n_classes(self) -> int:
        """How many classes the labels name."""
        return len(self.class_names)

    def train_and_validation(self) -> Images:
        """Training images, then validation images: what the refit trains on."""
        parts = (self.train, self.validation)
        return Images(
            images=np.concatenate([part.images for part in parts]),
            labels=np.concatenate([part.labels for part in parts]),
        )


def prepare(name: str, split_seed: int = 0, options: ImageOptions = AS_THEY_ARE) -> PreparedData:
    """Read, split and measure the training images of data set `name`.

    Raises: UnknownDatasetError; SettingsError for a wrong seed or option; DatasetError where the
    data cannot be downloaded, read or split.
    """
    info, images = load_described(name, options)
    return prepare_images(name, info.class_names, images, split_seed)


def prepare_images(
    name: str, class_names: tuple[str, ...], images: TrainingImages, split_seed: int = 0
) -> PreparedData:
    """Split and measure training images that are already read."""
    split = find_split(images, split_seed)
    train, validation = images.take(split.train), images.take(split.validation)
    if images.pixel_counts is None:
        counts = pixel_counts(train.images)
    else:
        counts = images.pixel_counts - pixel_counts(validation.images)
    mean, std = channel_statistics(counts)
    return PreparedData(
        name=name,
        class_names=class_names,
        train=train,
        validation=validation,
        mean=mean,
        std=std,
        fingerprint=images.fingerprint or fingerprint(images),
        split=split,
    )


def save_prepared(data: PreparedData, folder: Path) -> None:
    """Write `data` into `folder`, which is created where it is absent.

    Raises: RecordError where a file cannot be written.
    """
    meta = {
        "format": _FORMAT,
        "name": data.name,
        "class_names": data.class_names,
        "mean": data.mean,
        "std": data.std,
        "fingerprint": data.fingerprint,
        "split_seed": data.split.seed,
        "split_fraction": data.split.fraction,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _META).unlink(missing_ok=True)
        for stem, array in _arrays(data).items():
            write = partial(np.save, arr=array, allow_pickle=False)
            write_atomic(folder / f"{stem}.npy", write)
        write_atomic(folder / _META, json.dumps(meta, indent=2))
    except OSError as error:
        raise RecordError(f"{folder}: cannot write the prepared data: {error}") from error


def open_prepared(folder: Path) -> PreparedData:
    """The data that `save_prepared` wrote, its arrays mapped into memory read-only.

    Raises: RecordError where `folder` holds no whole prepared data.
    """
    try:
        return _open(folder)
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        cause = f"{type(error).__name__}: {error}"
        raise RecordError(f"{folder}: cannot read the prepared data ({cause})") from error


def _open(folder: Path) -> PreparedData:
    """Read `folder`; errors rise as they come."""
    meta = json.loads((folder / _META).read_text(encoding="utf-8"))
    if meta["format"] != _FORMAT:
        raise ValueError(f"expected format {_FORMAT}, got {meta['format']!r}")
    load = partial(_map_array, folder)
    return PreparedData(
        name=meta["name"],
        class_names=tuple(meta["class_names"]),
        train=Images(images=load("train_images"), labels=load("train_labels")),
        validation=Images(images=load("validation_images"), labels=load("validation_labels")),
        mean=tuple(meta["mean"]),
        std=tuple(meta["std"]),
        fingerprint=meta["fingerprint"],
        split=Split(
            train=load("train_indices"),
            validation=load("validation_indices"),
            seed=meta["split_seed"],
            fraction=meta["split_fraction"],
        ),
    )


def _arrays(data: PreparedData) -> dict[str, NDArray[Any]]:
    """The arrays of `data` by the stem of their file."""
    return {
        "train_images": data.train.images,
        "train_labels": data.train.labels,
        "train_indices": data.split.train,
        "validation_images": data.validation.images,
        "validation_labels": data.validation.labels,
        "validation_indices": data.split.validation,
    }


def _map_array(folder: Path, stem: str) -> NDArray[Any]:
    """The array of one file, mapped into memory read-only."""
    array: NDArray[Any] = np.load(folder / f"{stem}.npy", mmap_mode="r", allow_pickle=False)
    return array
