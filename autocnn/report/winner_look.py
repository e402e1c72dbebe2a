"""What the winner makes of validation images: mistakes, calibration, feature maps and filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from autocnn.finals.evaluation import Evaluation

if TYPE_CHECKING:  # imports Keras
    from autocnn.models.feature_maps import LayerFilters, LayerMaps

Layer = TypeVar("Layer")
SHOWN_LAYERS = 10  # of whose maps, or filters, the largest number is shown


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChosenImage:
    """One validation image, the answer, and the maps of some layers for it."""

    why: str  # it was chosen
    pixels: NDArray[np.uint8]  # (height, width, channels)
    true: str
    predicted: str
    probability: float  # of the predicted class
    maps: Sequence[LayerMaps] = ()

    @property
    def answer(self) -> str:
        """The class, the one that it was taken for if that is another, and the probability."""
        wrong = "" if self.true == self.predicted else f" taken for {self.predicted}"
        return f"{self.true}{wrong}, {100 * self.probability:.1f} %"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WinnerLook:
    """The answers of the winner's own weights, which have not seen the validation images."""

    trial: int
    evaluation: Evaluation  # of validation images only
    mistaken: NDArray[np.uint8]  # the images of the first mistakes, in their order
    chosen: Sequence[ChosenImage]
    filters: Sequence[LayerFilters]
    left_out: int = 0  # validation images that were not classified


def choose_images(
    labels: NDArray[np.int64], probabilities: NDArray[np.floating[Any]]
) -> list[tuple[str, int]]:
    """The most and the least confident hit, and the most confident mistake, as far as there are.

    Shapes: labels (n,), probabilities (n, classes). Returns: why, and the place of the image.
    """
    confidence = probabilities.max(axis=-1)
    is_hit = probabilities.argmax(axis=-1) == labels
    hits, misses = np.flatnonzero(is_hit), np.flatnonzero(~is_hit)
    found = []
    if len(hits):
        found.append(("right, and most certain", int(hits[confidence[hits].argmax()])))
    if len(hits) > 1:
        found.append(("right, and least certain", int(hits[confidence[hits].argmin()])))
    if len(misses):
        found.append(("wrong, and most certain", int(misses[confidence[misses].argmax()])))
    return found


def spread(layers: Sequence[Layer], most: int = SHOWN_LAYERS) -> list[Layer]:
    """At most `most` of the layers, spread evenly from the first to the last."""
    if len(layers) <= most:
        return list(layers)
    return [layers[round(i * (len(layers) - 1) / (most - 1))] for i in range(most)]
