"""How an exported file does on the test split, measured in float32 on the file itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from autocnn.data.dataset import Images
from autocnn.finals.interval import wilson_interval

BATCH = 500


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


def score_file(path: Path, test: Images, n_classes: int) -> SplitScore:
    """Load `path` in plain Keras (safe mode) and classify the test images."""
    model = keras.saving.load_model(path, compile=False, safe_mode=True)
    predicted = []
    for at in range(0, test.n, BATCH):
        batch = np.asarray(test.images[at : at + BATCH], np.float32)
        predicted.append(np.argmax(keras.ops.convert_to_numpy(model(batch)), axis=-1))
    confusion = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(confusion, (test.labels, np.concatenate(predicted)), 1)
    return SplitScore(
        n=test.n,
        errors=int(test.n - np.trace(confusion)),
        confusion=tuple(tuple(int(x) for x in row) for row in confusion),
    )
