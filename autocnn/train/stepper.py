"""What a compiled loop is made of and offers: the seam between `trainer` and the backends."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from autocnn.space.config import Augmentation, Loss


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingParts:
    """A model, its optimizer (built), its loss, and the data that stay on the device."""

    model: Any  # keras.Model giving logits
    optimizer: Any
    loss: Loss
    augmentation: Augmentation
    train_images: npt.NDArray[np.uint8]  # (n, height, width, channels)
    train_labels: npt.NDArray[np.int64]  # (n,)
    val_images: npt.NDArray[np.uint8]
    val_labels: npt.NDArray[np.int64]
    class_weights: tuple[float, ...] | None = None  # of the training loss
    chunk: int = 1  # steps of a call, at most
    program: Hashable = None  # equal where one compiled program fits; None: fits nothing else


@dataclass(frozen=True, slots=True)
class Sums:
    """Totals over a number of images."""

    loss: float
    correct: float

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.loss + other.loss, self.correct + other.correct)


class Stepper(Protocol):
    """A backend's compiled steps."""

    def train(
        self,
        indices: npt.NDArray[np.int32],
        draws: npt.NDArray[Any],
        rates: npt.NDArray[np.float32],
    ) -> Sums:
        """Take one optimizer step a row.

        Shapes: indices (steps, batch) into the training images; draws (steps, batch, n_draws);
        rates (steps,), the learning rate of each step.
        """
        ...

    def evaluate(self, indices: npt.NDArray[np.int32], weights: npt.NDArray[np.float32]) -> Sums:
        """Cross-entropy and hits over the validation images.

        Shapes: indices and weights (batches, batch); a weight is 1, or 0 for padding.
        """
        ...
