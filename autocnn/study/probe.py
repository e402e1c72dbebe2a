"""The probe: what a study measures of a training's speed before it begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from autocnn.data.prepared import PreparedData
from autocnn.engines.recipes import WIDTHS, NetworkSize, Recipe
from autocnn.errors import Infeasible
from autocnn.executors.protocol import Executor
from autocnn.records.study_settings import StudySettings
from autocnn.space.config import TrialConfig
from autocnn.space.cost import Work, work_of
from autocnn.space.layers import plan_network
from autocnn.space.space import BATCH_SIZE, SearchSpace
from autocnn.study.cost_model import CostModel, Observed
from autocnn.study.recipes import find_recipes
from autocnn.study.sizing import BATCHES, FEWER_FOLDS
from autocnn.trial import Device

PROBED_SAMPLES = 51  # random networks, of which the one with the median cost is measured
PROBE_SHARE = 0.03  # of the time, that measuring the speed takes at most, beyond its first steps
PROBE_S = 1.0  # the same, if that is less or no time is given
PROBED_SIZE = NetworkSize(filters=32, batch_size=32)  # of the recipe that is measured
UNMEASURED_S = 10.0  # seconds before the first step, if a measurement did not end


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What the facts of a study are found from."""

    settings: StudySettings
    space: SearchSpace  # fitted to the images
    data: PreparedData
    executor: Executor
    typical: Sequence[TrialConfig] = ()  # the first is measured; by default that of `_typical`
    folds: int | None = None  # that each trial trains; None: see `folds_to_try`
    seconds: float | None = None  # that are left of the time budget; None: no budget
    message: Callable[[str], None] = lambda text: None  # shows a line
    measured: Speed | None = None  # the speed, if it was measured already

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
        return find_recipes(self.settings, self.space, self.data, size)[0]

    def work(self, config: TrialConfig) -> Work:
        """The work of training `config` on one image."""
        shape = self.data.image_shape
        network = plan_network(config, shape, self.data.n_classes)
        return work_of(config, network, shape, self.data.train.n)


def _typical(start: Start, size: NetworkSize) -> TrialConfig:
    """A typical configuration: that of a plan, the first recipe of `size`, or the median draw."""
    if start.typical:
        return start.typical[0]
    recipes = start.recipes(size)
    if recipes:
        return start.space.config(recipes[0].point_in(start.space))
    return _median(start)


def batches_of(start: Start) -> tuple[int, ...]:
    """The batches that recipes may have: the one of the settings, or those that the space has."""
    given = start.settings.batch_size
    return values_of(start.space, BATCH_SIZE, BATCHES) if given is None else (given,)


def in_space(start: Start, size: NetworkSize) -> NetworkSize:
    """The size nearest to `size` of those that the space has."""
    widths, batches = values_of(start.space, "filters", WIDTHS), batches_of(start)
    return NetworkSize(
        filters=min(widths, key=lambda width: abs(width - size.filters)),
        batch_size=min(batches, key=lambda batch: abs(batch - size.batch_size)),
    )


def values_of(space: SearchSpace, name: str, values: tuple[int, ...]) -> tuple[int, ...]:
    """Those of `values` that parameter `name` of the space can have; all if it can have none."""
    parameter = space.parameters.get(name)
    found = tuple(v for v in values if parameter is not None and parameter.contains(v))
    return found or values


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """What the probe measured: the seconds before a first step, and the scaled cost model."""

    setup_s: float
    cost: CostModel
    is_measured: bool = True  # False: the measurement did not end, this is the usual speed


def measure_speed(start: Start, device: Device) -> Speed:
    """Measure the probe on `device`, for PROBE_SHARE of the time at most, unless `start` knows."""
    if start.measured is not None:
        return start.measured
    precision = device.choose_precision(start.settings.precision)
    limit_s = PROBE_S if start.seconds is None else min(PROBE_S, PROBE_SHARE * start.seconds)
    config = _typical(start, in_space(start, PROBED_SIZE))
    speed = start.executor.measure(config, precision, limit_s)
    if speed is None:
        start.message("measuring the speed did not end: the usual speed of a CPU is assumed")
        return Speed(setup_s=UNMEASURED_S, cost=CostModel(), is_measured=False)
    setup_s, image_s = speed
    observed = Observed(work=start.work(config), image_s=image_s)
    return Speed(setup_s=setup_s, cost=CostModel().scaled_to(observed))


def measure_again(start: Start, device: Device, speed: Speed, size: NetworkSize) -> Speed:
    """Measure the first recipe of `size` as well, if that takes no more than PROBE_SHARE.

    A wide network on large batches runs at another pace than the small one that was measured first:
    on two cores with AMX the small one alone makes networks of 64 filters look 1.5 times as slow as
    they are.
    """
    config = _typical(start, size)
    if start.seconds is None or not speed.is_measured:
        return speed
    most_s = PROBE_SHARE * start.seconds
    limit_s = min(PROBE_S, most_s)
    is_known = config == _typical(start, in_space(start, PROBED_SIZE))
    if is_known or speed.setup_s + limit_s > most_s:
        return speed
    precision = device.choose_precision(start.settings.precision)
    found = start.executor.measure(config, precision, limit_s)
    if found is None:
        return speed
    setup_s, image_s = found
    observed = Observed(work=start.work(config), image_s=image_s)
    return Speed(setup_s=max(setup_s, speed.setup_s), cost=speed.cost.scaled_to(observed))


def typical_work(start: Start, size: NetworkSize) -> Work:
    """The work of a typical training, whose recipe, if it is one, has `size`."""
    return start.work(_typical(start, size))


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
