"""What a study finds out when it is created, and what it measures on each device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import optuna

from autocnn.data.options import ImageOptions
from autocnn.data.prepared import PreparedData, prepare
from autocnn.data.split import Split
from autocnn.engines.choose import choose_proposer, choose_pruner
from autocnn.engines.recipes import WIDTHS, NetworkSize, Recipe, TrainingSet, recipes_for
from autocnn.errors import Infeasible, SpaceError, StudyError
from autocnn.executors.protocol import Executor
from autocnn.files import write_atomic
from autocnn.records.facts import Facts, Measurement
from autocnn.records.optuna_record import read_study_facts, write_study_facts
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.space.config import TrialConfig
from autocnn.space.cost import Work, work_of
from autocnn.space.layers import plan_network
from autocnn.space.space import SearchSpace
from autocnn.study.cost_model import CostModel, Observed
from autocnn.study.sizing import (
    BATCHES,
    FEWER_FOLDS,
    Room,
    Sizing,
    epoch_images,
    fit_size,
    free_horizon,
    free_size,
    longest_trial,
    plan_search_seconds,
)
from autocnn.trial import Device

PROBED_SAMPLES = 51  # random networks, of which the one with the median cost is measured
FIRST_LOOK = 0.2  # of the first epoch, after which a trial of a search without recipes is judged
PROBE_SHARE = 0.03  # of the time, that measuring the speed takes at most, beyond its first steps
PROBE_S = 1.0  # the same, if that is less or no time is given
PROBED_SIZE = NetworkSize(filters=24, batch_size=32)  # of the recipe that is measured
UNMEASURED_S = 10.0  # seconds before the first step, if a measurement did not end


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What the facts of a study are found from."""

    settings: StudySettings
    space: SearchSpace  # fitted to the images
    data: PreparedData
    executor: Executor
    typical: Sequence[TrialConfig] = ()  # the first is measured; by default that of `_probe`
    folds: int | None = None  # that each trial trains; None: see `folds_to_try`
    seconds: float | None = None  # that are left of the time budget; None: no budget
    message: Callable[[str], None] = lambda text: None  # shows a line

    @property
    def images(self) -> TrainingSet:
        """The images that recipes are made for."""
        return TrainingSet(shape=self.data.image_shape, n=self.data.train.n)

    @property
    def search_s(self) -> float | None:
        """Seconds that the search may use, finals left aside; None: no budget."""
        return None if self.seconds is None else plan_search_seconds(self.seconds)

    @property
    def folds_to_try(self) -> tuple[int, ...]:
        """The numbers of folds that a trial may train, the one that is preferred first.

        All that the split has, or fewer if they are not asked for and the time is short.
        """
        most = self.data.split.n_folds
        if self.folds is not None or self.settings.folds is not None:
            return (most if self.folds is None else self.folds,)
        return tuple(n for n in sorted({most, *FEWER_FOLDS}, reverse=True) if n <= most)

    def recipes(self, size: NetworkSize) -> list[Recipe]:
        """The recipes of this size that are points of the space."""
        return find_recipes(self.settings, self.space, self.images, size)[0]

    def work(self, config: TrialConfig) -> Work:
        """The work of training `config` on one image."""
        shape = self.data.image_shape
        network = plan_network(config, shape, self.data.n_classes)
        return work_of(config, network, shape, min(config.batch_size, self.data.train.n))


def find_facts(start: Start, study: optuna.Study) -> tuple[Facts, Measurement]:
    """The facts of the study, and the speed of a typical training on the executor's device.

    The facts are found and written when the study is created, and never change afterwards; the
    speed is measured once on each device, backend and version, and added to them.
    Raises: StudyError if the data are no longer those of the study.
    """
    facts = read_study_facts(study)
    device = start.executor.device()
    if facts is None:
        facts = _new_facts(start, device)
        write_study_facts(study, facts)
        return facts, facts.measurements[0]
    _check_data(start, facts)
    known = facts.measured_on(device)
    if known is not None:
        return facts, known
    measured = _measure(start, device, size_of(facts))
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


def _probe(start: Start) -> TrialConfig:
    """The configuration that is measured: a small first recipe, or the median of random ones."""
    if start.typical:
        return start.typical[0]
    recipes = start.recipes(_in_space(start.space, PROBED_SIZE))
    if recipes:
        return start.space.config(recipes[0].point_in(start.space))
    return _median(start)


def _in_space(space: SearchSpace, size: NetworkSize) -> NetworkSize:
    """The size nearest to `size` of those that the space has."""
    widths, batches = _values(space, "filters", WIDTHS), _values(space, "batch_size", BATCHES)
    return NetworkSize(
        filters=min(widths, key=lambda width: abs(width - size.filters)),
        batch_size=min(batches, key=lambda batch: abs(batch - size.batch_size)),
    )


def _values(space: SearchSpace, name: str, values: tuple[int, ...]) -> tuple[int, ...]:
    """Those of `values` that parameter `name` of the space can have; all if it can have none."""
    parameter = space.parameters.get(name)
    found = tuple(v for v in values if parameter is not None and parameter.contains(v))
    return found or values


@dataclass(frozen=True, slots=True, kw_only=True)
class _Speed:
    """What the probe measured: the seconds before a first step, and the scaled cost model."""

    setup_s: float
    cost: CostModel


