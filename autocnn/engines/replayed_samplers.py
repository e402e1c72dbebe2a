"""Optuna's samplers that keep a state between trials, built anew from the record at every ask.

What such a sampler would remember (the place in a sequence, the points visited, generations, a
model) follows from the trials on record, their order and the seeds. So a study that is interrupted
and continued draws what it would have drawn; nothing of it is written to the record; and nothing
but numbers is read from there: Optuna's CMA-ES keeps a pickle in the storage, and a pickle in a
folder that came from somebody else could run any code.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import optuna
from optuna._transform import _SearchSpaceTransform  # the one that Optuna's own CMA-ES uses
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler, NSGAIISampler, QMCSampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from autocnn.engines.independent import AtRandom, OneByOne
from autocnn.records.distributions import suggest, to_distribution
from autocnn.space.activity import steady_parameters
from autocnn.space.parameters import Value
from autocnn.space.seeds import derive_seed
from autocnn.space.space import SearchSpace

POPULATION = 10  # of NSGA-II; Optuna's 50 are more trials than most studies have
SIGMA = 1 / 6  # of CMA-ES at the start, of the range of each parameter: Optuna's
ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One trial to be drawn, and what it may be drawn from."""

    study: optuna.Study
    number: int  # of the trial
    study_seed: int
    space: SearchSpace

    @property
    def seed(self) -> int:
        """Of this draw."""
        return derive_seed(self.study_seed, self.number, "sample")

    def distributions(self) -> dict[str, BaseDistribution]:
        """Of the parameters that are always active."""
        return {n: to_distribution(p) for n, p in steady_parameters(self.space).items()}

    def earlier(self) -> list[FrozenTrial]:
        """The trials before this one, whatever became of them, by number."""
        trials = self.study.get_trials(deepcopy=False)
        return [trial for trial in trials if trial.number < self.number]

    def scored(self, latest: int | None = None) -> list[FrozenTrial]:
        """The trials that ended with a score, by number, as if all were complete; or the `latest`.

        Each is made anew, which takes 0.1 ms.
        """
        trials = self.study.get_trials(deepcopy=False, states=ENDED)
        scored = [(trial, s) for trial in trials if (s := score(trial)) is not None]
        return [_as_complete(*pair) for pair in scored[-(latest or len(scored)) :]]


def score(trial: FrozenTrial) -> float | None:
    """What a model may learn from `trial`: its value, or where it was pruned the best it reported.

    None for failed trials and infeasible draws.
    """
    if trial.state is TrialState.PRUNED:
        return max(trial.intermediate_values.values(), default=None)
    return trial.value if trial.state is TrialState.COMPLETE else None


def _as_complete(trial: FrozenTrial, value: float) -> FrozenTrial:
    return create_trial(value=value, params=trial.params, distributions=trial.distributions)


# --- sequences: a point for each place ------------------------------------------------------------


class Planned(AtRandom):
    """Draws the point that `plan` states, and at random what the point leaves out."""

    def __init__(
        self, ask: Ask, plan: Callable[[Ask, dict[str, BaseDistribution]], dict[str, Any]]
    ) -> None:
        super().__init__(ask.seed)
        self._ask, self._plan = ask, plan

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Every parameter that is always active, from the first trial on."""
        return self._ask.distributions()

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The point."""
        return self._plan(self._ask, search_space)


def grid(ask: Ask) -> BaseSampler:
    """Every point of a finite space once, in an order shuffled by the study's seed.

    A point counts as visited whatever became of its trial, so a recipe is not drawn again. Beyond
    the last point the first is drawn again. Optuna's own goes by trial numbers, recipes included,
    and stops `study.optimize`, which nobody called.
    """
    return Planned(ask, _next_of_grid)


def _next_of_grid(ask: Ask, space: Mapping[str, BaseDistribution]) -> dict[str, Any]:
    values = {name: p.all_values() for name, p in steady_parameters(ask.space).items()}
    shape = [len(v) for v in values.values()]
    visited = {tuple(trial.params.get(name) for name in values) for trial in ask.earlier()}
    order = np.random.default_rng(derive_seed(ask.study_seed, "grid")).permutation(math.prod(shape))

    def point(i: int) -> tuple[Value, ...]:
        places = np.unravel_index(i, shape) if shape else ()
        return tuple(v[int(at)] for v, at in zip(values.values(), places, strict=True))

    points = (point(int(i)) for i in order)
    following = next((p for p in points if p not in visited), point(int(order[0])))
    return dict(zip(values, following, strict=True))


