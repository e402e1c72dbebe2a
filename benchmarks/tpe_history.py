"""Does TPE propose as well from a sample of a long history, and what does an ask cost?

    python benchmarks/tpe_history.py --seeds 50

Two parts, with trials that train nothing:

- cost: CPU milliseconds of an ask in a study with that many trials on record, as a search asks:
  through the record, the sampler of one trial, and all values of a point.
- quality: a history of `--history` points of the space with the score of a made-up function of
  the point (a bowl with a place and a weight for each parameter, products of pairs, and noise),
  half of them at random, the others mutations of the best ones so far: a search that has
  converged. From there each side draws `--draws` trials, and learns their scores. Both sides see
  the same history and the same noise. The differences are paired by seed, with the 95 % interval of
  Student's t. A score is a fraction of the best that the function has, without the noise.

The sides differ in `HISTORY` of `autocnn.engines.tpe` alone.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
import optuna
from made_up import draw_records, frozen_trial
from measuring import describe_machine, watch_load
from optuna.trial import FrozenTrial, TrialState, create_trial
from rich.console import Console
from rich.table import Table
from scipy import stats

from autocnn.engines import tpe
from autocnn.engines.protocol import EngineSetup
from autocnn.engines.replayed_samplers import Draw
from autocnn.engines.samplers import PerTrialSampler
from autocnn.objectives import ACCURACY
from autocnn.records.distributions import draw_values, to_distribution
from autocnn.records.optuna_private import OwnStudy
from autocnn.records.own_trials import DRAWN, is_own
from autocnn.space.parameters import Categorical, Fixed, Value
from autocnn.space.space import SearchSpace
from autocnn.space.toml import load_space

UNBOUNDED = 10**9
NOISE = 0.01  # standard deviation, in parts of the best score
GOOD_PARENTS, KEPT = 25, 0.9  # of the mutations: parents, and the share of values that stay
ASKS = 5  # of which the median is printed


def main() -> None:
    """Measure both parts and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--space", default="cnn")
    parser.add_argument("--trials", type=int, nargs="*", default=[100, 1000, 10_000])
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--history", type=int, default=2000)
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--sizes", type=int, nargs="*", default=[tpe.HISTORY, UNBOUNDED])
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    console, space = Console(width=160), load_space(options.space)
    console.print(describe_machine())
    with watch_load() as load:
        if options.trials:
            console.print(cost_table(space, options.trials, options.sizes))
        if options.seeds:
            console.print(quality_table(space, options))
    if load.warning():
        console.print(load.warning())


# --- cost -----------------------------------------------------------------------------------------


def cost_table(space: SearchSpace, sizes: Sequence[int], bounds: Sequence[int]) -> Table:
    """CPU milliseconds of an ask, by trials on record and by bound."""
    records = draw_records(space, max(sizes), 12)
    table = Table("trials on record", *(f"{_name(bound)}: CPU ms an ask" for bound in bounds))
    for n in sizes:
        study = optuna.create_study(direction="maximize")
        study.add_trials([frozen_trial(record, space) for record in records[:n]])
        own = OwnStudy(study, is_own, DRAWN)
        table.add_row(f"{n:,}", *(f"{_ask_ms(own, space, bound):.0f}" for bound in bounds))
    return table


def _ask_ms(study: OwnStudy, space: SearchSpace, bound: int) -> float:
    tpe.HISTORY = bound
    found = []
    for _ in range(ASKS):
        study.sampler = PerTrialSampler(space, _setup(0))
        start = time.process_time()
        draw_values(study.ask(), space)
        found.append(1000 * (time.process_time() - start))
    return statistics.median(found)


def _setup(seed: int) -> EngineSetup:
    return EngineSetup(
        image_shape=(28, 28, 1),
        n_classes=10,
        horizon=12,
        seed=seed,
        proposer="tpe",
        pruner="none",
        objective=ACCURACY,
    )


def _name(bound: int) -> str:
    return "all" if bound >= UNBOUNDED else f"{bound} trials"


# --- quality --------------------------------------------------------------------------------------


class Bowl:
    """A made-up score of a point: 1 at the best point, less elsewhere."""

    def __init__(self, space: SearchSpace, seed: int) -> None:
        rng = np.random.default_rng([seed, 1])
        self._space, self._names = space, [name for name, _ in space.varying()]
        n = len(self._names)
        self._best, self._weights = rng.random(n), rng.exponential(size=n)
        self._pairs = rng.integers(n, size=(n, 2))
        self._products = rng.normal(size=n) / 2

    def score(self, values: Mapping[str, Value]) -> float:
        """The score without noise; a parameter that is not active has no part in it."""
        from_best = np.array([self._distance(i, values) for i in range(len(self._names))])
        squares = self._weights * from_best**2
        left, right = from_best[self._pairs[:, 0]], from_best[self._pairs[:, 1]]
        return float(1 - (squares.sum() + np.abs(self._products * left * right).sum()) / 10)

    def _distance(self, i: int, values: Mapping[str, Value]) -> float:
        name = self._names[i]
        if name not in values:
            return 0.0
        parameter, value = self._space.parameters[name], values[name]
        if isinstance(parameter, Categorical):
            place = parameter.choices.index(value) / max(1, len(parameter.choices) - 1)
        else:
            assert not isinstance(parameter, Fixed)
            assert isinstance(value, int | float)
            low, high, at = float(parameter.low), float(parameter.high), float(value)
            if parameter.log:
                low, high, at = np.log(low), np.log(high), np.log(at)
            place = (at - low) / (high - low)
        return float(place - self._best[i])


