"""`Images`, the arrays of every room; index sets over them; `DatasetInfo`, their description."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from autocnn.data.value_range import EIGHT_BITS, ValueRange
from autocnn.errors import DatasetError

Source = Literal["scikit-learn", "keras.datasets", "folder", "npz", "npy", "idx", "parquet"]

BLOCK_PIXELS = 1 << 20  # of images that are copied at a time; one image at least


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetInfo:
    """The description of a data set: of the catalog, or of the user's own images."""

    name: str
    description: str
    image_shape: tuple[int, int, int]  # height, width, channels
    class_names: tuple[str, ...]  # in the order of the labels
    n_train: int  # images, validation included
    n_test: int
    source: Source
    files: tuple[str, ...] = ()  # that Keras downloads, below KERAS_HOME; empty: none
    url: str = ""  # from which `files` are downloaded
    n_validation: int | None = None  # of `n_train`; None: no validation part of its own
    value_range: ValueRange = EIGHT_BITS  # the stored values that became 0 to 255
    has_test: bool = True  # it has a test part of its own; False: its test images are some of all
    test_counts: tuple[int, ...] | None = None  # test images by class; None: not read yet
    n_test_different: int | None = None  # test images, copies counted once; None: not read yet
    near_copies: str = ""  # what was compared across the parts, and found; empty: nothing was
    notes: tuple[str, ...] = ()  # lines for the user: images left out or resized, odd findings

    @property
    def n_classes(self) -> int:
        """The number of classes that the labels name."""
        return len(self.class_names)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Images:
    """Images with one class each.

    Shapes: images (n, height, width, channels), uint8, 0 to 255; labels (n,), int64, from 0.
    Raises: DatasetError if an array has another type or shape, or if a label is below 0.
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
        """The number of images."""
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
    """All training images of a data set, validation included, with facts that are known of them.

    A fact that is None is unknown, and is computed by the function that needs it.
    """

    validates: NDArray[np.bool_] | None = None  # (n,): True for the data set's own validation part
    hashes: NDArray[np.bytes_] | None = None  # (n,): of each image, as `split.image_hashes`
    pixel_counts: NDArray[np.int64] | None = None  # (channels, 256): how often each value occurs
    fingerprint: str | None = None  # as `split.fingerprint`
    files: tuple[Path, Path] | None = None  # .npy files of exactly these images and labels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IndexedImages:
    """Some images of a larger array, by their indices into it; no pixel is copied.

    Position i stands for image `indices[i]` of `source`.
    Shape: indices (n,).
    """

    source: Images
    indices: NDArray[np.int64]

    @property
    def n(self) -> int:
        """The number of images."""
        return len(self.indices)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of one image."""
        return self.source.shape

    @property
    def labels(self) -> NDArray[np.int64]:
        """The class of each image, (n,)."""
        return self.source.labels[self.indices]

    def pixels(self, positions: NDArray[np.int64]) -> NDArray[np.uint8]:
        """A copy of the pixels at `positions`, (len(positions), height, width, channels)."""
        return self.source.images[self.indices[positions]]

    def copy(self) -> Images:
        """A copy of all images; for data that are known to be small."""
        return self.source.take(self.indices)

    def blocks(self) -> Iterator[NDArray[np.uint8]]:
        """The pixels of all images in order, copied some images at a time."""
        height, width, _ = self.shape
        step = max(1, BLOCK_PIXELS // (height * width))
        for start in range(0, self.n, step):
            yield self.source.images[self.indices[start : start + step]]
