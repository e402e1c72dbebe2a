"""Draws the configurations of a recorded pool: recipes, random points, mutants, points from TPE.

The recipes come first, then two random points, two mutants of recipes and one of TPE in turn. A
configuration depends on its number and, for TPE, on the scores on record, so that a pool that is
recorded in pieces is the same as one recorded at once.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import optuna
from optuna.samplers import TPESampler
from replay_pool import Recorded, best_score

from autocnn.data.prepared import PreparedData
from autocnn.engines.mutations import mutate
from autocnn.engines.recipes import NetworkSize, Recipe
from autocnn.errors import Infeasible
from autocnn.records.distributions import draw_values, to_distribution
from autocnn.records.study_settings import StudySettings
from autocnn.space.config import TrialConfig
from autocnn.space.cost import work_of
from autocnn.space.parameters import Fixed, Value
from autocnn.space.seeds import derive_seed
from autocnn.space.space import SearchSpace
from autocnn.space.toml import load_space
from autocnn.study.cost_model import CostModel
from autocnn.study.recipes import find_recipes

TURNS = ("random", "mutant", "random", "mutant", "tpe")
TRIES = 10_000  # of one draw
MORE_CHANGES = 1.0  # of a mutant beyond the first, on average: as in autocnn's evolution


@dataclass(frozen=True, slots=True)
class Drawn:
    """One configuration of the pool."""

    number: int
    origin: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """The source of a pool's configurations."""

    space: SearchSpace  # fitted to the images
    data: PreparedData
    recipes: Sequence[Recipe]
    seed: int
    most_cost: float  # times the first recipe's: the predicted seconds of an image
    known: set[TrialConfig] = field(default_factory=set)  # no configuration is drawn twice

    @classmethod
    def of(cls, data: PreparedData, size: NetworkSize, seed: int, most_cost: float) -> Draws:
        """The draws for `data`; the first recipe has `size`."""
        space = load_space("cnn").fitted(data.image_shape, data.train.n)
        settings = StudySettings(study="replay", dataset="digits")
        recipes, _ = find_recipes(settings, space, data, size)
        return cls(space=space, data=data, recipes=recipes, seed=seed, most_cost=most_cost)

    def draw(self, number: int, rows: Sequence[Recorded]) -> Drawn:
        """Configuration `number`, given the trainings on record of those before it."""
        if number < len(self.recipes):
            recipe = self.recipes[number]
            return self._note(Drawn(number, f"recipe:{recipe.name}", recipe.point_in(self.space)))
        kind = TURNS[(number - len(self.recipes)) % len(TURNS)]
        for attempt in range(TRIES):
            rng = np.random.default_rng(derive_seed(self.seed, number, f"{kind} {attempt}"))
            origin, values = self._point(kind, rng, rows)
            if self.is_usable(values):
                return self._note(Drawn(number, origin, values))
        raise SystemExit(f"no configuration within --most-cost {self.most_cost:g}; give more")

    def remember(self, rows: Sequence[Recorded]) -> None:
        """Count the configurations of `rows` as drawn."""
        self.known.update(self.space.config(row.point) for row in rows)

    def is_usable(self, values: Mapping[str, Value]) -> bool:
        """True if the point has a network, is cheap enough, and is new."""
        try:
            config = self.space.config(values)
            cost = self._image_seconds(config)
        except Infeasible:
            return False
        most = self.most_cost * self._image_seconds(self._first_config())
        return cost <= most and config not in self.known

    def _note(self, drawn: Drawn) -> Drawn:
        self.known.add(self.space.config(drawn.values))
        return drawn

    def _first_config(self) -> TrialConfig:
        return self.space.config(self.recipes[0].point_in(self.space))

    def _image_seconds(self, config: TrialConfig) -> float:
        shape = self.data.image_shape
        network = self.space.network(config, shape, self.data.n_classes)
        return CostModel().image_seconds(work_of(config, network, shape, self.data.train.n))

    def _point(
        self, kind: str, rng: np.random.Generator, rows: Sequence[Recorded]
    ) -> tuple[str, dict[str, Value]]:
        if kind == "random":
            return kind, self.space.sample(rng)
        if kind == "tpe":
            return kind, draw_from_tpe(self.space, rows, int(rng.integers(2**31)))
        recipe = self.recipes[int(rng.integers(len(self.recipes)))]
        n_changes = 1 + int(rng.poisson(MORE_CHANGES))
        child = mutate(self.space, recipe.point_in(self.space), n_changes, rng)
        return f"mutant:{recipe.name}", child


def draw_from_tpe(space: SearchSpace, rows: Sequence[Recorded], seed: int) -> dict[str, Value]:
    """A point from Optuna's TPE, which has seen the first training of the longest horizon."""
    longest = max((row.horizon for row in rows), default=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = TPESampler(n_startup_trials=4, group=True, multivariate=True, seed=seed)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    varying = dict(space.varying())
    for row in rows:
        if row.horizon != longest or row.seed != 0:
            continue
        params = {n: v for n, v in row.point.items() if n in varying}
        distributions = {
            n: to_distribution(p)
            for n, p in varying.items()
            if n in params and not isinstance(p, Fixed)
        }
        study.add_trial(
            optuna.trial.create_trial(
                params=params, distributions=distributions, value=best_score(row)
            )
        )
    return draw_values(study.ask(), space)


def to_text(values: Mapping[str, Value]) -> str:
    """The values as JSON, in one notation."""
    return json.dumps(dict(values), sort_keys=True)
