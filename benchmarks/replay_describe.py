"""What a recorded pool is like: its spread, its noise, and what early epochs say about the end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from replay_pool import Recorded, best_epoch_of, best_score
from replay_report import open_pool
from replay_surrogate import measure_quality
from scipy.stats import spearmanr

Numbers = npt.NDArray[np.float64]


def describe_pool(rows: Sequence[Recorded]) -> list[str]:
    """The pool's size, the spread between seeds, optimism, and how well it can be predicted."""
    pool = open_pool(rows)
    quality = measure_quality(pool)
    longest = pool.horizons[-1]
    ends = [row for row in rows if row.horizon == longest and not row.failed]
    failed = len({row.configuration for row in rows if row.failed})
    optimism = [r.val_accuracy[best_epoch_of(r)] - r.held_accuracy[best_epoch_of(r)] for r in ends]
    typical = [f"{pool.typical_seconds(h):.1f} CPU s at {h}" for h in pool.horizons]
    return [
        f"{rows[0].dataset}: {quality.n} configurations ({failed} failed), {len(rows)} trainings; "
        f"images {rows[0].n_train}, {rows[0].n_validation}, {rows[0].n_held_out}; a recipe takes "
        f"{', '.join(typical)} epochs (median); deviation between two seeds "
        f"{100 * seed_deviation(ends):.2f} points; optimism of one training's best epoch "
        f"{100 * float(np.mean(optimism)):+.2f} points.",
        f"Prediction of the validation accuracy after {longest} epochs, out of fold: forest rank "
        f"correlation {quality.forest_rank:.2f} ({quality.better_half_rank:.2f} among the better "
        f"half), RMSE {100 * quality.forest_rmse:.1f} points; nearest neighbour "
        f"{quality.nearest_rank:.2f}, {100 * quality.nearest_rmse:.1f} points.",
        *map(_sign_line, early_signs(rows)),
    ]


def seed_deviation(rows: Sequence[Recorded]) -> float:
    """The standard deviation of the held-out accuracy between seeds; NaN without a pair."""
    by_number: dict[int, list[float]] = {}
    for row in rows:
        by_number.setdefault(row.configuration, []).append(row.held_accuracy[best_epoch_of(row)])
    gaps = [held[0] - held[1] for held in by_number.values() if len(held) == 2]
    return float(np.sqrt(np.mean(np.square(gaps)) / 2)) if gaps else float("nan")


# A number of epochs, and the correlations with the end: of whole schedules of so many epochs, of
# the first so many of the longest schedule; each of all configurations and of the better half.
Sign = tuple[int, tuple[float, float], tuple[float, float]]


def early_signs(rows: Sequence[Recorded]) -> list[Sign]:
    """How well few epochs rank configurations, by their held-out accuracy at the very end.

    The first epochs of the longest schedule belong to the training whose end is predicted; a whole
    short schedule is a training with other first weights.
    """
    *shorter, longest = sorted({row.horizon for row in rows})
    first = {
        h: {r.configuration: r for r in rows if r.key[1:] == (h, 0)} for h in (*shorter, longest)
    }
    numbers = sorted(set.intersection(*(set(found) for found in first.values())))
    end = np.array([_end(first[longest][n]) for n in numbers])
    signs: list[Sign] = []
    for epochs in shorter:
        whole = np.array([best_score(first[epochs][n]) for n in numbers])
        part = [max(first[longest][n].val_accuracy[:epochs], default=0.0) for n in numbers]
        signs.append((epochs, _ranks(whole, end), _ranks(np.array(part), end)))
    return signs


def _end(row: Recorded) -> float:
    return 0.0 if row.failed else row.held_accuracy[-1]


def _ranks(early: Numbers, end: Numbers) -> tuple[float, float]:
    better = end >= np.median(end)
    both = (spearmanr(early, end), spearmanr(early[better], end[better]))
    return float(both[0].statistic), float(both[1].statistic)


def _sign_line(sign: Sign) -> str:
    epochs, whole, part = sign
    return (
        f"Rank correlation with the held-out accuracy at the end (all, better half): whole "
        f"schedules of {epochs} epochs {whole[0]:.2f}, {whole[1]:.2f}; the first {epochs} epochs "
        f"of the longest schedule {part[0]:.2f}, {part[1]:.2f}."
    )
