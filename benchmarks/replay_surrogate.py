"""A recorded pool as it is searched: configurations with their runs, near ones, and made-up ones.

A search asks for configurations that were never trained. It gets the nearest one that it has not
had yet: of the recorded ones, or of a pool that a random forest has enlarged (`enlarge`). The
forest predicts whole curves and costs; a residual of another configuration, from trees that had
not seen it, is added, so that made-up configurations vary as much as recorded ones do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from replay_pool import Recorded
from scipy.stats import spearmanr
from sklearn.ensemble import RandomForestRegressor

from autocnn.engines.mutations import mutate
from autocnn.space.parameters import Categorical, Float, Int, Parameter, Value
from autocnn.space.space import SearchSpace

Numbers = npt.NDArray[np.float64]
INACTIVE = -1.0
TREES = 100


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One whole training; arrays have a number for each epoch."""

    val: Numbers  # accuracy on the validation part
    loss: Numbers
    held: Numbers  # accuracy on the held-out part
    cpu: Numbers  # CPU seconds from the start of the training to the end of the epoch
    failed: bool = False

    @property
    def seconds(self) -> float:
        """CPU seconds of the whole training."""
        return float(self.cpu[-1])

    def best(self, epochs: int) -> int:
        """The index of the best of the first `epochs` epochs, the lower loss first."""
        return int(np.lexsort((self.loss[:epochs], -self.val[:epochs]))[0])


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One configuration, with its runs by horizon."""

    origin: str
    point: Mapping[str, Value]
    runs: Mapping[int, Sequence[Run]]

    def run(self, horizon: int, seed: int) -> Run:
        """The run of a search with this seed."""
        own = self.runs[horizon]
        return own[seed % len(own)]


class Encoder:
    """Points as vectors: numbers and ordered choices as their place in the range, others as codes.

    Source of the ordering: choices that are all numbers, such as 8, 12, 16, count as ordered.
    """

    def __init__(self, space: SearchSpace) -> None:
        self.space = space
        self._parameters = dict(space.varying())
        self._places = {name: _place_of(p) for name, p in self._parameters.items()}
        self.is_ordered = np.array([_is_ordered(p) for p in self._parameters.values()])
        self.n_choices = np.array([_n_choices(p) for p in self._parameters.values()])

    def vector(self, point: Mapping[str, Value]) -> Numbers:
        """The vector of `point`, with INACTIVE for parameters that are not active."""
        places = [
            place(point[name]) if name in point else INACTIVE
            for name, place in self._places.items()
        ]
        return np.array(places, dtype=np.float64)

    def distances(self, vectors: Numbers, vector: Numbers) -> Numbers:
        """The sum over the parameters: 1 where choices differ or one is inactive, else the gap."""
        apart = np.minimum(np.abs(vectors - vector), 1.0)
        codes_differ = ~self.is_ordered & (apart > 0)
        total: Numbers = np.where(codes_differ, 1.0, apart).sum(axis=1)
        return total

    def features(self, vectors: Numbers) -> Numbers:
        """The columns that a forest splits on: one for each choice that has no order."""
        columns = [vectors[:, self.is_ordered]]
        for at, parameter in enumerate(self._parameters.values()):
            if isinstance(parameter, Categorical) and not self.is_ordered[at]:
                codes = np.arange(len(parameter.choices))
                columns.append((vectors[:, [at]] == codes).astype(np.float64))
        return np.hstack(columns)


def _is_ordered(parameter: Parameter) -> bool:
    if not isinstance(parameter, Categorical):
        return True
    return all(isinstance(c, int | float) and not isinstance(c, bool) for c in parameter.choices)


def _n_choices(parameter: Parameter) -> int:
    """The number of choices of a parameter without an order, else 0."""
    if not isinstance(parameter, Categorical) or _is_ordered(parameter):
        return 0
    return len(parameter.choices)


def _place_of(parameter: Parameter) -> Callable[[Value], float]:
    """The function from a value of `parameter` to its place."""
    if isinstance(parameter, Categorical):
        scale = len(parameter.choices) - 1 if _is_ordered(parameter) else 1
        codes = {choice: code / scale for code, choice in enumerate(parameter.choices)}
        return codes.__getitem__
    assert isinstance(parameter, Int | Float)
    low, high = float(parameter.low), float(parameter.high)
    if parameter.log:
        return lambda value: math.log(float(value) / low) / math.log(high / low)
    return lambda value: (float(value) - low) / (high - low)


class SearchedPool:
    """The configurations that a simulated search can be given."""

    def __init__(self, entries: Sequence[Entry], encoder: Encoder) -> None:
        self.entries, self.encoder = list(entries), encoder
        self.vectors = np.array([encoder.vector(e.point) for e in entries])
        self.recipes = [i for i, e in enumerate(entries) if e.origin.startswith("recipe:")]
        self.random = [i for i, e in enumerate(entries) if e.origin == "random"]
        self.horizons = sorted(entries[0].runs)

    def nearest(self, point: Mapping[str, Value], is_used: npt.NDArray[np.bool_]) -> int:
        """The unused entry that is nearest to `point`."""
        return self.nearest_to(self.encoder.vector(point), is_used)

    def nearest_to(self, vector: Numbers, is_used: npt.NDArray[np.bool_]) -> int:
        """The unused entry that is nearest to `vector`."""
        distances = self.encoder.distances(self.vectors, vector)
        return int(np.where(is_used, np.inf, distances).argmin())

    def typical_seconds(self, horizon: int) -> float:
        """The median CPU seconds of a recipe's training; of any configuration if none is there."""
        chosen = self.recipes or range(len(self.entries))
        return float(np.median([self.entries[i].run(horizon, 0).seconds for i in chosen]))

    def resampled(self, rng: np.random.Generator) -> SearchedPool:
        """The different configurations of a bootstrap sample of this pool."""
        n = len(self.entries)
        chosen = np.unique(rng.integers(n, size=n))
        return SearchedPool([self.entries[i] for i in chosen], self.encoder)


