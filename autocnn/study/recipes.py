"""The recipes of a study: those that its space has, at widths that cost about the same."""

from __future__ import annotations

import math
from collections.abc import Sequence

from autocnn.data.prepared import PreparedData
from autocnn.engines.recipes import NetworkSize, Recipe, TrainingSet, entries_for
from autocnn.errors import Infeasible, SpaceError
from autocnn.records.study_settings import StudySettings
from autocnn.space.cost import work_of
from autocnn.space.space import SearchSpace
from autocnn.study.cost_model import CostModel

MOST_COST = 1.3  # times the first recipe's: the seconds of an image, of any other recipe


def find_recipes(
    settings: StudySettings, space: SearchSpace, data: PreparedData, size: NetworkSize
) -> tuple[list[Recipe], list[str]]:
    """The recipes that are points of `space`, and a line for each that is none.

    The first one has `size`. Each other one is as wide as the portfolio says, or narrower, so that
    it costs at most MOST_COST times as much.
    """
    images = TrainingSet(shape=data.image_shape, n=data.train.n)
    fitting: list[Recipe] = []
    skipped: list[str] = []
    most_s = math.inf
    for entry in entries_for(images) if settings.recipes else []:
        try:
            recipe, seconds = _affordable(entry.recipes(images, size), space, data, most_s)
        except (SpaceError, Infeasible) as error:
            skipped.append(f"recipe {entry.name} is skipped: {error}")
            continue
        if not fitting:
            most_s = MOST_COST * seconds
        fitting.append(recipe)
    return fitting, skipped


def _affordable(
    recipes: Sequence[Recipe], space: SearchSpace, data: PreparedData, most_s: float
) -> tuple[Recipe, float]:
    """The first of `recipes` that takes `most_s` or less, with its seconds; or the cheapest.

    Raises: SpaceError or Infeasible, that of the first recipe, if the space has none of them.
    """
    found: list[tuple[float, Recipe]] = []
    refused: list[Exception] = []
    for recipe in recipes:
        try:
            seconds = _image_seconds(recipe, space, data)
        except (SpaceError, Infeasible) as error:
            refused.append(error)
            continue
        if seconds <= most_s:
            return recipe, seconds
        found.append((seconds, recipe))
    if not found:
        raise refused[0]
    seconds, recipe = min(found, key=lambda item: item[0])
    return recipe, seconds


def _image_seconds(recipe: Recipe, space: SearchSpace, data: PreparedData) -> float:
    """The usual seconds of a CPU for training on one image: only their ratios count."""
    config = space.config(recipe.point_in(space))
    network = space.network(config, data.image_shape, data.n_classes)
    return CostModel().image_seconds(work_of(config, network, data.image_shape, data.train.n))
