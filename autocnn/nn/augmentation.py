"""Random changes of training images: drawn with NumPy from a seed, applied on the device.

The draws are plain arrays, so every backend and every loop sees the same images.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from keras import ops

from autocnn.space.config import Augmentation

N_DRAWS = 3  # per image: rows to shift, columns to shift, flip or not


def is_active(augmentation: Augmentation) -> bool:
    """True where `augmentation` changes anything."""
    return augmentation.flip or augmentation.shift > 0


def draw(augmentation: Augmentation, n: int, rng: np.random.Generator) -> npt.NDArray[np.int32]:
    """What happens to each of `n` images; shape (n, N_DRAWS)."""
    limit = augmentation.shift
    shifts = rng.integers(-limit, limit + 1, size=(n, 2))
    flips = rng.integers(0, 2, size=(n, 1)) * int(augmentation.flip)
    return np.concatenate([shifts, flips], axis=1).astype(np.int32)


def apply(images: Any, draws: Any) -> Any:
    """The images after their draws; what moves in from outside is zero.

    Shapes: images (n, height, width, channels); draws (n, N_DRAWS); result as images.
    """
    n, (height, width, channels) = ops.shape(images)[0], images.shape[1:]
    rows = ops.arange(height, dtype="int32")[None, :] + draws[:, 0:1]
    columns = ops.arange(width, dtype="int32")[None, :]
    columns = ops.where(draws[:, 2:3] > 0, width - 1 - columns, columns) + draws[:, 1:2]
    inside_y = ops.logical_and(rows >= 0, rows < height)
    inside_x = ops.logical_and(columns >= 0, columns < width)
    inside = ops.logical_and(inside_y[:, :, None], inside_x[:, None, :])
    rows, columns = ops.clip(rows, 0, height - 1), ops.clip(columns, 0, width - 1)
    first = ops.arange(n, dtype="int32")[:, None, None] * (height * width)
    index = first + rows[:, :, None] * width + columns[:, None, :]
    moved = ops.take(ops.reshape(images, (-1, channels)), index, axis=0)
    return ops.where(inside[..., None], moved, ops.zeros_like(moved))
