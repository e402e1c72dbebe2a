"""Optuna's samplers by name, the spaces that each serves, and the sampler of a study."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial

from autocnn.engines.builders import find_builder
from autocnn.engines.evolution import evolution
from autocnn.engines.independent import SeededRandomSampler
from autocnn.engines.nsga2 import nsga2
from autocnn.engines.protocol import EngineSetup
from autocnn.engines.replayed_samplers import Draw, cma_es, gp, grid, qmc
from autocnn.engines.rungs import STARTUP_TRIALS
from autocnn.engines.several_goals import several_by_nsga2, several_by_tpe
from autocnn.engines.tpe import tpe
from autocnn.errors import SettingsError
from autocnn.records.choices import SAMPLERS
from autocnn.records.optuna_record import n_ended
from autocnn.space.activity import conditional_parameters, steady_parameters
from autocnn.space.parameters import Categorical
from autocnn.space.space import SearchSpace

PARENTS = 3  # trials with a score before one is mutated: as many as there are recipes
MAX_GRID_POINTS = 100_000  # of a grid; more would take weeks, and their order lies in memory


def _random(draw: Draw) -> BaseSampler:
    return SeededRandomSampler(draw.seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampler:
    """How a sampler is made for one trial, and what it requires."""

    make: Callable[[Draw], BaseSampler]
    several: Callable[[Draw], BaseSampler] | None = None  # the same for several goals; None: one
    conditions: bool  # whether it serves parameters that are active at some points only
    continuous: bool = True  # whether it serves ranges without a step
    startup: int = 0  # draws at random until so many trials have ended, recipes included
    least_numerical: int = 0  # the number of numerical parameters that must vary
    packages: tuple[str, ...] = ()  # required, and not installed with autocnn itself
    extra: str = ""  # the optional dependencies of autocnn that install `packages`


# The entries of the table `autocnn.records.choices.SAMPLERS`.
TPE = Sampler(make=tpe, several=several_by_tpe, conditions=True, startup=STARTUP_TRIALS)
RANDOM = Sampler(make=_random, several=_random, conditions=True)
GRID = Sampler(make=grid, several=grid, conditions=False, continuous=False)
QMC = Sampler(make=qmc, several=qmc, conditions=False)
CMA_ES = Sampler(
    make=cma_es, conditions=False, least_numerical=2, packages=("cmaes",), extra="cma-es"
)
GP = Sampler(
    make=gp, conditions=False, startup=STARTUP_TRIALS, packages=("torch", "scipy"), extra="gp"
)
NSGA2 = Sampler(make=nsga2, several=several_by_nsga2, conditions=True)
EVOLUTION = Sampler(make=evolution, conditions=True, startup=PARENTS)


def find_sampler(name: str) -> Sampler:
    """The sampler called `name` in the settings."""
    found: Sampler = find_builder(SAMPLERS, name)
    return found


def check_sampler(name: str, space: SearchSpace) -> None:
    """Find out whether the sampler `name` can search `space`.

    Raises: SettingsError, naming the parameter or package that is in the way, and what to do.
    """
    problem = _problem_with_space(name, space) or _problem_with_packages(name)
    if problem is not None:
        raise SettingsError(f"--sampler {name} {problem}")


def samplers_for_several() -> tuple[str, ...]:
    """The samplers that propose for several goals."""
    return tuple(name for name in SAMPLERS if find_sampler(name).several is not None)


def _problem_with_space(name: str, space: SearchSpace) -> str | None:
    sampler, cannot = find_sampler(name), f"cannot search the space {space.name}"
    endless = [n for n, p in space.varying() if math.isinf(p.n_values())]
    conditional = conditional_parameters(space)
    if conditional and not sampler.conditions:
        serving = [n for n in SAMPLERS if find_sampler(n).conditions]
        others = f"--sampler {', '.join(serving[:-1])} or {serving[-1]}"
        if name == "grid" and not endless:
            others += ", or --engine keras-tuner --tuner grid"
        return f"{cannot}: {conditional[0]} is active under a condition only; use {others}"
    if endless and not sampler.continuous:
        return (
            f"{cannot}: {endless[0]} is a continuous range; "
            "give it a step, or use --sampler qmc or tpe"
        )
    if not sampler.continuous and space.n_points() > MAX_GRID_POINTS:
        return (
            f"{cannot}: it has {space.n_points():,} points, more than {MAX_GRID_POINTS:,}; "
            "fix some parameters, or use --sampler qmc or tpe"
        )
    numerical = [n for n, p in steady_parameters(space).items() if not isinstance(p, Categorical)]
    if len(numerical) < sampler.least_numerical:
        varies = f"only {numerical[0]} is a" if numerical else "it varies no"
        return (
            f"{cannot}: {varies} numerical parameter, and {sampler.least_numerical} are needed; "
            "use --sampler tpe or random"
        )
    return None


def _problem_with_packages(name: str) -> str | None:
    sampler = find_sampler(name)
    missing = [package for package in sampler.packages if find_spec(package) is None]
    if not missing:
        return None
    return f"needs the package {missing[0]}: pip install 'autocnn[{sampler.extra}]'"


class PerTrialSampler(BaseSampler):
    """Draws each trial with a fresh sampler, seeded from the study's seed and the trial's number.

    So a study that is interrupted and continued draws what it would have drawn. A single sampler
    that is created again with the same seed would repeat its first points.
    """

    def __init__(self, space: SearchSpace, setup: EngineSetup) -> None:
        self._sampler, self._space, self._setup = find_sampler(setup.proposer), space, setup
        self._made: tuple[int, BaseSampler] | None = None  # for the trial of this number

    def _of(self, study: optuna.Study, trial: FrozenTrial) -> BaseSampler:
        """The sampler of `trial`, made at its first draw."""
        if self._made is None or self._made[0] != trial.number:
            draw = Draw(study=study, number=trial.number, space=self._space, setup=self._setup)
            # Infeasible draws are no trials, but Optuna would count them among the start-up trials.
            starting = n_ended(study) < self._sampler.startup
            make = self._sampler.several if self._setup.costs else self._sampler.make
            if make is None:
                raise ValueError(f"sampler {self._setup.proposer} proposes for one goal only")
            self._made = (trial.number, (_random if starting else make)(draw))
        return self._made[1]

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """The relative search space, of this trial's sampler."""
        return self._of(study, trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The values that are drawn jointly, of this trial's sampler, in canonical notation."""
        drawn = self._of(study, trial).sample_relative(study, trial, search_space)
        return self._space.canonical(drawn)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """A value that is drawn alone, of this trial's sampler, in canonical notation."""
        sampler = self._of(study, trial)
        value = sampler.sample_independent(study, trial, param_name, param_distribution)
        return self._space.canonical({param_name: value})[param_name]
