"""What the plain Keras scripts of `any_images_arms.py` share: images, clock, loss."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What an arm trains on, and until when."""

    images: Pixels  # (n, height, width, channels)
    labels: Labels
    n_classes: int
    may_flip: bool
    ends_at: float  # time.time() by which the training should have ended

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        height, width, channels = self.images.shape[1:]
        return height, width, channels

    @property
    def side(self) -> float:
        """Of a square with as many pixels."""
        return math.sqrt(self.shape[0] * self.shape[1])

    def left(self) -> float:
        """Seconds until the training should have ended."""
        return self.ends_at - time.time()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A network that is to be tested, and how it was trained."""

    model: Any
    epochs: int
    batch: int
    precision: str = "float32"


def read_part(folder: Path, classes: list[str], longest_side: int | None) -> tuple[Pixels, Labels]:
    """The images of a part, (n, height, width, channels), and their classes by number."""
    images, labels = [], []
    for k, name in enumerate(classes):
        for path in sorted((folder / name).iterdir()):
            with Image.open(path) as image:
                images.append(_sized(image, longest_side))
            labels.append(k)
    stacked = np.stack(images)
    return stacked if stacked.ndim == 4 else stacked[..., None], np.array(labels, np.int64)


def _sized(image: Image.Image, longest_side: int | None) -> Pixels:
    longest = max(image.size)
    if longest_side is None or longest <= longest_side:
        return np.asarray(image, np.uint8)
    width, height = (max(1, round(side * longest_side / longest)) for side in image.size)
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR), np.uint8)


def deadline(task: Task) -> Any:
    """A callback that ends a training with the step during which the time is over."""
    import keras

    class Deadline(keras.callbacks.Callback):  # type: ignore[misc]  # untyped
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if task.left() <= 0:
                self.model.stop_training = True

    return Deadline()


def compile_network(model: Any, optimizer: Any) -> None:
    """Cross-entropy from logits, and the accuracy."""
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])
