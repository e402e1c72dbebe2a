"""Images that a caller has: arrays or files, prepared for a network as its training images were."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autocnn.data.decoding import CorruptImageError, decode_file, decode_image, quiet_pillow
from autocnn.errors import DatasetError
from autocnn.models.contract import ModelContract


def prepare_images(images: Any, contract: ModelContract) -> NDArray[np.uint8]:
    """Arrays (n, height, width) or (n, height, width, channels), or one or several paths.

    Values are scaled by the range of the training images: a network that was trained on floats from
    0 to 1 takes such floats, or 8 bits, and refuses others. Images of another size are resized as
    in training.
    Output shape: (n, height, width, channels) of the network, 0 to 255.
    Raises: DatasetError if an image cannot be read, or has values outside of the range.
    """
    if isinstance(images, str | os.PathLike):
        images = [images]
    if _are_paths(images):
        found = [_prepare_file(Path(each), contract) for each in images]
    else:
        found = _prepare_arrays(_as_images(images), contract)
    return np.array(found, np.uint8).reshape(len(found), *contract.image_shape)


def _are_paths(images: Any) -> bool:
    if isinstance(images, np.ndarray) or not isinstance(images, Iterable):
        return False
    return isinstance(images, list | tuple) and all(
        isinstance(each, str | os.PathLike) for each in images
    )


def _prepare_file(path: Path, contract: ModelContract) -> NDArray[np.uint8]:
    return decode_file(path, contract.image_shape, contract.value_range, contract.resize)


def _as_images(images: Any) -> NDArray[Any]:
    """The array, its shape checked."""
    array = np.asarray(images)
    n_channels = array.shape[3] if array.ndim == 4 else 1
    if array.ndim not in (3, 4) or n_channels not in (1, 3, 4) or array.dtype.kind not in "buif":
        raise DatasetError(
            "images: expected paths, or numbers of the shape (n, height, width), or that with 1, 3 "
            f"or 4 channels last, got {array.dtype} {array.shape}"
        )
    return array


def _prepare_arrays(array: NDArray[Any], contract: ModelContract) -> list[NDArray[np.uint8]]:
    found: list[NDArray[np.uint8]] = []
    with quiet_pillow():
        for i, image in enumerate(array):
            try:
                found.append(
                    decode_image(image, contract.image_shape, contract.value_range, contract.resize)
                )
            except CorruptImageError as error:
                raise DatasetError(
                    f"images[{i}]: {error}; the network was trained on values of "
                    f"{contract.value_range}"
                ) from None
    return found
