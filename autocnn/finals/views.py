"""Test-time augmentation: the prediction for one image is a mean over several views of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from autocnn.models.trained import Pixels

Views = Callable[[Pixels], list[tuple[float, Pixels]]]  # each with its weight; the weights sum to 1


def plain(images: Pixels) -> list[tuple[float, Pixels]]:
    """One view: the images themselves."""
    return [(1.0, images)]


def mirror_and_translate(images: Pixels) -> list[tuple[float, Pixels]]:
    """Six views: the images, and the images moved by a pixel up-left and down-right; each mirrored.

    The unmoved images have half of the weight. Pixels at the border are filled by reflection.
    Source: arXiv:2404.00498, its "multi-crop" evaluation.
    """
    wide = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    moved = [(0.5, images), (0.25, wide[:, :-2, :-2]), (0.25, wide[:, 2:, 2:])]
    return [(share / 2, view[:, :, ::step]) for share, view in moved for step in (1, -1)]


# The views that were published with an architecture, by its name; all others have the plain view.
PUBLISHED_VIEWS: dict[str, Views] = {"airbench94": mirror_and_translate}