def _measure_speed(start: Start, device: Device) -> _Speed:
    """Measure the probe on `device`, for PROBE_SHARE of the time at most."""
    precision = device.choose_precision(start.settings.precision)
    limit_s = PROBE_S if start.seconds is None else min(PROBE_S, PROBE_SHARE * start.seconds)
    config = _probe(start)
    speed = start.executor.measure(config, precision, limit_s)
    if speed is None:
        start.message("measuring the speed did not end: the usual speed of a CPU is assumed")
        return _Speed(setup_s=UNMEASURED_S, cost=CostModel())
    setup_s, image_s = speed
    observed = Observed(work=start.work(config), image_s=image_s)
    return _Speed(setup_s=setup_s, cost=CostModel().scaled_to(observed))


def _measurement(start: Start, device: Device, speed: _Speed, typical_s: float) -> Measurement:
    """The measurement; `typical_s` are the seconds of one image in a typical training."""
    return Measurement(
        backend=device.backend,
        device=device.kind,
        names=device.names,
        versions=device.versions,
        precision=device.choose_precision(start.settings.precision),
        setup_seconds=speed.setup_s,
        epoch_seconds=typical_s * epoch_images(start.data.train.n, start.data.validation.n),
        coefficients=speed.cost.coefficients,
    )


def _measure(start: Start, device: Device, size: NetworkSize) -> Measurement:
    """The speed on another device than the study began on; the recipes keep their size."""
    speed = _measure_speed(start, device)
    return _measurement(start, device, speed, speed.cost.image_seconds(_typical(start, size)))


def _typical(start: Start, size: NetworkSize) -> Work:
    """The work of a typical training: that of a plan, the first recipe, or the median draw."""
    if start.typical:
        return start.work(start.typical[0])
    recipes = start.recipes(size)
    if recipes:
        return start.work(start.space.config(recipes[0].point_in(start.space)))
    return start.work(_median(start))


def _new_facts(start: Start, device: Device) -> Facts:
    settings, data = start.settings, start.data
    speed = _measure_speed(start, device)
    is_blind = not start.typical and not start.recipes(_in_space(start.space, PROBED_SIZE))
    sizing = _size(start, device, speed, is_blind=is_blind)
    typical_s = speed.cost.image_seconds(_typical(start, sizing.size))
    pruner = choose_pruner(settings, is_blind=is_blind)
    has_budget = settings.time_budget_s is not None
    has_first_look = is_blind and has_budget and pruner != "none" and sizing.folds == 1
    return Facts(
        image_shape=data.image_shape,
        class_names=data.class_names,
        fingerprint=data.fingerprint,
        mean=data.mean,
        std=data.std,
        value_range=data.value_range,
        n_train=data.train.n,
        n_validation=data.held_out(sizing.folds).n,
        folds=sizing.folds,
        horizon=sizing.horizon,
        recipe_filters=sizing.size.filters,
        recipe_batch=sizing.size.batch_size,
        proposer=choose_proposer(settings, is_blind=is_blind),
        pruner=pruner,
        first_look=FIRST_LOOK if has_first_look else 0.0,
        measurements=(_measurement(start, device, speed, typical_s),),
    )


def _size(start: Start, device: Device, speed: _Speed, *, is_blind: bool) -> Sizing:
    """The size of the first recipe and the epochs of a trial."""
    search_s, epochs = start.search_s, start.settings.epochs
    room = Room(
        n_train=start.data.train.n,
        n_validation=start.data.validation.n,
        seconds=0.0 if search_s is None else search_s,
        setup_s=speed.setup_s,
        epochs=epochs,
        widths=_values(start.space, "filters", WIDTHS),
        batches=_values(start.space, "batch_size", BATCHES),
        folds=start.folds_to_try,
    )
    if start.typical or is_blind:
        size = _in_space(start.space, PROBED_SIZE)
        if search_s is None or epochs is not None:
            horizon = free_horizon(room, size.batch_size, device.kind)
            return Sizing(size=size, horizon=horizon, folds=room.folds[0])
        return longest_trial(room, size, speed.cost.image_seconds(_typical(start, size)))
    if search_s is None:
        return free_size(room, lambda size: _typical(start, size).macs, device.kind)
    return fit_size(room, lambda size: speed.cost.image_seconds(_typical(start, size)))


def size_of(facts: Facts) -> NetworkSize:
    """The size of the recipes of a study."""
    return NetworkSize(filters=facts.recipe_filters, batch_size=facts.recipe_batch)


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
    settings: StudySettings, space: SearchSpace, images: TrainingSet, size: NetworkSize
) -> tuple[list[Recipe], list[str]]:
    """The recipes of this size that are points of `space`, and a line for each that is none."""
    fitting, skipped = [], []
    for recipe in recipes_for(images, size) if settings.recipes else []:
        try:
            recipe.point_in(space)
            fitting.append(recipe)
        except SpaceError as error:
            skipped.append(f"recipe {recipe.name} is skipped: {error}")
    return fitting, skipped


def _median(start: Start) -> TrialConfig:
    """The configuration with the median cost of some random ones; always the same one."""
    space, data, cost = start.space, start.data, CostModel()
    rng = np.random.default_rng(0)
    found: list[tuple[float, TrialConfig]] = []
    while len(found) < PROBED_SAMPLES:
        try:
            config = space.config(space.sample(rng))
            space.network(config, data.image_shape, data.n_classes)
        except Infeasible:
            continue
        found.append((cost.image_seconds(start.work(config)), config))
    found.sort(key=lambda item: item[0])
    return found[PROBED_SAMPLES // 2][1]
