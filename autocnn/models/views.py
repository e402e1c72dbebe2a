"""Views of an image, whose predictions are averaged: test-time augmentation.

The table is data. NumPy makes the views of arrays, and Keras those of an exported network, in
operations that every format has. NumPy and Keras are imported by the functions that need them: the
help of the command line reads the names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from autocnn.models.predictor import Pixels

PLAIN: Final = "none"
MIRROR: Final = "mirror"
MIRROR_AND_TRANSLATE: Final = "mirror_and_translate"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One view: the image moved by `shift` pixels down and to the right, mirrored or not."""

    weight: float  # of its probabilities in the mean; those of all views sum to 1
    shift: int = 0  # -1, 0 or 1; pixels that move in are reflected at the border
    mirrored: bool = False  # left-right


VIEWS: Final[Mapping[str, tuple[View, ...]]] = {
    PLAIN: (View(weight=1.0),),
    MIRROR: (View(weight=0.5), View(weight=0.5, mirrored=True)),
    # Source: arXiv:2404.00498, its "multi-crop" evaluation: the unmoved images have half of the
    # weight, the images that are moved up-left and down-right a quarter each.
    MIRROR_AND_TRANSLATE: tuple(
        View(weight=share / 2, shift=shift, mirrored=mirrored)
        for share, shift in ((0.5, 0), (0.25, 1), (0.25, -1))
        for mirrored in (False, True)
    ),
}


def make_views(images: Pixels, name: str) -> list[tuple[float, Pixels]]:
    """The views `name` of `images` (n, height, width, channels), each with its weight."""
    import numpy as np

    padding = ((0, 0), (1, 1), (1, 1), (0, 0))
    wide = np.pad(images, padding, mode="reflect") if is_moving(name) else images
    found: list[tuple[float, Pixels]] = []
    for view in VIEWS[name]:
        pixels = _window(wide, images.shape, view) if is_moving(name) else images
        found.append((view.weight, pixels[:, :, ::-1] if view.mirrored else pixels))
    return found


def stack_views(images: Any, name: str) -> Any:
    """All views of Keras' symbolic `images`, one after another along the batch.

    Shapes: (n, height, width, channels) to (views * n, height, width, channels).
    """
    import keras

    if name == PLAIN:
        return images
    wide = images
    if is_moving(name):
        wide = keras.ops.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    stacked = []
    for view in VIEWS[name]:
        pixels = _window(wide, images.shape, view) if is_moving(name) else images
        stacked.append(keras.ops.flip(pixels, axis=2) if view.mirrored else pixels)
    return keras.ops.concatenate(stacked, axis=0)


def average_views(probabilities: Any, name: str, n_classes: int) -> Any:
    """The weighted mean over the views; Keras' symbolic (views * n, classes) to (n, classes)."""
    import keras

    if name == PLAIN:
        return probabilities
    by_view = keras.ops.reshape(probabilities, (len(VIEWS[name]), -1, n_classes))
    total = by_view[0] * VIEWS[name][0].weight
    for place, view in enumerate(VIEWS[name][1:], start=1):
        total = total + by_view[place] * view.weight
    return total


def is_moving(name: str) -> bool:
    """True if a view is moved, which takes images of two pixels a side at least."""
    return any(view.shift for view in VIEWS[name])


def _window(wide: Any, shape: tuple[int, ...], view: View) -> Any:
    """The part of `wide`, which has a border of one pixel, that an image moved so would show."""
    at = 1 - view.shift
    return wide[:, at : at + shape[1], at : at + shape[2]]
