"""Mean and standard deviation of pixels, by way of how often each value occurs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MIN_STD = 1e-3  # a channel that never varies is divided by this instead of 0
_CHUNK = 4096  # images counted at a time: bounds the memory


def pixel_counts(images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How often each value occurs in each channel of images (n, height, width, channels).

    Shape: (channels, 256).
    """
    counts = np.zeros((images.shape[3], 256), dtype=np.int64)
    for channel in range(images.shape[3]):
        for start in range(0, len(images), _CHUNK):
            pixels = images[start : start + _CHUNK, :, :, channel]
            counts[channel] += np.bincount(pixels.ravel(), minlength=256)
    return counts


def channel_statistics(
    counts: NDArray[np.int64],
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of every channel over all pixels, on the scale 0 to 255.

    From the pixels' counts no float copy of the images is needed, and the result does not depend
    on their order. A standard deviation is at least 1e-3.
    """
    levels = np.arange(256, dtype=np.float64)
    means, stds = [], []
    for of_channel in counts:
        mean = float(of_channel @ levels / of_channel.sum())
        variance = float(of_channel @ (levels - mean) ** 2 / of_channel.sum())
        means.append(mean)
        stds.append(max(variance**0.5, _MIN_STD))
    return tuple(means), tuple(stds)
