"""Objectives: what a score is, which of two scores is better, and the one ordering of trials."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from autocnn.errors import SettingsError
from autocnn.states import TrialState

if TYPE_CHECKING:  # the names of settings are printed without loading a library
    import numpy as np
    import numpy.typing as npt

# Shape (classes, classes): images by true class (row) and predicted class (column).
Counts: TypeAlias = "npt.NDArray[np.int64]"
DEFAULT = "accuracy"
# The variance of one image's cross-entropy, divided by its mean: 1.5 to 2.3 was measured for
# networks of 83 % to 92 % accuracy on digits and Fashion-MNIST.
LOSS_VARIANCE = 2.0
# Standard errors by which a score is clearly better than a guess. The best of many scores is asked:
# among a hundred guesses, the epochs of a few trials, one in eight searches has one of 3 or more.
CLEAR = 4.0
FINISHED = (TrialState.COMPLETE, TrialState.STOPPED)  # states in which a trial can win


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """One way to score a network on a split, with its direction and the form of its numbers."""

    name: str  # the value of --objective
    title: str  # the name in running text
    maximize: bool  # True if a larger score is better
    is_fraction: bool  # True if a score is between 0 and 1, which is shown in percent
    compute: Callable[[Counts, float], float]  # from the counts and the mean cross-entropy
    error: Callable[[float, Sequence[int]], float]  # from a score and the images of each class
    guess: Callable[[Sequence[int]], float]  # the score of a guess, from the images of each class
    step: Callable[[Sequence[int]], float]  # how far one image moves a score, from class sizes
    smallest_from: float | None = None  # the score from which fewer parameters rank higher

    @property
    def direction(self) -> Literal["minimize", "maximize"]:
        """The direction in Optuna's words: "maximize" or "minimize"."""
        return "maximize" if self.maximize else "minimize"

    @property
    def worst(self) -> float:
        """The infinite score that is worse than every finite one."""
        return -math.inf if self.maximize else math.inf

    @property
    def axis(self) -> str:
        """The label of an axis of validation scores, with the unit of `axis_value`."""
        return f"validation {self.title}{' (%)' if self.is_fraction else ''}"

    def least_span(self, value: float) -> float:
        """The least range of an axis near `value`: 0.01 of a fraction, a tenth of a loss."""
        return 0.01 if self.is_fraction else max(abs(value) / 10, 1e-6)

    def is_better(self, score: float, other: float) -> bool:
        """True if `score` is better than `other`; False for equal scores."""
        return score > other if self.maximize else score < other

    def best(self, scores: Iterable[float]) -> float:
        """The best of `scores`, or `worst` if there are none."""
        choose: Callable[..., float] = max if self.maximize else min
        return choose(scores, default=self.worst)

    def advantage(self, score: float, other: float) -> float:
        """The amount by which `score` is better than `other`; negative if it is worse."""
        return score - other if self.maximize else other - score

    def reaches(self, score: float, target: float) -> bool:
        """True if `score` is `target` or better."""
        return not self.is_better(target, score)

    def is_enough(self, score: float | None) -> bool:
        """True if networks are ranked by their size, and `score` is one from which they are."""
        if self.smallest_from is None or _is_missing(score):
            return False
        return self.reaches(score or 0.0, self.smallest_from)

    def is_guess(self, score: float, class_sizes: Sequence[int]) -> bool:
        """True if `score` is not clearly better than that of a guess: by CLEAR standard errors.

        `class_sizes` are the images of each class. A guess knows the classes' shares alone.
        """
        guess = self.guess(class_sizes)
        return not self.advantage(score, guess) > CLEAR * self.error(guess, class_sizes)

    def text(self, score: float | None) -> str:
        """`score` as text: "92.35 %" for a fraction, "0.2345" for a loss, "–" for None."""
        if score is None:
            return "–"
        return f"{100 * score:.2f} %" if self.is_fraction else f"{score:.4f}"

    def difference_text(self, difference: float) -> str:
        """A difference of two scores with its sign: "+1.25" in points, or "+0.0125" of a loss."""
        return f"{100 * difference:+.2f}" if self.is_fraction else f"{difference:+.4f}"

    @property
    def difference_unit(self) -> str:
        """The unit of `difference_text` with a space before it, or "" if it has none."""
        return " points" if self.is_fraction else ""

    def axis_value(self, score: float) -> float:
        """`score` in the unit of `axis`, rounded to the 4th digit of a percentage."""
        return round(100 * score, 4) if self.is_fraction else round(score, 6)


# --- the objectives -------------------------------------------------------------------------------


def _accuracy(counts: Counts, cross_entropy: float) -> float:
    return int(counts.trace()) / int(counts.sum())


def _balanced_accuracy(counts: Counts, cross_entropy: float) -> float:
    """The mean recall of the classes that have images."""
    n_images = counts.sum(axis=1)
    present = n_images > 0
    return float((counts.diagonal()[present] / n_images[present]).mean())


def _macro_f1(counts: Counts, cross_entropy: float) -> float:
    """The mean F1 of the classes that have images or predictions.

    Source: scikit-learn's f1_score(average="macro", zero_division=0); the F1 of a class is twice
    its hits, divided by its images plus its predictions.
    """
    total = counts.sum(axis=1) + counts.sum(axis=0)
    present = total > 0
    return float((2 * counts.diagonal()[present] / total[present]).mean())


def _cross_entropy(counts: Counts, cross_entropy: float) -> float:
    return cross_entropy


def _accuracy_error(score: float, class_sizes: Sequence[int]) -> float:
    """The standard error of a share of all images, sqrt(p (1 - p) / n)."""
    return math.sqrt(max(0.0, score * (1 - score)) / sum(class_sizes))


