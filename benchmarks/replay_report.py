"""Plays all policies over a pool, and reports each one's difference from one horizon."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from replay_policies import Policy, Stage, rung_of
from replay_pool import Recorded
from replay_search import Outcome, Task, search
from replay_surrogate import Encoder, SearchedPool, build_entries, enlarge

from autocnn.space.toml import load_space

DEFAULT = "one horizon"  # the default until docs/decisions/0044
GUESS = Outcome(held=0.1, val=0.1, n_trials=0, n_pruned=0, n_promoted=0, spent=0.0)  # no network
INTERVAL = (2.5, 97.5)  # percentiles

Played = list[dict[str, Any]]  # one row for each search


@dataclass(frozen=True, slots=True, kw_only=True)
class Games:
    """What is played on each pool."""

    model: str  # "nearest" or "forest"
    times: Sequence[float]  # search times, in typical trainings of the longest horizon
    pools: int = 60  # bootstrapped from the recorded one
    seeds: int = 10  # searches on each of them
    made_up: int = 400  # configurations that the forest adds
    compile_share: float = 1.0  # of the recorded seconds of compiling that a trial takes
    shuffle: bool = True  # the order of the recipes


def default_policy(longest: int) -> Policy:
    """One horizon, recipes, then evolution, with halving."""
    return Policy(name=DEFAULT, stages=(Stage(horizon=longest, share=1.0),))


def all_policies(horizons: Sequence[int]) -> list[Policy]:
    """Every policy that a pool with these horizons can play, that with one horizon first."""
    longest = horizons[-1]
    default = default_policy(longest)
    return [
        default,
        _changed("refit to the last epoch", default.stages, best_epoch=False),
        *_of_horizons(horizons),
        *_of_rungs(horizons),
        *_of_proposers(default.stages),
        *(_changed(f"pruner: {name}", default.stages, pruner=name) for name in ("none", "median")),
    ]


def _changed(name: str, stages: tuple[Stage, ...], **changes: Any) -> Policy:
    return Policy(name=name, stages=stages, **changes)


def _of_horizons(horizons: Sequence[int]) -> Iterator[Policy]:
    *shorter, longest = horizons
    for short in shorter:
        alone = (Stage(horizon=short, share=1.0),)
        yield _changed(f"one horizon: {short}", alone)
        yield _changed(f"one horizon: {short}, refit {longest}", alone, refit=longest)
    for i, short in enumerate(horizons):
        for long in horizons[i + 1 :]:
            if long == longest:
                for share in (0.3, 0.5, 0.75):
                    yield _staged((short, long), (share, 1 - share))
                yield _staged((short, long), (0.5, 0.5), pruner="none")
    if len(horizons) == 3:
        for shares in ((0.34, 0.33, 0.33), (0.5, 0.25, 0.25), (0.25, 0.25, 0.5)):
            yield _staged(tuple(horizons), shares)
        yield _staged(tuple(horizons), (0.34, 0.33, 0.33), pruner="none")


def _of_rungs(horizons: Sequence[int]) -> Iterator[Policy]:
    """Short trials and a long refit, which judge at several epochs or not at all."""
    *shorter, longest = horizons
    for short in shorter:
        alone = (Stage(horizon=short, share=1.0),)
        seen = {rung_of(short)}
        for share in (0.5, 0.75):
            rung = rung_of(short, share)
            if rung not in seen and rung < short:
                seen.add(rung)
                name = f"one horizon: {short}, refit {longest}, rung {rung}"
                yield _changed(name, alone, refit=longest, first_rung=share)
        name = f"one horizon: {short}, refit {longest}, pruner none"
        yield _changed(name, alone, refit=longest, pruner="none")
        name = f"one horizon: {short}, refit {longest}, random, pruner none"
        yield _changed(name, alone, refit=longest, pruner="none", proposer="random")


def _staged(horizons: tuple[int, ...], shares: tuple[float, ...], **changes: Any) -> Policy:
    parts = (f"{h} ({100 * s:.0f} %)" for h, s in zip(horizons, shares, strict=True))
    name = f"horizons: {', '.join(parts)}"
    if "pruner" in changes:
        name += f", pruner {changes['pruner']}"
    stages = tuple(Stage(horizon=h, share=s) for h, s in zip(horizons, shares, strict=True))
    return _changed(name, stages, **changes)


def _of_proposers(stages: tuple[Stage, ...]) -> Iterator[Policy]:
    for proposer in ("random", "tpe", "mix:0.25", "mix:0.5", "priorband:0.2", "priorband:0.5"):
        yield _changed(f"proposer: {proposer}", stages, proposer=proposer)
    for proposer in ("evolution", "tpe", "random", "priorband:0.2", "priorband:0.5"):
        name = f"proposer: {proposer}, no recipes"
        yield _changed(name, stages, proposer=proposer, recipes=False)


# --- playing --------------------------------------------------------------------------------------


def open_pool(rows: Sequence[Recorded], compile_share: float = 1.0) -> SearchedPool:
    """The pool of these trainings."""
    return SearchedPool(build_entries(rows, compile_share), Encoder(load_space("cnn")))


def play(
    rows: Sequence[Recorded], games: Games, message: Callable[[str], None] = lambda text: None
) -> Played:
    """All searches on one recorded pool."""
    whole, played = open_pool(rows, games.compile_share), Played()
    policies = all_policies(whole.horizons)
    typical = whole.typical_seconds(whole.horizons[-1])
    for number in range(games.pools):
        rng = np.random.default_rng([number, 7])
        pool = whole.resampled(rng)
        if games.model == "forest":
            pool = enlarge(pool, games.made_up, rng)
        for seed in range(number * games.seeds, (number + 1) * games.seeds):
            for time in games.times:
                task = Task(
                    pool=pool,
                    budget=(time + 1) * typical,
                    seed=seed,
                    n_validation=rows[0].n_validation,
                    shuffle=games.shuffle,
                )
                where = {"dataset": rows[0].dataset, "model": games.model, "time": time}
                keys = {**where, "pool": number, "seed": seed}
                for policy in policies:
                    outcome = search(policy, task) or GUESS
                    played.append({**keys, "policy": policy.name, **asdict(outcome)})
        message(f"{rows[0].dataset}, {games.model}: pool {number + 1} of {games.pools}")
    return played


def write_played(path: Path, played: Played) -> None:
    """Put all searches into one Parquet file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(played), path, compression="zstd")


