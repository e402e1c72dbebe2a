"""What predicts: types, batches that fit into memory, and a Keras model as one of them.

Keras is imported by none of this until a Keras model predicts, so a model in another format is
served without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from autocnn.nn.batches import evaluation_batch

if TYPE_CHECKING:
    import keras

    from autocnn.data.dataset import IndexedImages

Pixels = npt.NDArray[np.float32]  # (n, height, width, channels), 0-255
Probabilities = npt.NDArray[np.float32]  # (n, classes); each row sums to 1
Predictor = Callable[[Pixels], Probabilities]  # predicts all of its images at once


@dataclass(frozen=True, slots=True)
class KerasPredictor:
    """The predictions of a Keras model that returns probabilities."""

    model: keras.Model

    def __call__(self, images: Pixels) -> Probabilities:
        """Predict all `images` at once."""
        import keras

        outputs: Probabilities = keras.ops.convert_to_numpy(self.model(images, training=False))
        return outputs


def check_shape(images: npt.NDArray[Any], shape: tuple[int, int, int]) -> None:
    """Raise ValueError unless `images` is an array (n, *shape)."""
    if images.shape[1:] != shape:
        raise ValueError(f"expected images of shape {shape}, got {images.shape[1:]}")


def predict_all(predict: Predictor, images: npt.NDArray[Any], n_classes: int) -> Probabilities:
    """The predictions of all `images`, which are predicted in batches; (n, classes)."""
    batches = [predict(batch) for batch in in_batches(images)]
    return np.concatenate([np.empty((0, n_classes), np.float32), *batches])


def predict_indexed(predict: Predictor, images: IndexedImages, n_classes: int) -> Probabilities:
    """The predictions of `images`, of which one batch at a time is in memory; (n, classes)."""
    size = evaluation_batch(images.source.shape, images.n)
    places = (np.arange(at, min(at + size, images.n)) for at in range(0, images.n, size))
    batches = [predict(images.pixels(each).astype(np.float32)) for each in places]
    return np.concatenate([np.empty((0, n_classes), np.float32), *batches])


def in_batches(images: npt.NDArray[Any]) -> Iterator[Pixels]:
    """`images` (n, height, width, channels) as float32, in batches that fit into memory."""
    size = evaluation_batch(images.shape[1:], len(images))
    for start in range(0, len(images), size):
        yield np.asarray(images[start : start + size], np.float32)
