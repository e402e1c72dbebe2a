"""Mean and standard deviation of pixels, from the number of times that each value occurs.

Pixels are read some images at a time, so that no large array is ever copied.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from autocnn.data.dataset import BLOCK_PIXELS, IndexedImages, TrainingImages

_MIN_STD = 1e-3  # a channel of constant value is divided by this instead of 0


def pixel_counts(images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How often each value occurs in each channel of images (n, height, width, channels).

    Shape: (channels, 256).
    """
    _, height, width, channels = images.shape
    step = max(1, BLOCK_PIXELS // (height * width))
    return _count((images[at : at + step] for at in range(0, len(images), step)), channels)


def part_counts(images: TrainingImages, indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """`pixel_counts` of the images at `indices`, which are all different.

    If the counts of all images are known, at most half of the images are read.
    """
    channels = images.shape[2]
    if images.pixel_counts is None or 2 * len(indices) <= images.n:
        return _count(IndexedImages(source=images, indices=indices).blocks(), channels)
    rest = np.setdiff1d(np.arange(images.n), indices, assume_unique=True)
    others = _count(IndexedImages(source=images, indices=rest).blocks(), channels)
    return images.pixel_counts - others


def channel_statistics(
    counts: NDArray[np.int64],
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of every channel over all pixels, on the scale 0 to 255.

    Because pixels are counted, the result does not depend on their order, and no float copy of the
    images is needed. A standard deviation is at least 1e-3.
    Shape: counts (channels, 256).
    """
    levels = np.arange(256, dtype=np.float64)
    means, stds = [], []
    for of_channel in counts:
        mean = float(of_channel @ levels / of_channel.sum())
        variance = float(of_channel @ (levels - mean) ** 2 / of_channel.sum())
        means.append(mean)
        stds.append(max(variance**0.5, _MIN_STD))
    return tuple(means), tuple(stds)


def _count(blocks: Iterable[NDArray[np.uint8]], channels: int) -> NDArray[np.int64]:
    counts = np.zeros((channels, 256), dtype=np.int64)
    for block in blocks:
        for channel in range(channels):  # bincount widens its input to 8 bytes a pixel
            counts[channel] += np.bincount(block[..., channel].ravel(), minlength=256)
    return counts
