"""The networks from the literature that come with autocnn, and how a search trains one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autocnn.errors import SettingsError, SpaceError
from autocnn.space.library import baseline_names
from autocnn.space.space import Published, SearchSpace
from autocnn.space.toml import load_space

if TYPE_CHECKING:  # imported by the function that needs it: importing this module stays fast
    from autocnn.report.baselines import BaselineFacts


def list_baselines() -> list[BaselineFacts]:
    """Every baseline, with its cost for the images of its data set.

    Raises: SpaceError, UnknownDatasetError or Infeasible for a baseline that is none.
    """
    return [_facts(name) for name in baseline_names()]


def baseline_settings(name: str) -> dict[str, Any]:
    """The settings with which a search trains baseline `name` as published.

    One trial where it is a single network; no recipes; no pruner that would cut it short.
    Raises: SettingsError if there is no such baseline.
    """
    if name not in baseline_names():
        known = ", ".join(baseline_names())
        raise SettingsError(f"--baseline: no baseline is named {name!r}; choose one of {known}")
    space = load_space(name)
    published = _published(space)
    settings = {
        "space": name,
        "dataset": published.dataset,
        "epochs": published.epochs,
        "trials": 1 if space.n_points() == 1 else None,
        "pruner": "none",
        "recipes": False,
    }
    return {key: value for key, value in settings.items() if value is not None}


def _facts(name: str) -> BaselineFacts:
    from autocnn.data.catalog import dataset_info
    from autocnn.report.baselines import BaselineFacts

    space = load_space(name)
    published = _published(space)
    info = dataset_info(published.dataset)
    config = space.config({key: p.all_values()[0] for key, p in space.parameters.items()})
    network = space.network(config, info.image_shape, info.n_classes)
    return BaselineFacts(
        name=name,
        description=space.description,
        image_shape=info.image_shape,
        parameters=network.parameters,
        macs=network.macs,
        batch_size=config.batch_size,
        published=published,
    )


def _published(space: SearchSpace) -> Published:
    if space.published is None:
        raise SpaceError(f"baseline {space.name}: its file has no table [published]")
    return space.published
