"""A mixture of draws as in PriorBand (arXiv:2306.12370): near recipes, near the best, random.

The recipes are the prior: around the place of each number there is a normal density of deviation
SPREAD, and a choice that the recipe has weighs KEPT times as much as any other. Random draws have a
fixed share. The rest is split by how likely the best third of the trials is under the prior, and
under the same density around the best trial.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from replay_surrogate import INACTIVE, Encoder, Numbers, SearchedPool

SPREAD = 0.25  # of the range of a number, as in PriorBand
KEPT = 4.0  # weight of the centre's choice, as in PriorBand, whose eta this is
PERTURBED = 0.5  # the share of the best trial's parameters that are drawn anew, as in PriorBand
TOP = 3  # one trial in so many is evidence, as in PriorBand
LEAST = 3  # trials with a score before the best one is a centre


def draw_mixed(
    pool: SearchedPool,
    scored: Sequence[tuple[int, float]],
    random_share: float,
    rng: np.random.Generator,
) -> Numbers | None:
    """The vector that the mixture draws; None if it is a random draw's turn, or no recipe is there.

    `scored` has entries of `pool` with their scores.
    """
    if rng.random() < random_share or not pool.recipes:
        return None
    prior = pool.vectors[pool.recipes]
    if len(scored) >= LEAST:
        ranked = [pool.vectors[entry] for entry, _ in sorted(scored, key=lambda pair: -pair[1])]
        if rng.random() < incumbent_share(pool.encoder, prior, ranked):
            return perturbed(pool.encoder, ranked[0], PERTURBED, rng)
    return perturbed(pool.encoder, prior[int(rng.integers(len(prior)))], 1.0, rng)


def incumbent_share(encoder: Encoder, prior: Numbers, ranked: Sequence[Numbers]) -> float:
    """The share of draws near the best trial among those that are not random.

    The likelihoods of the best third of `ranked`, the best first, are weighted by rank.
    """
    top = ranked[: math.ceil(len(ranked) / TOP)]
    weights = np.arange(len(top), 0, -1.0)
    near_best = np.array([log_likelihood(encoder, ranked[0], vector) for vector in top])
    near_prior = np.array(
        [np.mean([np.exp(log_likelihood(encoder, c, vector)) for c in prior]) for vector in top]
    )
    mine = float(weights @ np.exp(near_best))
    return mine / (mine + float(weights @ near_prior))


def log_likelihood(encoder: Encoder, centre: Numbers, vector: Numbers) -> float:
    """The logarithm of the density of `vector` around `centre`, up to a factor of both.

    A parameter that only one of them has counts as another choice.
    """
    gaps = np.where((centre < 0) != (vector < 0), 1.0, np.abs(centre - vector))
    normal = -0.5 * (gaps / SPREAD) ** 2
    choice = np.where(gaps > 0, -math.log(KEPT), 0.0)
    return float(np.where(encoder.is_ordered & (gaps < 1.0), normal, choice).sum())


def perturbed(encoder: Encoder, centre: Numbers, share: float, rng: np.random.Generator) -> Numbers:
    """`centre` with a share of its active parameters drawn anew from the density around it."""
    drawn = np.clip(centre + rng.normal(0.0, SPREAD, len(centre)), 0.0, 1.0)
    n_others = np.maximum(encoder.n_choices - 1, 1)
    keeps = rng.random(len(centre)) < KEPT / (KEPT + n_others)
    other = (centre + 1 + rng.integers(n_others)) % np.maximum(encoder.n_choices, 1)
    drawn = np.where(encoder.is_ordered, drawn, np.where(keeps, centre, other))
    is_new = (rng.random(len(centre)) < share) & (centre >= 0)
    return np.where(is_new, drawn, np.where(centre < 0, INACTIVE, centre))