def build_entries(rows: Sequence[Recorded], compile_share: float = 1.0) -> list[Entry]:
    """The configurations that have runs of every horizon.

    Each run takes the build and the tracing of its own configuration, times `compile_share`; the
    tracing is what the first epoch took beyond the median of the others.
    """
    horizons = {row.horizon for row in rows}
    entries: list[Entry] = []
    for number in sorted({row.configuration for row in rows}):
        own = [row for row in rows if row.configuration == number]
        if {row.horizon for row in own} != horizons:
            continue
        setup_s = compile_share * max(_setup_seconds(row) for row in own)
        runs = {h: [_run_of(r, setup_s) for r in own if r.horizon == h] for h in horizons}
        entries.append(Entry(own[0].origin, own[0].point, runs))
    return entries


def _usual_epoch(row: Recorded) -> float:
    later = row.epoch_cpu_s[1:] if row.compiled else row.epoch_cpu_s
    return float(np.median(later or row.epoch_cpu_s))


def _setup_seconds(row: Recorded) -> float:
    tracing = row.epoch_cpu_s[0] - _usual_epoch(row) if row.compiled else 0.0
    return row.build_cpu_s + max(0.0, tracing)


def _run_of(row: Recorded, setup_s: float) -> Run:
    """The curves of a training; a failed one is padded with zeros, and ends where it failed."""
    n, horizon = len(row.val_accuracy), row.horizon
    epochs = np.array(row.epoch_cpu_s, dtype=np.float64)
    if row.compiled:
        epochs[0] = min(epochs[0], _usual_epoch(row))
    missing = [0.0] * (horizon - n)
    return Run(
        val=np.array([*row.val_accuracy, *missing]),
        loss=np.array([*row.val_loss, *(math.inf for _ in missing)]),
        held=np.array([*row.held_accuracy, *missing]),
        cpu=setup_s + np.cumsum(np.pad(epochs, (0, horizon - len(epochs)))),
        failed=row.failed,
    )


# --- the forest -----------------------------------------------------------------------------------


