"""Optuna's samplers that keep a state between trials, built anew from the record for each trial.

The state of such a sampler (the place in a sequence, the points visited, the generations, a model)
follows from the trials on record, their order and the seeds. So a study that is interrupted and
continued draws what it would have drawn, and no state is written to the record. Only numbers are
read from the record: Optuna's CMA-ES keeps a pickle in the storage, and a pickle in a folder of
unknown origin could run any code.
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from autocnn.engines.independent import IndependentSampler, SeededRandomSampler
from autocnn.engines.protocol import EngineSetup
from autocnn.errors import Infeasible
from autocnn.objectives import Objective
from autocnn.records.distributions import suggest, to_distribution
from autocnn.records.optuna_private import PlacedQMC, UnitCube
from autocnn.records.own_trials import is_promoted, was_drawn
from autocnn.space.activity import steady_parameters
from autocnn.space.config import TrialConfig
from autocnn.space.layers import Network
from autocnn.space.parameters import Value
from autocnn.space.seeds import derive_seed
from autocnn.space.space import SearchSpace

Direction = Literal["minimize", "maximize"]  # of a goal, in Optuna's words
SIGMA = 1 / 6  # of CMA-ES at the start, of the range of each parameter: Optuna's
ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One trial to be drawn, and the record that it is drawn from."""

    study: optuna.Study
    number: int  # of the trial
    space: SearchSpace
    setup: EngineSetup

    @property
    def objective(self) -> Objective:
        """The objective of the study's scores."""
        return self.setup.objective

    @property
    def study_seed(self) -> int:
        """The seed of the study."""
        return self.setup.seed

    @property
    def seed(self) -> int:
        """The seed of this draw alone."""
        return derive_seed(self.study_seed, self.number, "sample")

    def feasible(self, values: Mapping[str, Value]) -> tuple[TrialConfig, Network] | None:
        """The configuration at the point `values` and its layers, or None if it has no network."""
        try:
            config = self.space.config(values)
            network = self.space.network(config, self.setup.image_shape, self.setup.n_classes)
        except Infeasible:
            return None
        return config, network

    def distributions(self) -> dict[str, BaseDistribution]:
        """The distributions of the parameters that are always active, by name."""
        return {n: to_distribution(p) for n, p in steady_parameters(self.space).items()}

    def earlier(self) -> list[FrozenTrial]:
        """The trials before this one, in any state, by number."""
        trials = self.study.get_trials(deepcopy=False)
        return [t for t in trials if t.number < self.number and not is_promoted(t)]

    def scored(self) -> list[tuple[FrozenTrial, float]]:
        """The trials that ended with a score, by number, and their scores."""
        trials = self.study.get_trials(deepcopy=False, states=ENDED)
        scores = [(t, score(t, self.objective)) for t in trials if not is_promoted(t)]
        return [(trial, value) for trial, value in scores if value is not None]

    def completed(self) -> list[FrozenTrial]:
        """The trials of `scored` as complete trials; each is made anew."""
        return [with_values(trial, (value,)) for trial, value in self.scored()]


def score(trial: FrozenTrial, objective: Objective) -> float | None:
    """The score that a model learns from: a trial's value, or the best report of a pruned one.

    None for failed trials and infeasible draws.
    """
    if trial.state is TrialState.PRUNED:
        reported = trial.intermediate_values.values()
        return objective.best(reported) if reported else None
    return trial.value if trial.state is TrialState.COMPLETE else None


class _Shared(FrozenTrial):
    """A trial whose deep copy has the same values and distributions, which nothing changes.

    A study in memory copies each of its trials deeply: 30 ms for 100 trials of 30 parameters.
    """

    def __deepcopy__(self, memo: dict[int, Any]) -> FrozenTrial:
        return copy.copy(self)


def with_values(trial: FrozenTrial, values: Sequence[float] | None) -> FrozenTrial:
    """`trial` as a complete one with a value for each goal, or as a running one without any."""
    start = trial.datetime_start or datetime.now()
    return _Shared(
        number=trial.number,
        trial_id=trial.number,
        state=TrialState.RUNNING if values is None else TrialState.COMPLETE,
        value=None,
        values=values,
        datetime_start=start,
        datetime_complete=None if values is None else start,
        params=trial.params,
        distributions=trial.distributions,
        user_attrs={},
        system_attrs={},
        intermediate_values={},
    )


# --- samplers that compute a whole point ----------------------------------------------------------

_Point = Callable[[Draw, Mapping[str, BaseDistribution]], dict[str, Any]]