def _step_of_the_rarest(class_sizes: Sequence[int]) -> float:
    """The change of a mean of K shares by one image of the rarest class."""
    sizes = [size for size in class_sizes if size > 0]
    return 1 / (len(sizes) * min(sizes))


def _mean_of_classes_error(score: float, class_sizes: Sequence[int]) -> float:
    """The standard error of a mean of K shares, each of one class's n_k images.

    sqrt(p (1 - p) sum(1 / n_k)) / K, which assumes that all classes have the share p. For equal
    classes it is the error of an accuracy; a rare class makes it larger. For F1 it is a stand-in,
    because the error of a mean of F1 has no closed form in the score alone.
    """
    sizes = [size for size in class_sizes if size > 0]
    return math.sqrt(max(0.0, score * (1 - score)) * sum(1 / n for n in sizes)) / len(sizes)


def _loss_error(score: float, class_sizes: Sequence[int]) -> float:
    """The standard error of a mean cross-entropy, sqrt(v L / n) with v = LOSS_VARIANCE.

    Most images cost almost nothing and the few wrong ones cost some units each, so the variance
    grows in proportion to the mean.
    """
    return math.sqrt(LOSS_VARIANCE * max(0.0, score) / sum(class_sizes))


def _entropy(class_sizes: Sequence[int]) -> float:
    """The entropy of the classes' shares, in nats."""
    n = sum(class_sizes)
    return sum(size / n * math.log(n / size) for size in class_sizes if size > 0)


ACCURACY = Objective(
    name="accuracy",
    title="accuracy",
    maximize=True,
    is_fraction=True,
    compute=_accuracy,
    error=_accuracy_error,
    guess=lambda class_sizes: max(class_sizes) / sum(class_sizes),
    step=lambda class_sizes: 1 / sum(class_sizes),
)
BALANCED_ACCURACY = Objective(
    name="balanced_accuracy",
    title="balanced accuracy",
    maximize=True,
    is_fraction=True,
    compute=_balanced_accuracy,
    error=_mean_of_classes_error,
    guess=lambda class_sizes: 1 / len(class_sizes),
    step=_step_of_the_rarest,
)
MACRO_F1 = Objective(
    name="macro_f1",
    title="macro F1",
    maximize=True,
    is_fraction=True,
    compute=_macro_f1,
    error=_mean_of_classes_error,
    guess=lambda class_sizes: 1 / len(class_sizes),
    step=_step_of_the_rarest,
)
LOSS = Objective(
    name="loss",
    title="cross-entropy",
    maximize=False,
    is_fraction=False,
    compute=_cross_entropy,
    error=_loss_error,
    guess=_entropy,
    step=lambda class_sizes: 0.0,
)
OBJECTIVES = {each.name: each for each in (ACCURACY, BALANCED_ACCURACY, MACRO_F1, LOSS)}


def find_objective(name: str) -> Objective:
    """The objective of this name.

    Raises: SettingsError for an unknown name.
    """
    if name not in OBJECTIVES:
        known = ", ".join(OBJECTIVES)
        raise SettingsError(f"--objective must be one of {known}, got {name!r}")
    return OBJECTIVES[name]


# --- the ordering ---------------------------------------------------------------------------------


class Ranked(Protocol):
    """The values that decide a trial's rank, such as those of a `TrialRecord`."""

    @property
    def number(self) -> int:
        """The number of the trial."""
        ...

    @property
    def state(self) -> TrialState:
        """The state of the trial."""
        ...

    @property
    def score(self) -> float | None:
        """The score of the best epoch, or None without an epoch."""
        ...

    @property
    def val_loss(self) -> float | None:
        """The validation cross-entropy of the best epoch, or None without an epoch."""
        ...

    @property
    def parameters(self) -> int:
        """The number of the network's parameters."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The values of `Ranked` alone."""

    number: int
    state: TrialState
    score: float | None
    val_loss: float | None
    parameters: int


def score_key(
    objective: Objective,
    score: float | None,
    val_loss: float | None,
    parameters: int = 0,
    number: int = 0,
) -> tuple[float, ...]:
    """The sort key of a score, the best first; all comparisons of scores in autocnn use it.

    Equal scores are ordered by the validation cross-entropy, then fewer parameters, then the
    number. None and NaN come last. If the objective ranks networks by size, those that reach its
    score come first, those with fewer parameters before others.
    """
    cost = math.inf if _is_missing(score) else objective.advantage(0.0, score or 0.0)
    loss = math.inf if _is_missing(val_loss) else val_loss or 0.0
    if objective.is_enough(score):
        return (-math.inf, parameters, cost, loss, number)
    return (cost, loss, parameters, number)


def rank_key(objective: Objective, trial: Ranked) -> tuple[float, ...]:
    """The sort key of a trial, the best first.

    Complete and stopped trials come first, by `score_key`; then pruned ones by the same key; then
    trials that ended without a score, running ones and failed ones, each by number.
    """
    key = score_key(objective, trial.score, trial.val_loss, trial.parameters, trial.number)
    if trial.state is TrialState.FAILED:
        return (4, trial.number)
    if trial.state is TrialState.RUNNING:
        return (3, trial.number)
    if trial.state is TrialState.PRUNED:
        return (1, *key)
    return (2, trial.number) if key[0] == math.inf else (0, *key)


def can_win(objective: Objective, trial: Ranked) -> bool:
    """True for a complete or stopped trial with a score."""
    return trial.state in FINISHED and rank_key(objective, trial)[0] == 0


def _is_missing(value: float | None) -> bool:
    return value is None or math.isnan(value)
