"""Read a data set's train and test images; only `catalog` and `test_split` may import this file.

Both halves come out of the same files, so one reader returns both and its two callers each drop
the half that is not theirs.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from autocnn.data.dataset import DatasetInfo, Images
from autocnn.data.keras_cache import cache_home, missing_files
from autocnn.errors import DatasetError
from autocnn.keras_startup import load_keras

Splits = tuple[Images, Images]

# Constant for ever: another value would be another test split.
_DIGITS_SEED = 0


def read_splits(info: DatasetInfo) -> Splits:
    """All training images (validation included) and all test images of `info`.

    Raises: DatasetError where they cannot be downloaded or read, or are not what `info` says.
    """
    train, test = _READERS[info.source](info)
    for split, images, n in (("train", train, info.n_train), ("test", test, info.n_test)):
        if (images.n, images.shape) != (n, info.image_shape):
            raise DatasetError(
                f"{info.name}: expected {n} {split} images of {info.image_shape}, "
                f"got {images.n} of {images.shape}"
            )
    return train, test


def _read_digits(info: DatasetInfo) -> Splits:
    """Scikit-learn's digits, 0..16 scaled to 0..255, with a stratified test split."""
    bunch = import_module("sklearn.datasets").load_digits()
    pixels = np.rint(bunch.images * 255 / 16).astype(np.uint8)
    train, test = import_module("sklearn.model_selection").train_test_split(
        np.arange(len(pixels)),
        test_size=info.n_test,
        stratify=bunch.target,
        random_state=_DIGITS_SEED,
    )
    images = _as_images(pixels, bunch.target, info)
    return images.take(np.sort(train)), images.take(np.sort(test))


def _read_keras(info: DatasetInfo) -> Splits:
    """The arrays of `keras.datasets.<name>`; Keras downloads what its cache lacks."""
    absent = missing_files(info.files)
    with contextlib.redirect_stdout(sys.stderr):  # Keras prints its progress to stdout
        load_keras()
        keras_module = import_module(f"keras.datasets.{info.name}")
        try:
            train, test = keras_module.load_data()
        except Exception as error:  # Keras raises a bare Exception where a download fails
            raise DatasetError(_advice(info, absent, error)) from error
    return _as_images(train[0], train[1], info), _as_images(test[0], test[1], info)


def _advice(info: DatasetInfo, absent: list[str], error: Exception) -> str:
    """One line: what went wrong with the files of `info`, and what to do."""
    home = cache_home()
    cause = " ".join(str(error).split()) or type(error).__name__
    if not absent:
        files = ", ".join(str(home / file) for file in info.files)
        return (
            f"{info.name}: cannot read the cached data ({cause}); "
            f"delete {files} and run once with a network"
        )
    return (
        f"{info.name}: cannot download the data ({cause}); run once with a network, "
        f"or copy the files of {info.url} to {', '.join(str(home / file) for file in absent)} "
        "(set KERAS_HOME to a writable folder to keep them elsewhere)"
    )


def _as_images(images: Any, labels: Any, info: DatasetInfo) -> Images:
    """Arrays as Keras and scikit-learn give them, in our layout.

    Shapes: images (n, h, w), (n, h, w, c), or (n, c, h, w) where keras.json says
    "channels_first"; labels (n,) or (n, 1).
    """
    images = np.asarray(images)
    if images.ndim == 3:
        images = images[..., np.newaxis]
    elif images.shape[1:] != info.image_shape:
        images = np.moveaxis(images, 1, -1)
    return Images(
        images=np.ascontiguousarray(images),
        labels=np.asarray(labels).reshape(-1).astype(np.int64),
    )


_READERS: dict[str, Callable[[DatasetInfo], Splits]] = {
    "scikit-learn": _read_digits,
    "keras.datasets": _read_keras,
}
