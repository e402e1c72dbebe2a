"""The effect of a change: paired differences of scores over repeated seeds, with an interval."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scipy.stats import t

from autocnn.objectives import ACCURACY, Objective
from autocnn.records.trial_record import TrialRecord
from autocnn.states import TrialState

CONFIDENCE = 0.95
FEWEST = 3  # pairs for a verdict: two pairs give hardly any estimate of the spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """The differences between a variant and the reference, over the repetitions that both have."""

    n: int  # pairs of trainings
    mean: float  # of the variant's score minus the reference's
    low: float  # of the 95 % interval of that mean; -infinity if n is 1
    high: float  # of that interval; infinity if n is 1
    p: float = 1.0  # of the paired t-test that the mean is zero; 1 if n is 1
    maximize: bool = True  # True if a larger score is better

    @property
    def has_verdict(self) -> bool:
        """True if there are pairs enough for a verdict."""
        return self.n >= FEWEST


def verdicts(effects: Sequence[Effect]) -> list[str]:
    """The verdict on each effect of one ablation: helps, hurts, or no difference seen.

    The tests of all effects with pairs enough are one family, corrected by Holm and Bonferroni: if
    no change has any effect, the chance of one or more false verdicts is at most 5 %.
    """
    tested = [effect for effect in effects if effect.has_verdict]
    corrected = iter(holm([effect.p for effect in tested]))
    return [_verdict(each, next(corrected) if each.has_verdict else 1.0) for each in effects]


def _verdict(effect: Effect, p: float) -> str:
    if not effect.has_verdict:
        return f"no verdict with {'one seed' if effect.n == 1 else f'{effect.n} seeds'}"
    if p >= 1 - CONFIDENCE:
        return f"no difference seen at n={effect.n}"
    return "helps" if (effect.mean > 0) is effect.maximize else "hurts"


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values, corrected for their number by Holm and Bonferroni, in the given order."""
    corrected, largest = [0.0] * len(p_values), 0.0
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p_values[i]))
        corrected[i] = largest
    return corrected


def paired_effect(
    reference: Mapping[int, float],
    variant: Mapping[int, float],
    class_sizes: Sequence[int],
    objective: Objective = ACCURACY,
) -> Effect | None:
    """The effect of `variant` against `reference`, or None without a pair.

    Both are scores by repetition; the two trainings of a pair have the same seed. The interval is
    Student's interval of the mean difference. A score of `class_sizes` images is rounded to whole
    images, so the standard deviation is at least that of two such roundings, even if all
    differences are equal.
    """
    pairs = sorted(reference.keys() & variant.keys())
    differences = [variant[repeat] - reference[repeat] for repeat in pairs]
    if not differences:
        return None
    least = objective.step(class_sizes) / math.sqrt(6)
    mean, half = statistics.fmean(differences), half_width(differences, least)
    return Effect(
        n=len(differences),
        mean=mean,
        low=mean - half,
        high=mean + half,
        p=_p_value(differences, least),
        maximize=objective.maximize,
    )


def half_width(values: Iterable[float], least: float = 0.0) -> float:
    """Half of the width of the 95 % interval of the mean of `values`; infinite for one value.

    `least` is a lower bound of the standard deviation.
    """
    known = list(values)
    if len(known) < 2:
        return math.inf
    quantile = float(t.ppf((1 + CONFIDENCE) / 2, len(known) - 1))
    return quantile * max(least, statistics.stdev(known)) / math.sqrt(len(known))


def _p_value(values: Sequence[float], least: float) -> float:
    """The two-sided p-value of Student's test that the mean is zero; `least`: see half_width."""
    if len(values) < 2:
        return 1.0
    error = max(least, statistics.stdev(values)) / math.sqrt(len(values))
    mean = abs(statistics.fmean(values))
    if error == 0:
        return 1.0 if mean == 0 else 0.0
    return float(2 * t.sf(mean / error, len(values) - 1))


def whole(records: Iterable[TrialRecord]) -> list[TrialRecord]:
    """The trainings that came to their end: only these may be compared."""
    return [record for record in records if record.state is TrialState.COMPLETE]


def n_failed(records: Iterable[TrialRecord]) -> int:
    """The number of trainings that ended early: failed, or stopped by the loss of their process."""
    return sum(record.cause is not None for record in records)


def mean(values: Iterable[float]) -> float | None:
    """The mean of `values`, or None if there are none."""
    known = list(values)
    return statistics.fmean(known) if known else None
