"""The images of a recorded pool: a part to train on, one that validates, and one that is held out.

All three are parts of the training images of a data set; no test split is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from portfolio import ALL, N_VALIDATION, Made, Source, cifar, digits, fashion, normalised

from autocnn.data.dataset import TrainingImages
from autocnn.data.prepared import PreparedData
from autocnn.data.split import Split

DATASETS = ("digits", "fashion_mnist", "cifar10")
N_DIGITS = 1797  # images that the set has


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """The images of each part."""

    train: int = 2000
    validation: int = 1000
    held_out: int = 1000  # scored beside the validation part, and never chosen by

    @property
    def total(self) -> int:
        """The images of all parts."""
        return self.train + self.validation + self.held_out


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolImages:
    """The images of a pool; `data.validation` has the validation part, then the held-out part."""

    data: PreparedData
    sizes: Sizes


def fit_sizes(dataset: str, sizes: Sizes) -> Sizes:
    """`sizes`, but of digits what its training part leaves, in two halves at most."""
    if dataset != "digits":
        return sizes
    half = (N_DIGITS - sizes.train) // 2
    if half < 1:
        raise SystemExit(f"--train {sizes.train}: digits has {N_DIGITS} images; give fewer")
    return Sizes(
        train=sizes.train,
        validation=min(sizes.validation, half),
        held_out=min(sizes.held_out, half),
    )


def load_images(dataset: str, sizes: Sizes, cifar_folder: Path | None = None) -> PoolImages:
    """The images of a pool, always the same ones for the same sizes."""
    sizes = fit_sizes(dataset, sizes)
    if dataset == "cifar10" and cifar_folder is None:
        raise SystemExit("cifar10: --cifar must name the folder of its Parquet files")
    data = divide(dataset, _read(dataset, sizes.total, cifar_folder), sizes)
    return PoolImages(data=data, sizes=sizes)


def _read(dataset: str, n: int, cifar_folder: Path | None) -> Made:
    extra = n - N_VALIDATION  # the readers add their own validation images
    readers = {
        "digits": digits(extra, 8),
        "fashion_mnist": fashion(extra, 28),
        "cifar10": cifar(extra, (32, 32), ALL),
    }
    return readers[dataset](Source(cifar_folder))


def divide(name: str, made: Made, sizes: Sizes) -> PreparedData:
    """The data set: its first images train, all others are scored on."""
    pixels, labels = made
    images = TrainingImages(
        images=np.ascontiguousarray(pixels[: sizes.total]),
        labels=labels[: sizes.total].astype(np.int64),
    )
    split = Split(
        train=np.arange(sizes.train),
        validation=np.arange(sizes.train, sizes.total),
        seed=0,
        fraction=0.1,
    )
    return normalised(name, images, split)