def read_played(path: Path) -> Played:
    """The searches of a file. Raises: SystemExit if it is absent."""
    if not path.is_file():
        raise SystemExit(f"{path}: no such file; `replay.py replay` writes it")
    rows: Played = pq.read_table(path).to_pylist()
    return rows


# --- reporting ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One policy's row; accuracies in percent, differences in points."""

    policy: str
    held: float
    difference: float  # from one horizon, in the same searches
    low: float
    high: float
    optimism: float  # validation minus held-out; of searches whose winner has the refit's horizon
    trials: float
    pruned: float
    promoted: float


def compare(played: Played, against: str = DEFAULT) -> list[Line]:
    """The rows of one data set, model and time, the best policy first.

    The differences are those from the policy `against`. Raises: SystemExit if it was not played.
    """
    names = list(dict.fromkeys(row["policy"] for row in played))
    by_name = {name: [row for row in played if row["policy"] == name] for name in names}
    if against not in by_name:
        raise SystemExit(f"--against {against}: not played; there are {', '.join(names)}")
    base = _column(by_name[against], "held")
    pools = _column(by_name[against], "pool")
    lines = [_line(name, by_name[name], base, pools) for name in names]
    return sorted(lines, key=lambda line: -line.difference)


def _column(rows: Played, name: str) -> npt.NDArray[np.float64]:
    return np.array([row[name] for row in rows], dtype=np.float64)


def _line(
    name: str, rows: Played, base: npt.NDArray[np.float64], pools: npt.NDArray[np.float64]
) -> Line:
    held = _column(rows, "held")
    differences = 100 * (held - base)
    low, high = interval(differences, pools)
    return Line(
        policy=name,
        held=float(100 * held.mean()),
        difference=float(differences.mean()),
        low=low,
        high=high,
        optimism=_mean(100 * (_column(rows, "val") - held)),
        trials=float(_column(rows, "n_trials").mean()),
        pruned=float(_column(rows, "n_pruned").mean()),
        promoted=float(_column(rows, "n_promoted").mean()),
    )


def _mean(values: npt.NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else math.nan


def interval(
    differences: npt.NDArray[np.float64], pools: npt.NDArray[np.float64]
) -> tuple[float, float]:
    """The middle 95 % of the means of the bootstrapped pools.

    More searches on the same pools do not make it narrower: the pool is what is small.
    """
    means = [float(differences[pools == number].mean()) for number in np.unique(pools)]
    low, high = np.percentile(means, INTERVAL)
    return float(low), float(high)


def report(played: Played, against: str = DEFAULT) -> list[str]:
    """A Markdown table for each data set, model and time; differences from `against`."""
    lines: list[str] = []
    for key in sorted({(r["dataset"], r["model"], r["time"]) for r in played}):
        chosen = [r for r in played if (r["dataset"], r["model"], r["time"]) == key]
        n, n_pools = (len({r[name] for r in chosen}) for name in ("seed", "pool"))
        dataset, model, time = key
        lines += [
            f"{dataset}, {model}, time of {time:g} typical trainings: {n:,} searches on {n_pools} "
            "bootstrapped pools",
            "",
            "| policy | held-out | difference (95 %) | optimism | trials | pruned | promoted |",
            "|---|---|---|---|---|---|---|",
            *map(_markdown, compare(chosen, against)),
            "",
        ]
    return lines


def _markdown(line: Line) -> str:
    difference = f"{line.difference:+.2f} ({line.low:+.2f} to {line.high:+.2f})"
    counts = f"{line.trials:.1f} | {line.pruned:.1f} | {line.promoted:.1f}"
    optimism = "–" if math.isnan(line.optimism) else f"{line.optimism:+.2f}"
    return f"| {line.policy} | {line.held:.2f} | {difference} | {optimism} | {counts} |"
