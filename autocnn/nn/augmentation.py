"""Random changes of training images: drawn with NumPy from a seed, applied on the device.

The draws are plain arrays, so every backend and every loop trains on the same images. The draws of
an image are, in this order: rows to shift, columns to shift, flip or not (always); four numbers of
a matrix, two of a cutout's place, and one share of mixup (each only if the augmentation has it).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from keras import ops

from autocnn.space.config import Augmentation
from autocnn.space.seeds import derive_seed

NOTHING = Augmentation()
N_MOVES = 3  # shift of rows, shift of columns, flip


@dataclass(frozen=True, slots=True)
class Targets:
    """The classes of the images of a batch: one each or, after mixup, two."""

    labels: Any  # (n,)
    others: Any = None  # (n,), the second class
    shares: Any = None  # (n,), of the first class

    def weigh(self, measure: Callable[[Any], Any]) -> Any:
        """`measure` of the labels, (n,); of mixed images, the mean of both labels by share."""
        if self.shares is None:
            return measure(self.labels)
        return self.shares * measure(self.labels) + (1.0 - self.shares) * measure(self.others)


def is_active(augmentation: Augmentation) -> bool:
    """True if `augmentation` changes any image."""
    moves = augmentation.flip or augmentation.alternating_flip or augmentation.shift > 0
    return moves or n_draws(augmentation) > N_MOVES


def _turns(augmentation: Augmentation) -> bool:
    return max(augmentation.rotation, augmentation.zoom, augmentation.shear) > 0


def _columns(augmentation: Augmentation) -> dict[str, slice]:
    """The columns of each kind of draw."""
    widths = {
        "moves": N_MOVES,
        "matrix": 4 if _turns(augmentation) else 0,
        "cutout": 2 if augmentation.cutout > 0 else 0,
        "mixup": 1 if augmentation.mixup > 0 else 0,
    }
    ends = np.cumsum(list(widths.values())).tolist()
    return {
        name: slice(end - width, end)
        for (name, width), end in zip(widths.items(), ends, strict=True)
    }


def n_draws(augmentation: Augmentation) -> int:
    """The number of draws for one image."""
    return int(_columns(augmentation)["mixup"].stop)


def draws_type(augmentation: Augmentation) -> str:
    """The type of the draws: whole numbers if only shifts and flips are drawn."""
    return "int32" if n_draws(augmentation) == N_MOVES else "float32"


def draw_epoch(
    augmentation: Augmentation, indices: npt.NDArray[np.int32], seed: int, epoch: int, n_images: int
) -> npt.NDArray[Any]:
    """The draws for one epoch (1 is the first) of the training with `seed`.

    Shapes: indices (steps, batch), positions in the part of `n_images` that is trained on; result
    (steps, batch, n_draws).
    """
    sides = None
    if augmentation.alternating_flip:
        first = np.random.default_rng(derive_seed(seed, "alternating_flip")).integers(
            0, 2, n_images
        )
        sides = (first[indices.ravel()] + epoch - 1) % 2
    rng = np.random.default_rng(derive_seed(seed, epoch, "augment"))
    return draw(augmentation, indices.size, rng, sides).reshape(*indices.shape, -1)


def draw(
    augmentation: Augmentation,
    n: int,
    rng: np.random.Generator,
    sides: npt.NDArray[np.int64] | None = None,
) -> npt.NDArray[Any]:
    """The draws for `n` images; shape (n, n_draws).

    `sides` has 1 for each image that is flipped, if flips alternate; None: they are drawn, as in a
    first epoch. Shifts and flips are drawn first, so they do not depend on the other draws.
    """
    limit = augmentation.shift
    shifts = rng.integers(-limit, limit + 1, size=(n, 2))
    flips = rng.integers(0, 2, size=(n, 1))
    if augmentation.alternating_flip:
        flips = flips if sides is None else sides[:, None]
    else:
        flips = flips * int(augmentation.flip)
    draws: list[npt.NDArray[Any]] = [shifts, flips]
    if _turns(augmentation):
        draws.append(_draw_matrices(augmentation, n, rng))
    if augmentation.cutout > 0:
        draws.append(rng.random((n, 2)))
    if augmentation.mixup > 0:
        draws.append(rng.beta(augmentation.mixup, augmentation.mixup, (n, 1)))
    return np.concatenate(draws, axis=1).astype(draws_type(augmentation))


def _draw_matrices(
    augmentation: Augmentation, n: int, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """The matrix from the place of a pixel to its source, both from the centre: yy, yx, xy, xx."""
    limits = [
        math.radians(augmentation.rotation),
        augmentation.zoom,
        math.radians(augmentation.shear),
    ]
    angle, zoom, slant = rng.uniform(-1, 1, (3, n)) * np.array(limits)[:, None]
    cos, sin = np.cos(angle) / (1 + zoom), np.sin(angle) / (1 + zoom)
    # An image is rotated (counter-clockwise), then sheared: row y moves right by y tan(slant).
    slope = np.tan(slant)
    return np.stack([cos - sin * slope, sin, -sin - cos * slope, cos], axis=1)


def augment(
    augmentation: Augmentation, images: Any, labels: Any, draws: Any
) -> tuple[Any, Targets]:
    """A batch after all its draws, and its targets.

    Mixup mixes each image with the one before it in the batch; batches are shuffled every epoch.
    """
    if not is_active(augmentation):
        return images, Targets(labels)
    images = apply(images, draws, augmentation)
    if augmentation.mixup == 0:
        return images, Targets(labels)
    shares = draws[:, _columns(augmentation)["mixup"]][:, 0]
    images, weights = ops.cast(images, "float32"), shares[:, None, None, None]
    images = weights * images + (1.0 - weights) * ops.roll(images, 1, axis=0)
    return images, Targets(labels, ops.roll(labels, 1, axis=0), shares)


def apply(images: Any, draws: Any, augmentation: Augmentation = NOTHING) -> Any:
    """The images after all their draws except that of mixup.

    Shapes: images (n, height, width, channels); draws (n, n_draws); the result has the shape of
    the images, and their type unless pixels are averaged.
    """
    columns, padding = _columns(augmentation), augmentation.shift_padding
    if _turns(augmentation):
        images = _turn(images, draws[:, columns["matrix"]], padding)
    images = _move(images, ops.cast(draws[:, columns["moves"]], "int32"), padding)
    if augmentation.cutout > 0:
        images = _cut_out(images, draws[:, columns["cutout"]], augmentation.cutout)
    return images


def _move(images: Any, draws: Any, padding: str) -> Any:
    """The images, each shifted and flipped by its draws."""
    _, height, width, _ = images.shape
    rows = ops.arange(height, dtype="int32")[None, :] + draws[:, 0:1]
    columns = ops.arange(width, dtype="int32")[None, :]
    columns = ops.where(draws[:, 2:3] > 0, width - 1 - columns, columns) + draws[:, 1:2]
    return _pixels_at(images, rows[:, :, None], columns[:, None, :], padding)


def _turn(images: Any, draws: Any, padding: str) -> Any:
    """The images rotated, zoomed and sheared about their centres, by bilinear interpolation."""
    _, height, width, _ = images.shape
    matrix = draws[:, :, None, None]
    y = ops.arange(height, dtype="float32")[None, :, None] - (height - 1) / 2
    x = ops.arange(width, dtype="float32")[None, None, :] - (width - 1) / 2
    rows = matrix[:, 0] * y + matrix[:, 1] * x + (height - 1) / 2
    columns = matrix[:, 2] * y + matrix[:, 3] * x + (width - 1) / 2
    top, left = ops.floor(rows), ops.floor(columns)
    below, right = (rows - top)[..., None], (columns - left)[..., None]
    top, left = ops.cast(top, "int32"), ops.cast(left, "int32")

    def corner(down: int, across: int) -> Any:
        pixels = _pixels_at(images, top + down, left + across, padding)
        return ops.cast(pixels, "float32")

    upper = (1.0 - right) * corner(0, 0) + right * corner(0, 1)
    lower = (1.0 - right) * corner(1, 0) + right * corner(1, 1)
    return (1.0 - below) * upper + below * lower


def _cut_out(images: Any, draws: Any, side: int) -> Any:
    """The images, each with a square inside it in the mean colour of the batch."""
    _, height, width, _ = images.shape
    images = ops.cast(images, "float32")

    def inside(length: int, share: Any) -> Any:
        covered = min(side, length)
        first = ops.floor(share * (length - covered + 1))
        at = ops.arange(length, dtype="float32")[None, :] - first
        return ops.logical_and(at >= 0, at < covered)

    rows, columns = inside(height, draws[:, 0:1]), inside(width, draws[:, 1:2])
    covered = ops.logical_and(rows[:, :, None], columns[:, None, :])
    mean = ops.mean(images, axis=(0, 1, 2), keepdims=True)
    return ops.where(covered[..., None], mean, images)


def _pixels_at(images: Any, rows: Any, columns: Any, padding: str) -> Any:
    """The pixels of every image at these places; `padding` gives those outside of the image.

    Shapes: rows and columns, integers, that broadcast to (n, height, width).
    """
    n, (height, width, channels) = ops.shape(images)[0], images.shape[1:]
    inside = None
    if padding == "zero":
        inside_y = ops.logical_and(rows >= 0, rows < height)
        inside_x = ops.logical_and(columns >= 0, columns < width)
        inside = ops.logical_and(inside_y, inside_x)
    if padding == "reflect":
        rows, columns = _reflect(rows, height), _reflect(columns, width)
    rows, columns = ops.clip(rows, 0, height - 1), ops.clip(columns, 0, width - 1)
    first = ops.arange(n, dtype="int32")[:, None, None] * (height * width)
    index = first + rows * width + columns
    pixels = ops.take(ops.reshape(images, (-1, channels)), index, axis=0)
    if inside is None:
        return pixels
    return ops.where(inside[..., None], pixels, ops.zeros_like(pixels))


def _reflect(at: Any, length: int) -> Any:
    """Places outside of 0 to `length` - 1, mirrored at the edge, which is not repeated."""
    period = max(1, 2 * (length - 1))
    at = ops.mod(at, period)
    return ops.minimum(at, period - at)
