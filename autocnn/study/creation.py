"""What a study finds out when it is created, and what it measures on each device."""

from __future__ import annotations

from typing import IO, Any

import numpy as np
import optuna

from autocnn.data.options import ImageOptions
from autocnn.data.prepared import PreparedData, prepare
from autocnn.data.split import Split
from autocnn.engines.choose import choose_proposer, choose_pruner
from autocnn.engines.recipes import NetworkSize
from autocnn.errors import StudyError
from autocnn.files import write_atomic
from autocnn.records.facts import Facts, Measurement
from autocnn.records.optuna_record import read_study_facts, write_study_facts
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.study.probe import Speed, Start, measure_again, measure_speed
from autocnn.study.recipe_size import (
    image_seconds,
    is_blind,
    least_steps,
    size_recipes,
    why_one_horizon,
)
from autocnn.study.sizing import epoch_images, steps_of_epoch
from autocnn.trial import Device

FIRST_LOOK = 0.2  # of the first epoch, after which a trial of a search without recipes is judged


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
            f"study {study}: data set {data.name} is not (or no longer) the data that the study "
            "was made with; put those there, or start another study"
        )
    if facts.mean and not np.allclose([facts.mean, facts.std], [data.mean, data.std]):
        raise StudyError(
            f"study {study}: its images were normalised by other statistics, as an earlier version "
            "did with --subset; start another study"
        )


def _measurement(start: Start, device: Device, speed: Speed, typical_s: float) -> Measurement:
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
    speed = measure_speed(start, device)
    return _measurement(start, device, speed, image_seconds(start, speed, size))


def _new_facts(start: Start, device: Device) -> Facts:
    settings, data = start.settings, start.data
    speed = measure_speed(start, device)
    blind = is_blind(start)
    sizing = size_recipes(start, device, speed, is_blind=blind)
    if not blind and not start.typical:
        speed = measure_again(start, device, speed, sizing.size)
        sizing = size_recipes(start, device, speed, is_blind=blind)
    typical_s = image_seconds(start, speed, sizing.size)
    if settings.horizons == 2 and not sizing.promotes:
        reason = why_one_horizon(start) or "the time is too short"
        start.message(f"all schedules have one length ({reason}), as with --horizons 1")
    steps = steps_of_epoch(data.train.n, sizing.size.batch_size, least_steps(start))
    pruner = choose_pruner(settings, sizing.horizon, steps, is_blind=blind)
    has_budget = settings.time_budget_s is not None
    has_first_look = blind and has_budget and pruner != "none" and sizing.folds == 1
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
        promotes=sizing.promotes,
        longest_refit=0 if start.typical else sizing.longest_refit,
        recipe_filters=sizing.size.filters,
        recipe_batch=sizing.size.batch_size,
        proposer=choose_proposer(settings, is_blind=blind),
        pruner=pruner,
        first_look=FIRST_LOOK if has_first_look else 0.0,
        measurements=(_measurement(start, device, speed, typical_s),),
    )


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
