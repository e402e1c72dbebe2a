"""Search spaces and baselines, and how a space fits a data set."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from autocnn.data.catalog import dataset_info
from autocnn.data.dataset import DatasetInfo
from autocnn.data.options import ImageOptions
from autocnn.errors import SettingsError, SpaceError
from autocnn.files import write_atomic
from autocnn.records.study_settings import StudySettings
from autocnn.space.library import baseline_names
from autocnn.space.space import Published, SearchSpace
from autocnn.space.survey import Survey, check_feasible
from autocnn.space.toml import load_space
from autocnn.terminal.baselines_table import BaselineFacts


def limit_space(space: SearchSpace, settings: StudySettings) -> SearchSpace:
    """`space` with the limits of the settings as well, the lower one of two, and their batch."""
    if settings.batch_size is not None:
        space = space.with_batch(settings.batch_size)
    ours = {"parameters": settings.max_params, "macs": settings.max_macs}
    limits = {
        name: min((x for x in (getattr(space.limits, name), limit) if x is not None), default=None)
        for name, limit in ours.items()
    }
    return replace(space, limits=replace(space.limits, **limits))


def check_dataset(settings: StudySettings, space: SearchSpace) -> tuple[Survey, DatasetInfo]:
    """The survey of `space` for the images of the settings' data set, and that data set.

    Raises: UnknownDatasetError; DatasetError if own images cannot be read; SettingsError for a
    subset of more images than there are; SpaceError if nothing in the space is feasible for such
    images.
    """
    info = dataset_info(settings.dataset, ImageOptions.of(settings))
    check_subset(settings, info)
    return check_feasible(space, info.image_shape, info.n_classes), info


def check_subset(settings: StudySettings, info: DatasetInfo) -> None:
    """Raise SettingsError if the subset has more images than there are, before any is read."""
    if settings.subset is not None and settings.subset >= info.n_train:
        raise SettingsError(
            f"--subset must be below {info.n_train} (all training images), got {settings.subset}"
        )


def copy_space(space: SearchSpace, target: Path) -> Path:
    """Write the text of `space` to a new file.

    Raises: SettingsError if `target` exists or is no .toml file; RecordError if it cannot be
    written.
    """
    if target.suffix != ".toml":
        raise SettingsError(f"--copy must name a .toml file, got {str(target)!r}")
    if os.path.lexists(target):
        raise SettingsError(f"--copy {target}: exists already; choose another name")
    write_atomic(target, space.text)
    return target


def list_baselines() -> list[BaselineFacts]:
    """Every baseline, with its cost for the images of its data set.

    Raises: SpaceError, UnknownDatasetError or Infeasible for a file that is no baseline.
    """
    return [_facts(name) for name in baseline_names()]


def baseline_settings(name: str) -> dict[str, Any]:
    """The settings with which a search trains baseline `name` as published.

    One trial if the baseline is a single network; no recipes; no pruner that could stop it early.
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