class History:
    """A study of which only the trials are read."""

    def __init__(self, trials: Sequence[FrozenTrial]) -> None:
        self.trials = list(trials)

    def get_trials(
        self, deepcopy: bool = True, states: Sequence[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """All trials; they are complete."""
        return self.trials


def quality_table(space: SearchSpace, options: argparse.Namespace) -> Table:
    """The scores of the draws of each side, and the differences to the last one."""
    bests: list[list[float]] = [[] for _ in options.sizes]
    means: list[list[float]] = [[] for _ in options.sizes]
    for seed in range(options.seeds):
        bowl = Bowl(space, seed)
        history = converged(space, bowl, options.history, seed)
        for i, bound in enumerate(options.sizes):
            scores = draw_on(space, bowl, history, options.draws, seed, bound)
            bests[i].append(max(scores))
            means[i].append(statistics.fmean(scores))
        print(
            f"seed {seed}: best {[b[-1] for b in bests]}, mean {[m[-1] for m in means]}", flush=True
        )
    table = Table("history", "mean of the draws", "less that of the last row", "best", "less that")
    for i, bound in enumerate(options.sizes):
        cells = [f"{statistics.fmean(means[i]):.4f}", difference(means[i], means[-1])]
        cells += [f"{statistics.fmean(bests[i]):.4f}", difference(bests[i], bests[-1])]
        table.add_row(_name(bound), *cells)
    return table


def difference(side: Sequence[float], other: Sequence[float]) -> str:
    """The mean of the paired differences, with its 95 % interval."""
    pairs = np.array(side) - np.array(other)
    if len(pairs) < 2 or not pairs.any():
        return ""
    half = stats.t.ppf(0.975, len(pairs) - 1) * pairs.std(ddof=1) / np.sqrt(len(pairs))
    return f"{pairs.mean():+.4f} ({pairs.mean() - half:+.4f} to {pairs.mean() + half:+.4f})"


def converged(space: SearchSpace, bowl: Bowl, n: int, seed: int) -> list[FrozenTrial]:
    """`n` trials: half at random, then mutations of the best so far, with noisy scores."""
    rng = np.random.default_rng([seed, 2])
    points: list[dict[str, Value]] = []
    scores: list[float] = []
    for number in range(n):
        wanted: Mapping[str, Value] = {}
        if number >= n // 2:
            parent = points[rng.choice(np.argsort(scores)[-GOOD_PARENTS:])]
            wanted = {name: value for name, value in parent.items() if rng.random() < KEPT}
        values = _completed(space, wanted, rng)
        points.append(values)
        scores.append(bowl.score(values) + NOISE * rng.normal())
    return [_trial(space, i, v, s) for i, (v, s) in enumerate(zip(points, scores, strict=True))]


def _completed(
    space: SearchSpace, wanted: Mapping[str, Value], rng: np.random.Generator
) -> dict[str, Value]:
    """The point with the values of `wanted`; a random value for a parameter that it lacks."""
    values: dict[str, Value] = {}
    for name, parameter in space.parameters.items():
        if space.is_active(name, values):
            drawn = wanted.get(name)
            values[name] = parameter.sample(rng) if drawn is None else drawn
    return values


def _trial(
    space: SearchSpace, number: int, values: Mapping[str, Value], score: float
) -> FrozenTrial:
    varying = {n: p for n, p in space.varying() if n in values and not isinstance(p, Fixed)}
    kinds = {name: to_distribution(parameter) for name, parameter in varying.items()}
    trial = create_trial(
        value=score, params={name: values[name] for name in kinds}, distributions=kinds
    )
    trial.number, trial.datetime_start = number, datetime.now()
    return trial


def draw_on(
    space: SearchSpace,
    bowl: Bowl,
    history: Sequence[FrozenTrial],
    n: int,
    seed: int,
    bound: int,
) -> list[float]:
    """The scores, without noise, of `n` trials that TPE draws after `history`."""
    tpe.HISTORY = bound
    study, found = History(history), list[float]()
    for number in range(len(history), len(history) + n):
        draw = Draw(study=study, number=number, space=space, setup=_setup(seed))  # type: ignore[arg-type]
        sampler, values = tpe.tpe(draw), dict[str, Value]()
        for name, parameter in space.parameters.items():
            if not space.is_active(name, values):
                continue
            if isinstance(parameter, Fixed):
                values[name] = parameter.value
            else:
                kind = to_distribution(parameter)
                drawn = sampler.sample_independent(study, None, name, kind)  # type: ignore[arg-type]
                values[name] = parameter.canonical(drawn)
        noise = np.random.default_rng([seed, number]).normal()
        found.append(bowl.score(values))
        study.trials.append(_trial(space, number, values, found[-1] + NOISE * noise))
    return found


if __name__ == "__main__":
    main()
