"""What changing one thing did: paired differences over repeated seeds, with an interval."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from scipy.stats import t

CONFIDENCE = 0.95
FEWEST = 3  # pairs from which anything is said: of two, the spread is all but unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A variant against the reference, over the repetitions that both have."""

    n: int  # pairs of trainings
    mean: float  # of the variant's scores minus the reference's
    low: float  # of the 95 % interval of that mean; -infinity where n is 1
    high: float

    @property
    def verdict(self) -> str:
        """What can be said: "helps", "hurts", or that no difference was seen."""
        if self.n >= FEWEST and self.low > 0:
            return "helps"
        if self.n >= FEWEST and self.high < 0:
            return "hurts"
        return f"no difference seen at n={self.n}"


def paired_effect(
    reference: Mapping[int, float], variant: Mapping[int, float], n_images: int
) -> Effect | None:
    """The effect of `variant`, both given as scores by repetition; None without a pair.

    The two trainings of a pair have the same seed. The interval is Student's, of the mean of the
    differences. Scores on `n_images` are rounded to whole images, so the spread is taken to be at
    least that of two such roundings: equal differences are no proof.
    """
    pairs = sorted(reference.keys() & variant.keys())
    differences = [variant[repeat] - reference[repeat] for repeat in pairs]
    if not differences:
        return None
    least = 1 / n_images / math.sqrt(6)
    mean, half = statistics.fmean(differences), half_width(differences, least)
    return Effect(n=len(differences), mean=mean, low=mean - half, high=mean + half)


def half_width(values: Iterable[float], least: float = 0.0) -> float:
    """Half of the 95 % interval of the mean of `values`; infinite for one value.

    `least`: the smallest standard deviation that is believed.
    """
    known = list(values)
    if len(known) < 2:
        return math.inf
    quantile = float(t.ppf((1 + CONFIDENCE) / 2, len(known) - 1))
    return quantile * max(least, statistics.stdev(known)) / math.sqrt(len(known))
