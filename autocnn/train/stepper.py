"""The seam between `trainer` and the backends: the parts of a training, and its compiled steps."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from autocnn.data.dataset import Images
from autocnn.space.config import Augmentation, Loss


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingParts:
    """A model, its optimizer (built), its loss, and the images that it trains and validates on.

    `images` are all training images of a data set; the device holds them once for all trainings of
    a process. The indices say which of them this training uses, and in which order.
    """

    model: Any  # keras.Model giving logits
    optimizer: Any
    loss: Loss
    augmentation: Augmentation
    images: Images
    train_indices: npt.NDArray[np.int64]  # (n_train,), into `images`
    val_indices: npt.NDArray[np.int64]  # (n_val,), into `images`
    class_weights: tuple[float, ...] | None = None  # of the training loss
    chunk: int = 1  # steps of a call, at most
    program: Hashable = None  # equal if one compiled program fits both; None: fits no other


@dataclass(frozen=True, slots=True)
class Sums:
    """Totals over the images of a number of training steps."""

    loss: float
    correct: float

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.loss + other.loss, self.correct + other.correct)


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Totals over validation images, evaluated without augmentation and dropout."""

    loss: float  # sum of the cross-entropies
    confusion: npt.NDArray[np.int64]  # (classes, classes): images by true and predicted class

    def __add__(self, other: Evaluation) -> Evaluation:
        return Evaluation(self.loss + other.loss, self.confusion + other.confusion)


def square_counts(counts: npt.ArrayLike, n_classes: int) -> npt.NDArray[np.int64]:
    """The confusion matrix from its cells in one row, which are whole numbers in float32.

    float32 counts exactly up to 2**24 images in a cell.
    """
    return np.asarray(counts, np.int64).reshape(n_classes, n_classes)


class Stepper(Protocol):
    """A backend's compiled steps."""

    def train(
        self,
        positions: npt.NDArray[np.int32],
        draws: npt.NDArray[Any],
        rates: npt.NDArray[np.float32],
    ) -> Sums:
        """Take one optimizer step for each row of `positions`.

        Shapes: positions (steps, batch) in `train_indices`, from 0; draws (steps, batch, n_draws);
        rates (steps,), the learning rate of each step.
        """
        ...

    def evaluate(
        self, positions: npt.NDArray[np.int32], weights: npt.NDArray[np.float32]
    ) -> Evaluation:
        """Cross-entropy and confusion matrix over the validation images.

        Shapes: positions in `val_indices`, and weights, (batches, batch); a weight is 1, or 0 for
        padding.
        """
        ...
