"""What a simulated search does: its stages, its proposer and its pruner.

`mutate` is the engine's own. The tournament of evolution and the rule of halving are short copies
of `autocnn/engines/evolution.py` and `pruners.py`. TPE is simpler than Optuna's: every parameter
has a histogram of its own, and candidates are configurations of the pool.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from replay_priorband import draw_mixed
from replay_surrogate import SearchedPool

from autocnn.engines.mutations import mutate

TOURNAMENT = 0.5  # as autocnn/engines/evolution.py
PARENTS = 3  # trials with a score before a mutant is proposed, as samplers.PARENTS
STARTUP = 4  # trials with a score before TPE has a model, as rungs.STARTUP_TRIALS
GOOD = 0.1  # the share of trials that TPE takes for good ones
CANDIDATES = 24  # of which TPE takes the best
BINS = 4  # of a number in a histogram
KEEP = 4  # one trial in so many passes the rung, as pruners.REDUCTION_FACTOR
FIRST_RUNG = 0.25  # of the horizon, as pruners.FIRST_RUNG


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A part of a search: trials of one horizon."""

    horizon: int
    share: float  # of the search time; what a stage leaves is the next one's


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One way to search."""

    name: str
    stages: tuple[Stage, ...]  # the first one proposes, the others take the best of the one before
    proposer: str = "evolution"
    recipes: bool = True  # they come first
    pruner: str = "halving"  # of the first stage
    first_rung: float = FIRST_RUNG  # share of the horizon before a trial is judged
    refit: int | None = None  # epochs of the refit; None: those of the last stage
    best_epoch: bool = True  # the refit ends at the winner's best epoch, else at its last one

    @property
    def refit_horizon(self) -> int:
        """The epochs of the refit, whose cost every search keeps free."""
        return self.stages[-1].horizon if self.refit is None else self.refit


@dataclass(slots=True)
class Known:
    """What a search knows in its first stage."""

    pool: SearchedPool
    rng: np.random.Generator
    recipes: list[int]  # that were not tried yet
    is_used: npt.NDArray[np.bool_]
    scored: list[tuple[int, float]] = field(default_factory=list)  # entries and best scores so far


# --- proposers ------------------------------------------------------------------------------------


def propose(policy: Policy, known: Known) -> int | None:
    """The next entry of the pool, which counts as used; None if all are."""
    if known.is_used.all():
        return None
    chosen = _choose(policy, known)
    known.is_used[chosen] = True
    return chosen


def _choose(policy: Policy, known: Known) -> int:
    while policy.recipes and known.recipes:
        recipe = known.recipes.pop(0)
        if not known.is_used[recipe]:
            return recipe
    name, _, share = policy.proposer.partition(":")
    if name == "mix":  # that share at random, the others by evolution
        name = "random" if known.rng.random() < float(share) else "evolution"
    if name == "priorband":
        return _priorband(known, float(share))
    return PROPOSERS[name](known)


def _random(known: Known) -> int:
    unused = [i for i in known.pool.random if not known.is_used[i]]
    return int(known.rng.choice(unused or np.flatnonzero(~known.is_used)))


def _evolution(known: Known) -> int:
    """A mutant of the best of a random half of the trials with a score."""
    if len(known.scored) < PARENTS:
        return _random(known)
    n = len(known.scored)
    rivals = known.rng.choice(n, math.ceil(TOURNAMENT * n), replace=False)
    parent, _ = max((known.scored[int(i)] for i in rivals), key=lambda pair: pair[1])
    space = known.pool.encoder.space
    n_changes = 1 + int(known.rng.poisson(1.0))
    child = mutate(space, known.pool.entries[parent].point, n_changes, known.rng)
    return known.pool.nearest(child, known.is_used)


def _tpe(known: Known) -> int:
    """Of some configurations that look like good ones, that which looks least like poor ones."""
    if len(known.scored) < STARTUP:
        return _random(known)
    order = [i for i, _ in sorted(known.scored, key=lambda pair: -pair[1])]
    n_good = math.ceil(GOOD * len(order))
    vectors, unused = known.pool.vectors, np.flatnonzero(~known.is_used)
    good = log_density(vectors[order[:n_good]], vectors[unused])
    poor = log_density(vectors[order[n_good:]], vectors[unused])
    weights = np.exp(good - good.max())
    n = min(CANDIDATES, int((weights > 0).sum()))
    chosen = known.rng.choice(len(unused), n, replace=False, p=weights / weights.sum())
    return int(unused[chosen[(good - poor)[chosen].argmax()]])


def _priorband(known: Known, random_share: float) -> int:
    vector = draw_mixed(known.pool, known.scored, random_share, known.rng)
    return _random(known) if vector is None else known.pool.nearest_to(vector, known.is_used)


PROPOSERS: dict[str, Callable[[Known], int]] = {
    "random": _random,
    "evolution": _evolution,
    "tpe": _tpe,
}


def log_density(
    seen: npt.NDArray[np.float64], wanted: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The logarithm of the density of `seen` at `wanted`: a histogram for each parameter.

    Every cell has one count from the start. Shapes: (n, parameters), (m, parameters) and (m,).
    """
    mine, theirs = _cells(seen), _cells(wanted)
    n_cells = 1 + np.maximum(mine.max(axis=0), theirs.max(axis=0))
    n_seen = (mine[None] == theirs[:, None]).sum(axis=1)
    total: npt.NDArray[np.float64] = np.log((1.0 + n_seen) / (len(seen) + n_cells)).sum(axis=1)
    return total


def _cells(places: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """The cell of each place: 0 for inactive, a number or an ordered choice in one of BINS."""
    cells = np.where(places < 0, 0, 1 + np.floor(places * (BINS - 1) + 0.5))
    return cells.astype(np.int64)


# --- pruners --------------------------------------------------------------------------------------

# From the best scores at the rung of all trials that came there, that of this trial, and the
# validation images: True if the trial ends there.
Rule = Callable[[Sequence[float], float, int], bool]


def rung_of(horizon: int, share: float = FIRST_RUNG) -> int:
    """The epoch at which a trial is judged."""
    return math.ceil(share * horizon)


def _halving(others: Sequence[float], score: float, n_images: int) -> bool:
    """Only the best quarter goes on, and those that are within a standard error of it."""
    scores = sorted([*others, score], reverse=True)
    last = scores[max(0, len(scores) // KEEP - 1)]
    return score < last - math.sqrt(max(0.0, last * (1 - last)) / n_images)


def _median(others: Sequence[float], score: float, n_images: int) -> bool:
    """The better half goes on, once there are enough others."""
    return len(others) >= STARTUP and score < float(np.median(others))


def _none(others: Sequence[float], score: float, n_images: int) -> bool:
    return False


PRUNERS: dict[str, Rule] = {"halving": _halving, "median": _median, "none": _none}
