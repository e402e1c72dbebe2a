"""Whether two images show one picture: a hash that finds likely pairs, and a look at their pixels.

The hash is ImageHash's difference hash of 64 bits. Thresholds were measured: docs/experiments.md,
"Near-copies across splits".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]  # indices of the first and of the second
Move = tuple[int, int]  # rows and columns, from 0 to 2
MIDDLE: Move = (1, 1)

MAX_BITS = 6  # of 64 in which the hashes of one picture differ
MAX_UNEXPLAINED = 0.02  # of a picture's variance by the other one, times a gain, plus an offset
MAX_RESIDUAL = 8.0  # of the same, grey levels, root mean square
GAINS = (0.75, 4 / 3)
_THUMB_SIDE = 16
_THUMB_UNEXPLAINED = 0.05  # above it the thumbnails are not those of one picture
_KEPT = 3  # likely pairs of one image, those with the most similar thumbnails
_BANDS = 6  # of the hash; a bucket has the hashes with the same bits in one band
_MAX_BUCKET = 500  # hashes; a larger bucket is passed over, because its pictures are all alike
_BLOCK = 1 << 14  # pairs of thumbnails that are compared at a time
_BITS = np.random.default_rng(0).permutation(64)  # an order in which each band has bits of all rows


@dataclass(frozen=True, slots=True, eq=False)
class Prints:
    """The hash, (n,), and the grey thumbnail, (n, 256), of each image."""

    hashes: NDArray[np.uint64]
    thumbs: NDArray[np.uint8]


def crop(images: NDArray[np.uint8], move: Move) -> NDArray[np.uint8]:
    """The images without a border of one pixel, moved; (n, height - 2, width - 2, channels)."""
    height, width = images.shape[1:3]
    return images[:, move[0] : move[0] + height - 2, move[1] : move[1] + width - 2]


def take_prints(images: NDArray[np.uint8]) -> Prints:
    """The prints of images (n, height, width, channels)."""
    import imagehash  # only own images need it

    packed = np.empty((len(images), 8), np.uint8)
    thumbs = np.empty((len(images), _THUMB_SIDE * _THUMB_SIDE), np.uint8)
    for index, image in enumerate(images):
        pixels = np.ascontiguousarray(image[..., 0] if image.shape[-1] == 1 else image)
        picture = Image.fromarray(pixels).convert("L")
        packed[index] = np.packbits(imagehash.dhash(picture).hash.reshape(-1)[_BITS])
        small = picture.resize((_THUMB_SIDE, _THUMB_SIDE), Image.Resampling.BOX)
        thumbs[index] = np.asarray(small).reshape(-1)
    return Prints(packed.view(np.uint64)[:, 0], thumbs)


def join_prints(several: Sequence[Prints]) -> Prints:
    """The prints one after the other."""
    return Prints(
        np.concatenate([np.zeros(0, np.uint64), *(each.hashes for each in several)]),
        np.concatenate(
            [np.zeros((0, _THUMB_SIDE**2), np.uint8), *(each.thumbs for each in several)]
        ),
    )


def likely_pairs(first: Prints, second: Prints) -> Pairs:
    """The pairs that may be one picture, at most _KEPT for each of `first`."""
    left, right = _near_hashes(first.hashes, second.hashes)
    unexplained = np.empty(len(left))
    for start in range(0, len(left), _BLOCK):
        some = slice(start, start + _BLOCK)
        unexplained[some] = compare(first.thumbs[left[some]], second.thumbs[right[some]])[0]
    is_near = unexplained <= _THUMB_UNEXPLAINED
    left, right, unexplained = left[is_near], right[is_near], unexplained[is_near]
    order = np.lexsort((right, unexplained, left))
    left, right = left[order], right[order]
    place = np.arange(len(left)) - np.searchsorted(left, left)
    return left[place < _KEPT], right[place < _KEPT]


def _near_hashes(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> Pairs:
    """The pairs of hashes that share a bucket and differ in at most MAX_BITS bits."""
    found = [np.zeros(0, np.int64)]
    for band in np.array_split(np.arange(64, dtype=np.uint64), _BANDS):
        mask = np.bitwise_or.reduce(np.uint64(1) << band)
        order = np.argsort(second & mask, kind="stable")
        keys = (second & mask)[order]
        low = np.searchsorted(keys, first & mask, "left")
        size = np.searchsorted(keys, first & mask, "right") - low
        size[size > _MAX_BUCKET] = 0
        left = np.repeat(np.arange(len(first)), size)
        within = np.arange(len(left)) - np.repeat(np.cumsum(size) - size, size)
        right = order[np.repeat(low, size) + within]
        is_near = np.bitwise_count(first[left] ^ second[right]) <= MAX_BITS
        found.append(left[is_near] * len(second) + right[is_near])
    both = np.unique(np.concatenate(found))
    return both // max(1, len(second)), both % max(1, len(second))


def is_one_picture(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """True for each pair of images that differ by a gain, an offset and a small residual only.

    Shapes: both (n, height, width, channels); result (n,).
    """
    unexplained, residual, gain = compare(*(x.reshape(len(x), -1) for x in (first, second)))
    is_small = (unexplained <= MAX_UNEXPLAINED) & (residual <= MAX_RESIDUAL)
    return is_small & (gain >= GAINS[0]) & (gain <= GAINS[1])


def compare(
    first: NDArray[np.uint8], second: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """The best fit of `first` by a gain times `second` plus an offset, for each pair of rows.

    Returns: the share of the variance of `first` that is left, the root mean square of what is
    left, and the gain. They are not numbers if a row has one value only.
    Shapes: both (n, values); results (n,).
    """
    a, b = (x.astype(np.float32) for x in (first, second))
    a -= a.mean(axis=1, keepdims=True)
    b -= b.mean(axis=1, keepdims=True)
    aa, bb, ab = (np.einsum("ij,ij->i", x, y) for x, y in ((a, a), (b, b), (a, b)))
    with np.errstate(divide="ignore", invalid="ignore"):
        unexplained = np.maximum(1 - ab * ab / (aa * bb), 0)
        return unexplained, np.sqrt(unexplained * aa / a.shape[1]), ab / bb
