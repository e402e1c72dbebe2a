"""The size of a study's recipes, from its images, its time and a measured speed."""

from __future__ import annotations

from functools import partial

from autocnn.engines.recipes import WIDTHS, NetworkSize, widths_for
from autocnn.space.space import LEAST_STEPS
from autocnn.study.probe import (
    PROBED_SIZE,
    Speed,
    Start,
    batches_of,
    in_space,
    typical_work,
    values_of,
)
from autocnn.study.sizing import Room, Sizing, fit_size, free_horizon, free_size, longest_trial
from autocnn.trial import Device

NARROW = 16  # filters of the first recipe at most, if the smallest network is wanted


def is_blind(start: Start) -> bool:
    """True if neither a plan nor a recipe says what comes first."""
    return not start.typical and not start.recipes(in_space(start, PROBED_SIZE))


def size_recipes(start: Start, device: Device, speed: Speed, *, is_blind: bool) -> Sizing:
    """The size of the first recipe and the epochs of a trial."""
    seconds, room = start.seconds, room_of(start, speed)
    if start.typical or is_blind:
        size = in_space(start, PROBED_SIZE)
        if seconds is None or room.epochs is not None:
            horizon = free_horizon(room, size.batch_size, device.kind)
            return Sizing(size=size, horizon=horizon, folds=room.folds[0])
        return longest_trial(room, size, image_seconds(start, speed, size))
    if seconds is None:
        return free_size(room, lambda size: typical_work(start, size).macs, device.kind)
    return fit_size(room, partial(image_seconds, start, speed))


def room_of(start: Start, speed: Speed) -> Room:
    """The images of a trial, and the time that the search has for it."""
    return Room(
        n_train=start.data.train.n,
        n_validation=start.data.validation.n,
        seconds=start.seconds or 0.0,
        setup_s=speed.setup_s,
        retrainings=start.settings.n_retrainings / start.executor.capacity,
        epochs=start.settings.epochs,
        widths=values_of(start.space, "filters", _widths(start)),
        batches=batches_of(start),
        least_steps=least_steps(start),
        folds=start.folds_to_try,
        promotes=start.settings.horizons == 2 and not why_one_horizon(start),
        wants_smallest=start.settings.smallest,
    )


def image_seconds(start: Start, speed: Speed, size: NetworkSize) -> float:
    """The seconds of one image in a typical training with recipes of `size`."""
    return speed.cost.image_seconds(typical_work(start, size))


def why_one_horizon(start: Start) -> str:
    """The reason why no trial can have a longer schedule than the others, or ""."""
    settings = start.settings
    if start.typical or settings.engine != "optuna":
        return "only the engine optuna has two"
    if settings.epochs is not None:
        return "--epochs gives it"
    return "" if start.seconds is not None else "there is no time budget"


def least_steps(start: Start) -> int:
    """The steps of an epoch that bound its batches; a batch that is given has no such bound."""
    return LEAST_STEPS if start.settings.batch_size is None else 1


def _widths(start: Start) -> tuple[int, ...]:
    """The widths that the first recipe may have: narrow ones if the smallest network is wanted."""
    if start.settings.smallest:
        return tuple(width for width in WIDTHS if width <= NARROW)
    return widths_for(start.data.train.n)
