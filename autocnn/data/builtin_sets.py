"""The data sets of the catalog, in the cache; only `catalog` and `test_split` may import this file.

Training and test images come out of the same files, so one reader returns both, and each of its
two callers drops the half that it must not have.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from autocnn.data.cache import Stored, find_entry, load_entry
from autocnn.data.dataset import DatasetInfo, Images
from autocnn.data.importing import Facts, import_arrays
from autocnn.data.keras_cache import cache_home, missing_files
from autocnn.data.reader import FileStat
from autocnn.errors import DatasetError
from autocnn.keras_startup import load_keras

Splits = tuple[Images, Images]

# Constant for ever: another value would be another test split.
_DIGITS_SEED = 0
_VERSION = 1  # of the functions that read the sets; another one makes older folders void


def load_builtin(info: DatasetInfo) -> Stored:
    """Training and test images of `info`, mapped from the cache; they are written there once.

    Raises: DatasetError if they cannot be downloaded or read, or are not as `info` describes them.
    RecordError if the cache cannot be written.
    """
    # Files that are absent are downloaded first: their sizes and times name the cache's folder.
    splits = read_splits(info) if missing_files(info.files) else None
    entry = find_entry(_place(info), [_stat(file) for file in info.files])
    return load_entry(entry, partial(_store, info, splits))


def _place(info: DatasetInfo) -> list[str | int]:
    """What is read: the files of Keras, or the data that come with a version of scikit-learn."""
    where = str(cache_home()) if info.files else version("scikit-learn")
    return [info.source, info.name, where, _VERSION]


def _stat(file: str) -> FileStat:
    """Size and time of a file in the folder of Keras; zeros if Keras keeps it elsewhere."""
    try:
        stat = (cache_home() / file).stat()
    except OSError:
        return FileStat(file, 0, 0)
    return FileStat(file, stat.st_size, stat.st_mtime_ns)


def _store(info: DatasetInfo, splits: Splits | None, folder: Path) -> Facts:
    train, test = splits or read_splits(info)
    return import_arrays(train, test, info.class_names, folder)


def read_splits(info: DatasetInfo) -> Splits:
    """All training images (validation included) and all test images of `info`, read into memory.

    Raises: DatasetError if they cannot be downloaded or read, or are not as `info` describes them.
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
        except Exception as error:  # Keras raises a bare Exception if a download fails
            raise DatasetError(_advice(info, absent, error)) from error
    return _as_images(train[0], train[1], info), _as_images(test[0], test[1], info)


def _advice(info: DatasetInfo, absent: list[str], error: Exception) -> str:
    """One line: the error with the files of `info`, and what to do."""
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
    """Arrays of Keras or scikit-learn as `Images`.

    Shapes: images (n, h, w), (n, h, w, c), or (n, c, h, w) if "channels_first" is set in
    keras.json; labels (n,) or (n, 1).
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