class PointSampler(SeededRandomSampler):
    """Draws the point that `point` computes, and at random the parameters that it leaves out."""

    def __init__(self, draw: Draw, point: _Point) -> None:
        super().__init__(draw.seed)
        self._draw, self._point = draw, point

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """The parameters that are always active, from the first trial on."""
        return self._draw.distributions()

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The computed point."""
        return self._point(self._draw, search_space)


def grid(draw: Draw) -> BaseSampler:
    """Every point of a finite space once, in an order shuffled by the study's seed.

    A point counts as visited in any state of its trial, so a recipe is not drawn again. Beyond the
    last point the first is drawn again. Optuna's own grid goes by trial numbers, recipes included,
    and ends by stopping `study.optimize`, which does not run here.
    """
    return PointSampler(draw, _next_of_grid)


def _next_of_grid(draw: Draw, space: Mapping[str, BaseDistribution]) -> dict[str, Any]:
    values = {name: p.all_values() for name, p in steady_parameters(draw.space).items()}
    shape = [len(v) for v in values.values()]
    known = (draw.space.canonical(trial.params) for trial in draw.earlier())
    visited = {tuple(params.get(name) for name in values) for params in known}
    rng = np.random.default_rng(derive_seed(draw.study_seed, "grid"))
    order = rng.permutation(math.prod(shape))

    def point(i: int) -> tuple[Value, ...]:
        places = np.unravel_index(i, shape) if shape else ()
        return tuple(v[int(at)] for v, at in zip(values.values(), places, strict=True))

    points = (point(int(i)) for i in order)
    following = next((p for p in points if p not in visited), point(int(order[0])))
    return dict(zip(values, following, strict=True))


def cma_es(draw: Draw) -> BaseSampler:
    """CMA-ES over the numerical parameters, with Optuna's settings; the others at random.

    Each population of trials with a score, in the order of their numbers, is a generation: pruned
    ones with their best report (Optuna's `consider_pruned_trials`), and recipes too.
    """
    return PointSampler(draw, _draw_of_cma_es)


def _draw_of_cma_es(draw: Draw, space: Mapping[str, BaseDistribution]) -> dict[str, Any]:
    import cmaes

    numerical = {n: d for n, d in space.items() if not isinstance(d, CategoricalDistribution)}
    unit = UnitCube(numerical)
    optimizer = cmaes.CMA(
        mean=np.full(len(numerical), 0.5),
        sigma=SIGMA,
        bounds=unit.bounds,
        seed=draw.seed,
        n_max_resampling=10 * len(numerical),
    )
    sign = -1 if draw.objective.maximize else 1  # CMA-ES minimises
    solutions = [(unit.vector(trial.params), sign * value) for trial, value in draw.scored()]
    size = optimizer.population_size
    for start in range(0, len(solutions) - size + 1, size):
        optimizer.tell(solutions[start : start + size])
    return unit.params(optimizer.ask())


class _Sobol(PlacedQMC):
    """Optuna's Sobol sampler; recipes and other enqueued trials take no place in the sequence."""

    def __init__(self, draw: Draw) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            super().__init__(self._place_of_draw, seed=derive_seed(draw.study_seed, "qmc"))
        self._draw = draw

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return self._draw.distributions()

    def _place_of_draw(self) -> int:
        return sum(was_drawn(trial) for trial in self._draw.earlier())


def qmc(draw: Draw) -> BaseSampler:
    """A Sobol sequence, scrambled by the study's seed."""
    return _Sobol(draw)


# --- samplers that learn from the scores ----------------------------------------------------------


class InMemorySampler(IndependentSampler):
    """Draws with an Optuna sampler in a study in memory, which holds `trials` only."""

    def __init__(
        self, sampler: BaseSampler, trials: list[FrozenTrial], directions: Sequence[Direction]
    ) -> None:
        self._sampler, self._trials, self._directions = sampler, trials, directions

    @cached_property
    def _trial(self) -> optuna.Trial:
        in_memory = optuna.create_study(directions=self._directions, sampler=self._sampler)
        in_memory.add_trials(self._trials)
        return in_memory.ask()

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """The value that the study in memory draws for this parameter."""
        return suggest(self._trial, param_name, param_distribution)


def gp(draw: Draw) -> BaseSampler:
    """A Gaussian process; Optuna fits it to complete trials only, so every trial is made one.

    A pruned trial counts with its best report: less than it would have come to, so the model stays
    further away than it need. Failed trials and infeasible draws count as the worst score so far:
    without them the model would propose the same point again and again.
    """
    trials = draw.study.get_trials(deepcopy=False, states=ENDED)
    scores = [score(trial, draw.objective) for trial in trials]
    known = [s for s in scores if s is not None]
    worst = (min if draw.objective.maximize else max)(known, default=0.0)
    names = steady_parameters(draw.space).keys()
    complete = [
        with_values(trial, (worst if s is None else s,))
        for trial, s in zip(trials, scores, strict=True)
        if known and names <= trial.params.keys()
    ]
    sampler = optuna.samplers.GPSampler(
        seed=draw.seed, n_startup_trials=1, warn_independent_sampling=False
    )
    return InMemorySampler(sampler, complete, [draw.objective.direction])