def cma_es(ask: Ask) -> BaseSampler:
    """CMA-ES over the numerical parameters, with Optuna's settings; the others at random.

    Each population of trials with a score, in the order of their numbers, is a generation: pruned
    ones with the best they reported (Optuna's `consider_pruned_trials`), and recipes too.
    """
    return Planned(ask, _draw_of_cma_es)


def _draw_of_cma_es(ask: Ask, space: Mapping[str, BaseDistribution]) -> dict[str, Any]:
    import cmaes

    numerical = {n: d for n, d in space.items() if not isinstance(d, CategoricalDistribution)}
    unit = _SearchSpaceTransform(numerical, transform_0_1=True)
    optimizer = cmaes.CMA(
        mean=np.full(len(numerical), 0.5),
        sigma=SIGMA,
        bounds=unit.bounds,
        seed=ask.seed,
        n_max_resampling=10 * len(numerical),
    )
    told = [(unit.transform(t.params), -t.value) for t in ask.scored() if t.value is not None]
    size = optimizer.population_size
    for start in range(0, len(told) - size + 1, size):
        optimizer.tell(told[start : start + size])
    return unit.untransform(optimizer.ask())


class _Sobol(QMCSampler):
    """Optuna's, which keeps its place in the sequence in the storage; here it is given."""

    def __init__(self, ask: Ask) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            super().__init__(scramble=True, seed=derive_seed(ask.study_seed, "qmc"))
        self._ask = ask

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return self._ask.distributions()

    def _find_sample_id(
        self, study: optuna.Study, search_space: dict[str, BaseDistribution]
    ) -> int:
        return sum("recipe" not in trial.user_attrs for trial in self._ask.earlier())


def qmc(ask: Ask) -> BaseSampler:
    """A Sobol sequence, scrambled by the study's seed; recipes take no place in it."""
    return _Sobol(ask)


# --- models: what is learned from the scores ------------------------------------------------------


class InMemory(OneByOne):
    """Draws with an Optuna sampler in a study in memory, which holds `trials` and nothing else."""

    def __init__(self, sampler: BaseSampler, trials: list[FrozenTrial]) -> None:
        self._sampler, self._trials = sampler, trials

    @cached_property
    def _trial(self) -> optuna.Trial:
        study = optuna.create_study(direction="maximize", sampler=self._sampler)
        study.add_trials(self._trials)
        return study.ask()

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """What the study in memory draws for this parameter."""
        return suggest(self._trial, param_name, param_distribution)


def gp(ask: Ask) -> BaseSampler:
    """A Gaussian process, which Optuna fits to complete trials only, so here all are such.

    A pruned trial counts with the best it reported: less than it would have come to, so the model
    stays further away than it need. Failed trials and infeasible draws count as the worst score so
    far: without them the model would propose the same point again and again.
    """
    trials = ask.study.get_trials(deepcopy=False, states=ENDED)
    scores = [score(trial) for trial in trials]
    known = [s for s in scores if s is not None]
    worst = min(known, default=0.0)
    names = steady_parameters(ask.space).keys()
    told = [
        _as_complete(trial, worst if s is None else s)
        for trial, s in zip(trials, scores, strict=True)
        if known and names <= trial.params.keys()
    ]
    sampler = optuna.samplers.GPSampler(
        seed=ask.seed, n_startup_trials=1, warn_independent_sampling=False
    )
    return InMemory(sampler, told)


class _Nsga2(NSGAIISampler):
    """Optuna's, whose generations are marked in the storage; here they follow from the order.

    Optuna's finds the parents of a generation by those of the one before, which it has stored: in
    a study that is new at every ask it would go down to the first, a frame or two for each.
    """

    def get_trial_generation(self, study: optuna.Study, trial: FrozenTrial) -> int:
        return len(_complete(study)) // POPULATION

    def get_parent_population(self, study: optuna.Study, generation: int) -> list[FrozenTrial]:
        trials, parents = _complete(study), list[FrozenTrial]()
        for start in range(0, generation * POPULATION, POPULATION):
            rivals = trials[start : start + POPULATION] + parents
            parents = self._elite_population_selection_strategy(study, rivals)
        return parents


def _complete(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])


def nsga2(ask: Ask) -> BaseSampler:
    """A genetic algorithm: each POPULATION trials with a score are a generation, recipes included.

    Optuna's would count complete trials only, of which pruning leaves few; here pruned ones count
    with the best they reported. Parameters that are active at some points only are not inherited.
    """
    return InMemory(_Nsga2(population_size=POPULATION, seed=ask.seed), ask.scored())
