"""The score of a network on labelled images: errors, confusion matrix and confidence interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from autocnn.data.dataset import Images
from autocnn.data.split import image_hashes
from autocnn.finals.interval import wilson_interval
from autocnn.models.predictor import Pixels, Predictor, in_batches
from autocnn.models.views import PLAIN, make_views
from autocnn.objectives import ACCURACY, Objective

SMALLEST = 1e-38  # a probability below it is taken for it, so that its logarithm is finite


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitScore:
    """The predictions for the images of a split, counted."""

    n: int  # images
    n_different: int  # of them, copies counted once
    errors: int  # images whose class was not predicted
    confusion: tuple[tuple[int, ...], ...]  # [true class][predicted class]
    cross_entropy: float  # mean over the images

    @property
    def accuracy(self) -> float:
        """The share of images whose class was predicted."""
        return 1 - self.errors / self.n

    @property
    def majority(self) -> float:
        """The accuracy of always answering the most common class of the images."""
        return max(map(sum, self.confusion)) / self.n

    def score(self, objective: Objective) -> float:
        """The score of `objective`; for the accuracy it is `accuracy`, to the last bit."""
        if objective.name == ACCURACY.name:
            return self.accuracy
        return objective.compute(np.array(self.confusion), self.cross_entropy)

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % confidence interval of the accuracy, as if of `n_different` images.

        A copy adds nothing to what is known, so the accuracy is that of all images, and the width
        that of the different ones.
        """
        hits = (self.n - self.errors) * self.n_different / self.n
        return wilson_interval(hits, self.n_different)


def score_images(
    predict: Predictor, split: Images, n_classes: int, views: str = PLAIN
) -> SplitScore:
    """Predict the class of each image of `split` from its `views`, and count the errors."""
    batches = [_log_probabilities(predict, batch, views) for batch in in_batches(split.images)]
    log_p = np.concatenate(batches)
    confusion = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(confusion, (split.labels, np.argmax(log_p, axis=-1)), 1)
    return SplitScore(
        n=split.n,
        n_different=len(np.unique(image_hashes(split))),
        errors=int(split.n - np.trace(confusion)),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        cross_entropy=float(-log_p[np.arange(split.n), split.labels].mean()),
    )


def _log_probabilities(predict: Predictor, images: Pixels, views: str) -> npt.NDArray[np.float64]:
    """The weighted mean over the views of the log-probabilities, normalised; (images, classes).

    Its largest value is that of the class with the largest mean logit.
    """
    total: Any = 0.0
    for weight, view in make_views(images, views):
        probabilities = np.asarray(predict(view), np.float64)
        total = total + weight * np.log(np.maximum(probabilities, SMALLEST))
    normalised: npt.NDArray[np.float64] = total - np.logaddexp.reduce(total, axis=-1, keepdims=True)
    return normalised
