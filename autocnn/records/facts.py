"""The facts of a study: what it found out at its start, and what was measured on each device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from autocnn.data.value_range import EIGHT_BITS, ValueRange
from autocnn.records.converter import from_json, to_json
from autocnn.trial import Device

_FLAT = ("backend", "device", "precision", "setup_seconds", "epoch_seconds")  # of older records


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """The speed of a typical training on one device."""

    backend: str  # "tensorflow" or "jax"
    device: str  # "cpu" or "gpu"
    names: tuple[str, ...] = ()  # of the processors
    versions: tuple[str, ...] = ()  # of Keras and its backend
    precision: str  # of the trainings on this device: "float32" or "bfloat16"
    setup_seconds: float  # wall, before the first step
    epoch_seconds: float  # wall, of one epoch of a typical training, for one fold
    coefficients: tuple[float, ...] = ()  # of the cost model; older records have none

    def is_of(self, device: Device) -> bool:
        """True if the measurement was made on such a device, with the same versions.

        Older records have no names and no versions: the backend and the kind decide.
        """
        if not self.names and not self.versions:
            return (self.backend, self.device) == (device.backend, device.kind)
        ours = (self.backend, self.device, self.names, self.versions)
        return ours == (device.backend, device.kind, device.names, device.versions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a study found out when it was created; only `measurements` grow afterwards."""

    image_shape: tuple[int, int, int]  # height, width, channels
    class_names: tuple[str, ...]
    fingerprint: str  # of the images and labels
    mean: tuple[float, ...] = ()  # one a channel, of the training part, on the scale 0 to 255
    std: tuple[float, ...] = ()
    value_range: ValueRange = EIGHT_BITS  # the stored values that became 0 to 255
    n_train: int = 0  # images, of the first fold
    n_validation: int = 0  # images that a trial is scored on: held out by any of its folds
    folds: int = 1  # networks that each trial trains
    horizon: int  # epochs over which every schedule runs, but that of a promoted trial
    promotes: bool = False  # the best trials are trained once more, with a longer schedule
    longest_refit: int = 0  # epochs that the refit of the winner may have; 0: those of its trial
    recipe_filters: int = 0  # of the first block of the first recipe
    recipe_batch: int = 0  # the batch size of the recipes
    proposer: str  # the sampler or tuner that `auto` stands for
    pruner: str
    first_look: float = 0.0  # fraction of the first epoch after which a trial is judged; 0: never
    measurements: tuple[Measurement, ...] = ()  # the one of the start comes first

    @property
    def n_classes(self) -> int:
        """The number of classes."""
        return len(self.class_names)

    @property
    def precision(self) -> str:
        """The precision that was chosen at the start."""
        return self.measurements[0].precision

    def measured_on(self, device: Device) -> Measurement | None:
        """The measurement of `device`, or None if there is none."""
        return next((each for each in self.measurements if each.is_of(device)), None)

    def with_measurement(self, measurement: Measurement) -> Facts:
        """These facts with one more measurement."""
        return replace(self, measurements=(*self.measurements, measurement))


def facts_to_json(facts: Facts) -> dict[str, Any]:
    """`facts` as plain values, ready for JSON."""
    data: dict[str, Any] = to_json(facts)
    return data


def facts_from_json(data: Mapping[str, Any]) -> Facts:
    """The inverse of `facts_to_json`; facts of older records have one measurement, in flat keys.

    Raises: ValueError, of one line, if a key is missing or a value does not fit.
    """
    if "measurements" not in data and all(key in data for key in _FLAT):
        data = {**data, "measurements": [{key: data[key] for key in _FLAT}]}
    facts = from_json(data, Facts)
    if not facts.measurements:
        raise ValueError("there is no measurement")
    if min(facts.image_shape) < 1 or facts.horizon < 1:
        raise ValueError(f"images of {facts.image_shape} for {facts.horizon} epochs")
    return facts
