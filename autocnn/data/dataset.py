"""`Images`, the arrays of every room, and `DatasetInfo`, what is known of a data set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from autocnn.errors import DatasetError

Source = Literal["scikit-learn", "keras.datasets", "folder", "npz", "parquet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetInfo:
    """A data set, described: of the catalog without reading it, or of one's own images."""

    name: str
    description: str
    image_shape: tuple[int, int, int]  # height, width, channels
    class_names: tuple[str, ...]  # in the order of the labels
    n_train: int  # images, validation included
    n_test: int
    source: Source
    files: tuple[str, ...] = ()  # what Keras caches, below KERAS_HOME; empty: nothing to download
    url: str = ""  # where those files come from
    n_validation: int | None = None  # of `n_train`, where the data set says which validate
    notes: tuple[str, ...] = ()  # lines for the person: what was left out, resized, or looks odd

    @property
    def n_classes(self) -> int:
        """How many classes the labels name."""
        return len(self.class_names)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Images:
    """Images with one class each.

    Shapes: images (n, height, width, channels), uint8, 0 to 255; labels (n,), int64, from 0.
    Raises: DatasetError where the arrays are anything else.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Check types, shapes and labels."""
        if self.images.dtype != np.uint8 or self.images.ndim != 4:
            raise DatasetError(
                "images: expected uint8 (n, height, width, channels), "
                f"got {self.images.dtype} {self.images.shape}"
            )
        if self.labels.dtype != np.int64 or self.labels.shape != self.images.shape[:1]:
            raise DatasetError(
                f"labels: expected int64 ({len(self.images)},), "
                f"got {self.labels.dtype} {self.labels.shape}"
            )
        if self.n and (lowest := int(self.labels.min())) < 0:
            raise DatasetError(f"labels: expected classes from 0, got {lowest}")

    @property
    def n(self) -> int:
        """How many images there are."""
        return len(self.images)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of one image."""
        height, width, channels = self.images.shape[1:]
        return height, width, channels

    def take(self, indices: NDArray[np.int64]) -> Images:
        """A copy of the images at `indices`, in that order."""
        return Images(images=self.images[indices], labels=self.labels[indices])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingImages(Images):
    """All training images of a data set, validation included, with what is known of them already.

    What is None is not known: whoever needs it computes it.
    """

    validates: NDArray[np.bool_] | None = None  # (n,): those that the data set validates on
    hashes: NDArray[np.bytes_] | None = None  # (n,): of each image, as `split.image_hashes`
    pixel_counts: NDArray[np.int64] | None = None  # (channels, 256): how often each value occurs
    fingerprint: str | None = None  # as `split.fingerprint`
