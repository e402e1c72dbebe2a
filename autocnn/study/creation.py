"""What a study finds out when it is created, and never changes afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import optuna

from autocnn.data.options import ImageOptions
from autocnn.data.prepared import PreparedData, prepare, save_prepared
from autocnn.data.split import Split, stratified_split
from autocnn.engines.choose import choose_proposer, choose_pruner
from autocnn.engines.recipes import Recipe, load_recipes
from autocnn.errors import Infeasible, SettingsError, SpaceError, StudyError
from autocnn.executors.protocol import Executor
from autocnn.files import write_atomic
from autocnn.records.optuna_record import read_study_facts, write_study_facts
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.space.config import TrialConfig
from autocnn.space.space import SearchSpace
from autocnn.study.budget import (
    BLIND_SHARE,
    DEFAULT_EPOCHS,
    MAX_EPOCHS,
    TRIAL_SHARE,
    choose_horizon,
    plan_search_seconds,
)
from autocnn.train.backend import choose_precision
from autocnn.trial import Device

PROBED_SAMPLES = 51  # random networks, of which those around the median of MACs are measured
FIRST_LOOK = 0.2  # of the first epoch, after which a trial of a search without recipes is judged
MEASURED = 3  # of them: MACs alone do not tell the time


def find_facts(
    settings: StudySettings,
    space: SearchSpace,
    data: PreparedData,
    study: optuna.Study,
    executor: Executor,
    typical: Sequence[TrialConfig] = (),
) -> dict[str, Any]:
    """What the study found out when it was created, and must not change afterwards.

    `typical` configurations are those whose speed is measured: by default the first recipe, or else
    some from the middle of the space.
    """
    facts = read_study_facts(study)
    if facts:
        if facts["fingerprint"] != data.fingerprint:
            raise StudyError(
                f"study {settings.study}: data set {data.name} is no longer the data that "
                "the study was made with; start another study"
            )
        return facts
    device = executor.device()
    precision = choose_precision(settings.precision, device)
    recipes, _ = find_recipes(settings, space, data.image_shape)
    blind = not recipes
    configs = list(typical) or [space.config(r.point_in(space)) for r in recipes[:1]]
    configs = configs or _middling(space, data)
    setup_s, image_s = _typical_speed(executor, configs, precision)
    pruner = choose_pruner(settings, is_blind=blind)
    looks = blind and settings.time_budget_s is not None and pruner != "none"
    facts = {
        "image_shape": data.image_shape,
        "class_names": data.class_names,
        "fingerprint": data.fingerprint,
        "mean": data.mean,
        "std": data.std,
        "n_train": data.train.n,
        "n_validation": data.validation.n,
        "backend": device.backend,
        "device": device.kind,
        "precision": precision,
        "setup_seconds": setup_s,
        "epoch_seconds": image_s * data.train.n,
        "horizon": _horizon(settings, device, (setup_s, image_s * data.train.n), is_blind=blind),
        "proposer": choose_proposer(settings, is_blind=blind),
        "pruner": pruner,
        "first_look": FIRST_LOOK if looks else 0.0,
    }
    write_study_facts(study, facts)
    return facts


def prepare_data(settings: StudySettings, folder: Path) -> PreparedData:
    """The data of the study, also in `folder`, for the workers."""
    options = ImageOptions(settings.image_size, settings.skip_corrupt)
    data = prepare(settings.dataset, settings.split_seed, options)
    if settings.subset is not None:
        data = take_subset(data, settings.subset)
    save_prepared(data, folder)
    return data


def take_subset(data: PreparedData, n: int) -> PreparedData:
    """`data` with about `n` of its training images, of all classes alike and always the same.

    Raises: SettingsError if there are no more than `n`.
    """
    if n >= data.train.n:
        raise SettingsError(f"--subset must be below {data.train.n} (all training images), got {n}")
    kept = stratified_split(data.train, seed=data.split.seed, fraction=n / data.train.n)
    return replace(data, train=data.train.take(kept.validation))


def _typical_speed(
    executor: Executor, configs: list[TrialConfig], precision: str
) -> tuple[float, float]:
    """Wall seconds before the first step, and for one image: of the middling of `configs`."""
    speeds = [executor.measure(config, precision) for config in configs]
    return sorted(speeds, key=lambda speed: speed[1])[len(speeds) // 2]


def write_split(paths: StudyPaths, split: Split) -> None:
    """Keep the frozen split: which training images are validation images."""

    def write(file: IO[bytes]) -> None:
        np.savez_compressed(file, train=split.train, validation=split.validation)

    write_atomic(paths.split, write)


def find_recipes(
    settings: StudySettings, space: SearchSpace, image_shape: tuple[int, int, int]
) -> tuple[list[Recipe], list[str]]:
    """The recipes that are points of `space`, and a line for each that is none."""
    fitting, skipped = [], []
    for recipe in load_recipes(image_shape) if settings.recipes else []:
        try:
            recipe.point_in(space)
            fitting.append(recipe)
        except SpaceError as error:
            skipped.append(f"recipe {recipe.name} is skipped: {error}")
    return fitting, skipped


def _horizon(
    settings: StudySettings, device: Device, speed: tuple[float, float], *, is_blind: bool
) -> int:
    if settings.epochs is not None:
        return settings.epochs
    if settings.time_budget_s is None:
        return DEFAULT_EPOCHS[device.kind]
    share = BLIND_SHARE if is_blind else TRIAL_SHARE
    return choose_horizon(plan_search_seconds(settings.time_budget_s), share, speed, MAX_EPOCHS)


def _middling(space: SearchSpace, data: PreparedData) -> list[TrialConfig]:
    """Some random configurations around the median of MACs; always the same ones."""
    rng = np.random.default_rng(0)
    found: list[tuple[int, TrialConfig]] = []
    while len(found) < PROBED_SAMPLES:
        try:
            config = space.config(space.sample(rng))
            found.append((space.network(config, data.image_shape, data.n_classes).macs, config))
        except Infeasible:
            continue
    found.sort(key=lambda item: item[0])
    first = (PROBED_SAMPLES - MEASURED) // 2
    return [config for _, config in found[first : first + MEASURED]]
