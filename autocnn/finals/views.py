"""Test-time augmentation: one image judged from several views of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.float32]  # (n, height, width, channels)
Views = Callable[[Pixels], list[tuple[float, Pixels]]]  # each with its weight; the weights sum to 1


def plain(images: Pixels) -> list[tuple[float, Pixels]]:
    """The images themselves."""
    return [(1.0, images)]


def mirror_and_translate(images: Pixels) -> list[tuple[float, Pixels]]:
    """Six views: the images, and by a pixel up-left and down-right; each also mirrored.

    Those that are not moved count half. What moves in is reflected.
    Source: arXiv:2404.00498, its "multi-crop" evaluation.
    """
    wide = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    moved = [(0.5, images), (0.25, wide[:, :-2, :-2]), (0.25, wide[:, 2:, 2:])]
    return [(share / 2, view[:, :, ::step]) for share, view in moved for step in (1, -1)]


# What was published together with a network; anything else is judged by the images alone.
PUBLISHED_VIEWS: dict[str, Views] = {"airbench94": mirror_and_translate}
