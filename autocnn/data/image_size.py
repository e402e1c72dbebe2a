"""The size of all images of a data set, and the line that says what becomes of their shapes.

The size follows from the sizes of the images alone, so that studies of one data set are comparable.
"""

from __future__ import annotations

from math import isqrt

import numpy as np
from numpy.typing import NDArray

from autocnn.data.options import CROP, PAD, STRETCH, Size

Sizes = NDArray[np.int64]  # (n, 2): height and width of each image

MAX_SIDE = 96  # pixels of a square's side, at most
MAX_AREA = MAX_SIDE**2  # pixels of any shape, at most
KEPT = 0.95  # of an image's pixels that remain in the common shape, at least
SHARE = 0.95  # of the images for which that must hold
_SLIGHT = 0.01  # of an image, below which a cut is a matter of whole pixels

_CHANGES = {
    CROP: (
        "scaled and cropped to {size}: {share} of the pixels of the median image are cut{most}; "
        "--resize pad keeps all of an image"
    ),
    PAD: (
        "scaled to fit {size} and padded with black: {share} of the pixels of the median image are "
        "padding{most}"
    ),
    STRETCH: (
        "stretched to {size}: one side of the median image becomes {share} too short for its "
        "shape{most}"
    ),
}


def choose_size(sizes: Sizes) -> Size:
    """The size of all images, unless the user gives one.

    If all images have one size of at most 9,216 pixels (96x96), that size is kept. If at least 95 %
    of the images keep 95 % of their pixels when they are cropped to the shape of the median image
    (by width / height), the size has that shape; otherwise it is a square. Its shorter side is the
    median of the images' shorter sides, or less where the size had more than 9,216 pixels. Of two
    in the middle, the lower one is the median.
    Shapes: sizes (n, 2), height and width, n at least 1.
    """
    height, width = (int(side) for side in sizes[0])
    if height * width <= MAX_AREA and (sizes == sizes[0]).all():
        return height, width
    shorter = _lower_median(sizes.min(axis=1))
    by_shape = np.argsort(sizes[:, 1] / sizes[:, 0], kind="stable")
    middle = sizes[by_shape[(len(sizes) - 1) // 2]]
    if np.mean(_kept(sizes, middle) >= KEPT) < SHARE:
        return min(shorter, MAX_SIDE), min(shorter, MAX_SIDE)
    return _shaped(int(middle[0]), int(middle[1]), shorter)


def describe_resizing(sizes: Sizes, chosen: Size, resize: str = CROP) -> str | None:
    """One line if `choose_size` gave some image another size than its own, or None."""
    if (sizes == chosen).all():
        return None
    sizes = sizes[np.lexsort((sizes[:, 0], sizes.prod(axis=1)))]  # by area, then by height
    lost = 1 - _kept(sizes, chosen)
    worst = int(lost.argmax())  # the smallest of those
    least, most = _text(sizes[0]), _text(sizes[-1])
    those = f"images of {least} are" if least == most else f"images from {least} to {most} are"
    more = "--image-size gives another size"
    if lost[worst] < _SLIGHT:
        cut = " (less than 1 % of an image is cut)" if lost[worst] and resize == CROP else ""
        return f"{those} scaled to {_text(chosen)}{cut}; {more}"
    median, largest = _percent(np.sort(lost)[len(lost) // 2]), _percent(lost[worst])
    change = _CHANGES[resize].format(
        size=_text(chosen),
        share=median,
        most="" if median == largest else f", at most {largest} (of {_text(sizes[worst])})",
    )
    return f"{those} {change}{',' if resize == CROP else ';'} {more}"


def _shaped(height: int, width: int, shorter: int) -> Size:
    """A size of this shape, with this shorter side or a smaller one that MAX_AREA allows."""
    low, high = min(height, width), max(height, width)
    short = max(1, min(shorter, isqrt(MAX_AREA * low // high)))
    long = min((2 * short * high + low) // (2 * low), MAX_AREA // short)  # rounded half up
    return (short, long) if height <= width else (long, short)


def _kept(sizes: Sizes, shape: Size | Sizes) -> NDArray[np.float64]:
    """The share of each image's pixels that is left if it is cropped to this shape, (n,).

    If the image is padded, that share of the result is the image; if it is stretched, one side is
    scaled by that share of the other side's factor.
    """
    across, down = sizes[:, 0] * shape[1], sizes[:, 1] * shape[0]
    return np.minimum(across, down) / np.maximum(across, down)


def _lower_median(values: NDArray[np.int64]) -> int:
    return int(np.sort(values)[(len(values) - 1) // 2])


def _percent(share: float) -> str:
    """A share from 0 to below 1, with one decimal; never 0 % or 100 % if it is neither."""
    if 0 < share < 0.001:
        return "under 0.1 %"
    if share > 0.999:
        return "over 99.9 %"
    return f"{100 * share:.1f}".removesuffix(".0") + " %"


def _text(size: Size | Sizes) -> str:
    return f"{size[0]}x{size[1]}"
