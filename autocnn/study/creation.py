"""What a study finds out when it is created, and what it measures on each device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import optuna

from autocnn.data.options import ImageOptions
from autocnn.data.prepared import PreparedData, prepare
from autocnn.data.split import Split
from autocnn.engines.choose import choose_proposer, choose_pruner
from autocnn.engines.recipes import Recipe, load_recipes
from autocnn.errors import Infeasible, SpaceError, StudyError
from autocnn.executors.protocol import Executor
from autocnn.files import write_atomic
from autocnn.records.facts import Facts, Measurement
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
from autocnn.trial import Device

PROBED_SAMPLES = 51  # random networks, of which those around the median of MACs are measured
FIRST_LOOK = 0.2  # of the first epoch, after which a trial of a search without recipes is judged
MEASURED = 3  # of them: MACs alone do not predict the time


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What the facts of a study are found from."""

    settings: StudySettings
    space: SearchSpace
    data: PreparedData
    executor: Executor
    typical: Sequence[TrialConfig] = ()  # whose speed is measured; by default those of `_typical`
    folds: int | None = None  # that each trial trains; None: see `_choose_folds`

    @property
    def recipes(self) -> list[Recipe]:
        """The recipes that are points of the space."""
        return find_recipes(self.settings, self.space, self.data.image_shape)[0]


def find_facts(start: Start, study: optuna.Study) -> tuple[Facts, Measurement]:
    """The facts of the study, and the speed of a typical training on the executor's device.

    The facts are found and written when the study is created, and never change afterwards; the
    speed is measured once on each device, backend and version, and added to them.
    Raises: StudyError if the data are no longer those of the study.
    """
    facts = read_study_facts(study)
    device = start.executor.device()
    if facts is None:
        measured = _measure(start, device)
        facts = _new_facts(start, device, measured)
        write_study_facts(study, facts)
        return facts, measured
    _check_data(start, facts)
    known = facts.measured_on(device)
    if known is not None:
        return facts, known
    measured = _measure(start, device)
    facts = facts.with_measurement(measured)
    write_study_facts(study, facts)
    return facts, measured


def _check_data(start: Start, facts: Facts) -> None:
    """Raise StudyError if the data are not those of the study, or are normalised otherwise."""
    data, study = start.data, start.settings.study
    if facts.fingerprint != data.fingerprint:
        raise StudyError(
            f"study {study}: data set {data.name} is no longer the data that the study was made "
            "with; start another study"
        )
    if facts.mean and not np.allclose([facts.mean, facts.std], [data.mean, data.std]):
        raise StudyError(
            f"study {study}: its images were normalised by other statistics, as an earlier version "
            "did with --subset; start another study"
        )


def _measure(start: Start, device: Device) -> Measurement:
    """The speed of the middle one of the typical configurations, on `device`."""
    precision = device.choose_precision(start.settings.precision)
    speeds = [start.executor.measure(config, precision) for config in _typical(start)]
    setup_s, image_s = sorted(speeds, key=lambda speed: speed[1])[len(speeds) // 2]
    return Measurement(
        backend=device.backend,
        device=device.kind,
        names=device.names,
        versions=device.versions,
        precision=precision,
        setup_seconds=setup_s,
        epoch_seconds=image_s * start.data.train.n,
    )


def _typical(start: Start) -> Sequence[TrialConfig]:
    """The configurations that are measured: the first recipe, or some from the middle of MACs."""
    if start.typical:
        return start.typical
    recipes = [start.space.config(r.point_in(start.space)) for r in start.recipes[:1]]
    return recipes or _around_the_median(start.space, start.data)


def _new_facts(start: Start, device: Device, measured: Measurement) -> Facts:
    settings, data = start.settings, start.data
    is_blind = not start.recipes
    pruner = choose_pruner(settings, is_blind=is_blind)
    folds = _choose_folds(start)
    has_budget = settings.time_budget_s is not None
    has_first_look = is_blind and has_budget and pruner != "none" and folds == 1
    speed = measured.setup_seconds, folds * measured.epoch_seconds
    return Facts(
        image_shape=data.image_shape,
        class_names=data.class_names,
        fingerprint=data.fingerprint,
        mean=data.mean,
        std=data.std,
        value_range=data.value_range,
        n_train=data.train.n,
        n_validation=data.held_out(folds).n,
        folds=folds,
        horizon=_horizon(settings, device, speed, is_blind=is_blind),
        proposer=choose_proposer(settings, is_blind=is_blind),
        pruner=pruner,
        first_look=FIRST_LOOK if has_first_look else 0.0,
        measurements=(measured,),
    )


def _choose_folds(start: Start) -> int:
    """The number of folds that each trial trains, of those that the split has."""
    return start.data.split.n_folds if start.folds is None else start.folds


def prepare_data(settings: StudySettings) -> PreparedData:
    """The data of the study."""
    options = ImageOptions.of(settings)
    seed, subset = settings.split_seed, settings.subset
    return prepare(settings.dataset, seed, options, subset, settings.folds)


def write_split(paths: StudyPaths, split: Split) -> None:
    """Store the frozen split: the indices of the images that train, and of those that validate.

    Of several folds, `fold2`, `fold3`, ... are the training images that they hold out.
    """
    parts: dict[str, Any] = {f"fold{i}": part for i, part in enumerate(split.parts, start=2)}

    def write(file: IO[bytes]) -> None:
        np.savez_compressed(file, train=split.train, validation=split.validation, **parts)

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


def _around_the_median(space: SearchSpace, data: PreparedData) -> list[TrialConfig]:
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
