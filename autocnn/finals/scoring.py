"""How an exported file does on the test split, measured in float32 on the file itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from autocnn.data.dataset import Images
from autocnn.finals.views import PUBLISHED_VIEWS, Pixels, Views, plain
from autocnn.train.assembly import evaluation_batch

LEAST = 1e-38  # probability whose logarithm is taken for less


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitScore:
    """Hits and misses on the test split."""

    n: int
    errors: int
    confusion: tuple[tuple[int, ...], ...]  # [true class][predicted class]

    @property
    def accuracy(self) -> float:
        """The share of images that were classified rightly."""
        return 1 - self.errors / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """95 % confidence interval of the accuracy."""
        return wilson_interval(self.n - self.errors, self.n)


def score_file(path: Path, test: Images, n_classes: int, views: Views = plain) -> SplitScore:
    """Load `path` in plain Keras (safe mode) and classify the test images by these views."""
    model = keras.saving.load_model(path, compile=False, safe_mode=True)
    predicted = []
    size = evaluation_batch(test.images.shape[1:], test.n)
    for at in range(0, test.n, size):
        batch = np.asarray(test.images[at : at + size], np.float32)
        predicted.append(_classes(model, batch, views))
    confusion = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(confusion, (test.labels, np.concatenate(predicted)), 1)
    return SplitScore(
        n=test.n,
        errors=int(test.n - np.trace(confusion)),
        confusion=tuple(tuple(int(x) for x in row) for row in confusion),
    )


def score_by_views(
    path: Path, test: Images, n_classes: int, architecture: str
) -> SplitScore | None:
    """The score by the views that were published with the architecture; None for all others."""
    views = PUBLISHED_VIEWS.get(architecture)
    return None if views is None else score_file(path, test, n_classes, views)


def _classes(model: keras.Model, images: Pixels, views: Views) -> npt.NDArray[np.int64]:
    """The class with the largest mean of log-probabilities, which is the largest mean logit."""
    total: Any = 0.0
    for weight, view in views(images):
        probabilities = keras.ops.convert_to_numpy(model(view))
        total = total + weight * np.log(np.maximum(probabilities, LEAST))
    classes: npt.NDArray[np.int64] = np.argmax(total, axis=-1)
    return classes


Z_95 = 1.959963984540054  # two-sided 95 % quantile of the normal distribution


def wilson_interval(hits: int, n: int, z: float = Z_95) -> tuple[float, float]:
    """Lower and upper bound of the proportion behind `hits` of `n`.

    Source: Wilson 1927; sound for small n and for proportions near 0 and 1.
    """
    p, zz = hits / n, z * z / n
    centre = (p + zz / 2) / (1 + zz)
    half = z / (1 + zz) * math.sqrt(p * (1 - p) / n + zz / (4 * n))
    return max(0.0, centre - half), min(1.0, centre + half)
