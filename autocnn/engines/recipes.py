"""Recipes: configurations known to be good, scaled to the images by rule, tried before others."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from autocnn.space.library import library_path
from autocnn.space.parameters import Value
from autocnn.space.space import SearchSpace

LAST_SIDE = 5.5  # pixels, about, of the last feature map: an image of 32 is halved three times
STEM_FROM = 48  # pixels of the shorter side, from which a first convolution halves the image
WIDE_STEM_FROM = 160  # from which it divides the side by four
MOST_BLOCKS = 5
# Filters of the first block. Convolutions in bfloat16 are computed in blocks of 16 filters: 24 take
# longer than 32 (docs/experiments.md).
WIDTHS = (8, 16, 32, 48, 64)
WIDER = (96, 128)  # the same, of more than FEW_IMAGES images only
LARGEST_BATCH = 128
FEW_IMAGES = 5_000  # up to which labels are smoothed, and networks are not WIDER
RATE_SCALE = 2.5  # times AdamW's customary rate for batches of LARGEST_BATCH


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSize:
    """What time and images allow: the size of the first recipe."""

    filters: int = 32  # of the first block; one of `widths_for` the images
    batch_size: int = LARGEST_BATCH


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSet:
    """The images that recipes are made for."""

    shape: tuple[int, int, int]  # height, width, channels
    n: int  # images to train on

    @property
    def side(self) -> int:
        """Pixels of the shorter side."""
        return min(self.shape[:2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One known-good configuration, as values of the parameters of the space `cnn`."""

    name: str
    values: Mapping[str, Value]

    def point_in(self, space: SearchSpace) -> dict[str, Value]:
        """The recipe as a point of `space`: its own values, and what the space fixes.

        Raises: SpaceError if the recipe is no point of `space`.
        """
        return space.point_with(self.values)

    def values_in(self, space: SearchSpace) -> dict[str, Value]:
        """The values of the parameters that `space` varies.

        Raises: SpaceError if the recipe is no point of `space`.
        """
        return space.varied(self.point_in(space))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the portfolio: how a recipe differs from the rule's network."""

    name: str
    width: float = 1.0  # times the first width of the rule
    low_side: float = 0  # pixels of the shorter side, from which the recipe is tried
    high_side: float = math.inf  # and up to which it is
    least_images: float = 0  # to train on, from which the recipe is tried
    most_images: float = math.inf  # and up to which it is
    values: Mapping[str, Value] = field(default_factory=dict)

    def recipes(self, images: TrainingSet, size: NetworkSize) -> list[Recipe]:
        """The recipe for `images` if the rule's network has `size`, and narrower ones after it."""
        known = widths_for(images.n)
        widest = nearest_width(self.width * size.filters, known)
        widths = [width for width in reversed(known) if width <= widest]
        sizes = [NetworkSize(filters=width, batch_size=size.batch_size) for width in widths]
        return [self._recipe(images, each) for each in sizes]

    def _recipe(self, images: TrainingSet, size: NetworkSize) -> Recipe:
        return Recipe(name=self.name, values={**rule(images, size), **self.values})


def recipes_for(images: TrainingSet, size: NetworkSize) -> list[Recipe]:
    """The recipes of the portfolio for `images`, each at its full width."""
    return [entry.recipes(images, size)[0] for entry in entries_for(images)]


def entries_for(images: TrainingSet) -> list[Entry]:
    """The entries of the portfolio for these images, the best for its cost first."""
    return [
        entry
        for entry in load_portfolio()
        if entry.low_side <= images.side <= entry.high_side
        and entry.least_images <= images.n <= entry.most_images
    ]


@cache
def load_portfolio() -> tuple[Entry, ...]:
    """The entries of `search_spaces/recipes/portfolio.toml`, in their order; read once."""
    path = library_path() / "recipes" / "portfolio.toml"
    data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    return tuple(_entry(item) for item in data["recipe"])


def _entry(item: Mapping[str, Any]) -> Entry:
    side, images = item.get("side", {}), item.get("images", {})
    return Entry(
        name=item["name"],
        width=item.get("width", 1.0),
        low_side=side.get("low", 0),
        high_side=side.get("high", math.inf),
        least_images=images.get("low", 0),
        most_images=images.get("high", math.inf),
        values=item.get("values", {}),
    )


def widths_for(n: int) -> tuple[int, ...]:
    """The filters that the first block may have if `n` images train; few are learned by heart."""
    return WIDTHS if n <= FEW_IMAGES else (*WIDTHS, *WIDER)


def nearest_width(filters: float, widths: tuple[int, ...] = WIDTHS) -> int:
    """The one of `widths` that is nearest to `filters` by ratio; the larger one of two."""
    return min(reversed(widths), key=lambda width: abs(math.log(width / filters)))


def halvings(side: int) -> int:
    """How often an image of this side is halved until its map has about LAST_SIDE pixels.

    Once at least, if it has two pixels to a side.
    """
    return max(min(1, side // 2), round(math.log2(side / LAST_SIDE)))


def rule(images: TrainingSet, size: NetworkSize) -> dict[str, Value]:
    """The network that a rule makes for `images`: values of the space `cnn`.

    Pairs of 3x3 convolutions, doubled in width at each halving (a global head follows the last
    block, which is not halved); behind a stem where the images are large enough.
    """
    side = images.side
    stem_halvings = 0 if side < STEM_FROM else 1 if side < WIDE_STEM_FROM else 2
    blocks = min(MOST_BLOCKS, halvings(side) - stem_halvings + 1)
    stem: dict[str, Value] = {"stem_filters": 0}
    if stem_halvings:
        stem = {
            "stem_filters": 32 if size.filters > 16 else 16,
            "stem_kernel": 3 if stem_halvings == 1 else 5,
            "stem_stride": 2**stem_halvings,
        }
    return {
        **stem,
        "blocks": blocks,
        "convolutions": 2,
        "filters": size.filters,
        "growth": 2.0,
        "max_filters": 256,
        "kernel": 3,
        "padding": "same",
        "residual": False,
        "activation": "relu",
        "downsampling": "max",
        "normalisation": "batch",
        "normalisation_place": "before_activation",
        "dropout": 0.0,
        "head": "global_max",
        "dense_layers": 0,
        **_training(images, size),
    }


def rate_scale(batch: int) -> float:
    """The factor of AdamW's customary rate, which falls with the root of the batch.

    The best rates fall less: 0.01 for batches of 128, 0.008 for 32 (docs/experiments.md).
    """
    return round(float(RATE_SCALE * (LARGEST_BATCH / batch) ** (1 / 3)), 2)


def _training(images: TrainingSet, size: NetworkSize) -> dict[str, Value]:
    """How the rule's network is trained; the labels of few images are smoothed."""
    return {
        "loss": "cross_entropy",
        "label_smoothing": 0.1 if images.n <= FEW_IMAGES else 0.0,
        "optimizer": "adamw",
        "learning_rate_scale": rate_scale(size.batch_size),
        "decay_scale": 0.1,
        "schedule": "one_cycle",
        "warmup": 0.25,
        "batch_size": size.batch_size,
        "flip": False,
        "shift_fraction": 0.0,
        "cutout_fraction": 0.0,
        "rotation": 0,
        "zoom": 0.0,
        "early_stopping": False,
    }