def _targets(entry: Entry, horizons: Sequence[int]) -> Numbers:
    """All curves of a configuration, and the logarithms of its costs, in one row."""
    parts: list[npt.ArrayLike] = []
    for horizon in horizons:
        run = entry.run(horizon, 0)
        loss = np.minimum(run.loss, 10.0)
        parts += [run.val, run.held, loss, np.log(run.cpu)]
    return np.concatenate(parts)


def _entry_of(row: Numbers, origin: str, point: Mapping[str, Value], pool: SearchedPool) -> Entry:
    runs: dict[int, list[Run]] = {}
    at = 0
    for horizon in pool.horizons:
        val, held, loss, log_cpu = (
            row[at + k * horizon : at + (k + 1) * horizon] for k in range(4)
        )
        cpu = np.maximum.accumulate(np.exp(log_cpu))
        runs[horizon] = [Run(np.clip(val, 0, 1), loss, np.clip(held, 0, 1), cpu)]
        at += 4 * horizon
    return Entry(origin, point, runs)


def fit_forest(pool: SearchedPool, seed: int = 0) -> tuple[Any, Numbers]:
    """A forest over the pool, and its residuals from trees that had not seen the row."""
    features = pool.encoder.features(pool.vectors)
    targets = np.array([_targets(entry, pool.horizons) for entry in pool.entries])
    forest = RandomForestRegressor(
        n_estimators=TREES, min_samples_leaf=2, max_features=0.5, oob_score=True, random_state=seed
    )
    forest.fit(features, targets)
    return forest, targets - forest.oob_prediction_


def enlarge(pool: SearchedPool, n: int, rng: np.random.Generator) -> SearchedPool:
    """`pool` and `n` made-up configurations: a third random, the others mutants, of recorded ones.

    A mutant of a better configuration is as likely as one of a worse one.
    """
    forest, residuals = fit_forest(pool, int(rng.integers(2**31)))
    space, made = pool.encoder.space, list[tuple[str, dict[str, Value]]]()
    for i in range(n):
        if i % 3 == 0:
            made.append(("random", space.sample(rng)))
        else:
            parent = pool.entries[int(rng.integers(len(pool.entries)))]
            n_changes = 1 + int(rng.poisson(1.0))
            made.append(("mutant", mutate(space, parent.point, n_changes, rng)))
    vectors = np.array([pool.encoder.vector(point) for _, point in made])
    predicted = forest.predict(pool.encoder.features(vectors))
    predicted += residuals[rng.integers(len(residuals), size=n)]
    entries = [_entry_of(row, *each, pool) for row, each in zip(predicted, made, strict=True)]
    return SearchedPool([*pool.entries, *entries], pool.encoder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How well the final validation accuracy of a configuration is predicted without its run."""

    n: int
    forest_rank: float  # Spearman's correlation
    forest_rmse: float
    better_half_rank: float  # of the forest, among the better half
    nearest_rank: float  # of the nearest other configuration
    nearest_rmse: float


def measure_quality(pool: SearchedPool) -> Quality:
    """Out of fold: trees that had not seen a configuration, and its nearest neighbour."""
    horizon = pool.horizons[-1]
    ends = np.array([entry.run(horizon, 0).val.max() for entry in pool.entries])
    _, residuals = fit_forest(pool)
    at = sum(4 * h for h in pool.horizons[:-1])
    truth = np.array([_targets(entry, pool.horizons) for entry in pool.entries])
    forest = (truth - residuals)[:, at : at + horizon].max(axis=1)
    own = np.eye(len(ends), dtype=bool)
    nearest = ends[[pool.nearest(e.point, own[i]) for i, e in enumerate(pool.entries)]]
    better = ends >= np.median(ends)
    return Quality(
        n=len(ends),
        forest_rank=float(spearmanr(forest, ends).statistic),
        forest_rmse=float(np.sqrt(np.mean((forest - ends) ** 2))),
        better_half_rank=float(spearmanr(forest[better], ends[better]).statistic),
        nearest_rank=float(spearmanr(nearest, ends).statistic),
        nearest_rmse=float(np.sqrt(np.mean((nearest - ends) ** 2))),
    )
