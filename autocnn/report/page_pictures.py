"""The pictures of single images on a page: mistakes, feature maps and filters, with their texts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autocnn.models.map_pictures import as_png, as_url, filters_picture, picture
from autocnn.report.formatting import percent
from autocnn.report.model_pictures import LONGEST, SHOWN_FILTERS, SHOWN_MAPS, filters_title
from autocnn.report.winner_look import WinnerLook

if TYPE_CHECKING:  # imports Keras
    from autocnn.models.feature_maps import LayerMaps

LONGEST_IMAGE = 128  # pixels of a side, beyond which an image is thinned out


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A picture with its text."""

    url: str  # that holds the picture
    text: str
    more: Sequence[Tile] = ()  # what belongs to it


def mistake_tiles(look: WinnerLook) -> list[Tile]:
    """The most confident mistakes, the most confident first."""
    return [
        Tile(
            url=image_url(image),
            text=f"{each.true}, taken for {each.predicted}, {100 * each.probability:.1f} %",
        )
        for each, image in zip(look.evaluation.mistakes, look.mistaken, strict=False)
    ]


def chosen_tiles(look: WinnerLook) -> list[Tile]:
    """The chosen images, each with the maps of some layers."""
    return [
        Tile(
            url=image_url(chosen.pixels),
            text=f"{chosen.why}: {chosen.answer}",
            more=[
                Tile(url=as_url(picture(each.maps, SHOWN_MAPS, LONGEST)), text=_maps_title(each))
                for each in chosen.maps
            ],
        )
        for chosen in look.chosen
    ]


def _maps_title(layer: LayerMaps) -> str:
    height, width, n = layer.maps.shape
    which = f"the first {SHOWN_MAPS} of {n} maps" if n > SHOWN_MAPS else f"{n} maps"
    return f"{layer.name}: {which} of {height} × {width}"


def filter_tiles(look: WinnerLook) -> list[Tile]:
    """The filters of some convolutions."""
    return [
        Tile(url=as_url(filters_picture(each.kernels, SHOWN_FILTERS)), text=filters_title(each))
        for each in look.filters
    ]


def calibration_text(look: WinnerLook) -> str:
    """The calibration error in a sentence, and what it says."""
    found = look.evaluation
    mean = sum(each.n * (each.confidence or 0.0) for each in found.bins) / found.n
    drift = "more" if mean > found.accuracy else "less"
    return (
        f"On {found.n:,} validation images the network is right in {percent(found.accuracy)} and "
        f"its mean confidence is {percent(mean)}, so it is {drift} certain than right. The "
        f"expected calibration error (ECE) is {100 * found.calibration_error:.2f} points: the mean "
        "distance of confidence and accuracy."
    )


def image_url(image: NDArray[np.uint8]) -> str:
    """An image (height, width, 1 or 3) as an address that holds it; a large one is thinned out."""
    step = math.ceil(max(image.shape[:2]) / LONGEST_IMAGE)
    return as_url(as_png(image[::step, ::step]))
