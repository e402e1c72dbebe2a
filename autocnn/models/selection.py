"""Which networks an ensemble has, and how much better it is than one of them.

All functions are pure. `probabilities` has the shape (networks, images, classes), `labels` has
(images,).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

ROUNDS = 20  # networks in the largest bag, each as often as it was chosen
HALVINGS = 5
SMALLEST = 1e-38  # a probability below it is taken for it, so that its logarithm is finite

Probabilities = npt.NDArray[np.floating[Any]]
Labels = npt.NDArray[np.int64]
Score = Callable[[Probabilities, Labels], float]  # of one network; more is better


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """The mean over images of how much better one network is than another, with its error."""

    mean: float
    error: float  # one standard error of the mean, over the images

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper bound, 95 %."""
        half = 1.959963984540054 * self.error
        return self.mean - half, self.mean + half


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossFit:
    """The gain of an ensemble over a single network on images by which neither was chosen."""

    accuracy: Gain
    loss: Gain  # the decrease of the cross-entropy


def select_networks(probabilities: Probabilities, labels: Labels, most: int) -> tuple[int, ...]:
    """How often each network is in the ensemble, of which at most `most` are different ones.

    One network at a time is added, an earlier one too, so that the mean of the probabilities has
    the lowest cross-entropy; of equal ones the first. Of the bags of 1 to ROUNDS networks that
    arise, the one with the lowest cross-entropy is taken, and of equal ones the smallest.

    Source: Caruana et al. 2004, ICML, "Ensemble selection from libraries of models", with
    replacement.
    """
    true = _of_true_class(probabilities, labels)  # (networks, images)
    counts = np.zeros(len(true), np.int64)
    bag = np.zeros(true.shape[1])
    best_loss, best = math.inf, counts.copy()
    for size in range(1, ROUNDS + 1):
        is_full = np.count_nonzero(counts) >= most
        losses = [
            math.inf if is_full and not counts[i] else _cross_entropy((bag + each) / size)
            for i, each in enumerate(true)
        ]
        added = int(np.argmin(losses))
        counts[added] += 1
        bag += true[added]
        if losses[added] < best_loss:
            best_loss, best = losses[added], counts.copy()
    return tuple(int(count) for count in best)


def mean_probabilities(probabilities: Probabilities, counts: tuple[int, ...]) -> Probabilities:
    """The ensemble's probabilities; (images, classes)."""
    weights = np.array(counts, np.float64) / sum(counts)
    mean: Probabilities = np.tensordot(weights, probabilities, axes=1)
    return mean


def cross_fit(
    probabilities: Probabilities, labels: Labels, most: int, score: Score, seed: int = 0
) -> CrossFit:
    """The gain of choosing an ensemble over choosing the network with the best score.

    Both are chosen on one half of the images and compared on the other, in HALVINGS stratified
    halvings and both directions: each image is compared HALVINGS times. The error is that of the
    mean of as many images as there are, for the halvings share them.
    Raises: ValueError for less than two images.
    """
    if len(labels) < 2:
        raise ValueError(f"expected two images or more, got {len(labels)}")
    hits, losses = np.zeros(len(labels)), np.zeros(len(labels))
    for first in halve(labels, HALVINGS, seed):
        for chosen_on in (first, ~first):
            scored_on = ~chosen_on
            one, many = _choose_both(probabilities[:, chosen_on], labels[chosen_on], most, score)
            rest, known = probabilities[:, scored_on], labels[scored_on]
            ours, single = mean_probabilities(rest, many), rest[one]
            hits[scored_on] += _is_hit(ours, known) - _is_hit(single, known)
            losses[scored_on] += _image_losses(single, known) - _image_losses(ours, known)
    return CrossFit(accuracy=_gain(hits / HALVINGS), loss=_gain(losses / HALVINGS))


def halve(labels: Labels, n_halvings: int, seed: int) -> list[npt.NDArray[np.bool_]]:
    """Random halves of the images, True for one half, in which each class has half of its images.

    Of an odd number the larger part falls into either half.
    """
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n_halvings):
        order = rng.permutation(len(labels))
        order = order[np.argsort(labels[order], kind="stable")]
        is_first = np.zeros(len(labels), np.bool_)
        is_first[order[::2]] = True
        found.append(is_first)
    return found


def best_network(probabilities: Probabilities, labels: Labels, score: Score) -> int:
    """The network with the best score; of equal ones that with the lower cross-entropy."""
    keys = [
        (score(each, labels), -float(_image_losses(each, labels).mean())) for each in probabilities
    ]
    return max(range(len(keys)), key=keys.__getitem__)


def mean_loss(probabilities: Probabilities, labels: Labels) -> float:
    """The mean cross-entropy of one network; its probabilities have the shape (images, classes)."""
    return float(_image_losses(probabilities, labels).mean())


def _choose_both(
    probabilities: Probabilities, labels: Labels, most: int, score: Score
) -> tuple[int, tuple[int, ...]]:
    single = best_network(probabilities, labels, score)
    return single, select_networks(probabilities, labels, most)


def _of_true_class(probabilities: Probabilities, labels: Labels) -> npt.NDArray[np.float64]:
    return np.asarray(probabilities[..., np.arange(len(labels)), labels], np.float64)


def _image_losses(probabilities: Probabilities, labels: Labels) -> npt.NDArray[np.float64]:
    losses: npt.NDArray[np.float64] = -np.log(
        np.maximum(_of_true_class(probabilities, labels), SMALLEST)
    )
    return losses


def _cross_entropy(true: npt.NDArray[np.float64]) -> float:
    """The loss from the probabilities of the true classes, rounded so that no rounding decides."""
    return round(float(-np.log(np.maximum(true, SMALLEST)).mean()), 12)


def _is_hit(probabilities: Probabilities, labels: Labels) -> npt.NDArray[np.float64]:
    return np.asarray(probabilities.argmax(axis=1) == labels, np.float64)


def _gain(differences: npt.NDArray[np.float64]) -> Gain:
    n = len(differences)
    return Gain(mean=float(differences.mean()), error=float(differences.std(ddof=1)) / math.sqrt(n))
