"""`TrainedModel`: a trained network as one object, from which files and predictions are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from autocnn.data.dataset import IndexedImages
from autocnn.errors import RecordError
from autocnn.nn.model import ImageSpec, build_model, evaluation_batch
from autocnn.nn.weights import load_weights
from autocnn.space.config import TrialConfig

Pixels = npt.NDArray[np.float32]  # (n, height, width, channels), 0-255
Probabilities = npt.NDArray[np.float32]  # (n, classes); each row sums to 1
Predictor = Callable[[Pixels], Probabilities]  # predicts all of its images at once
Weights = tuple[npt.NDArray[Any], ...]  # in the order of `keras.Model.get_weights()`


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainedModel:
    """A trained network: everything that its predictions depend on.

    Raises: ValueError if the number of class names is not that of the network's outputs.
    """

    config: TrialConfig
    image: ImageSpec
    class_names: tuple[str, ...]  # in the order of the outputs
    weights: Path | Weights  # a path is that of an .npz file, which is read by `build`

    def __post_init__(self) -> None:
        if len(self.class_names) != self.image.n_classes:
            raise ValueError(
                f"expected {self.image.n_classes} class names, got {len(self.class_names)}"
            )

    def build(self, name: str = "autocnn") -> keras.Model:
        """The Keras model with the trained weights, in float32 and of Keras' own layers only.

        Input shape: (batch, height, width, channels), any real type, 0-255.
        Output shape: (batch, classes), float32 probabilities.
        Raises: RecordError if the file of the weights cannot be read or is of another network.
        """
        with float32_policy():
            model = build_model(self.config, self.image, export=True, name=name)
        weights = load_weights(self.weights) if isinstance(self.weights, Path) else self.weights
        _check_shapes(model, weights, self.weights)
        model.set_weights(list(weights))
        return model

    def predictor(self) -> Predictor:
        """A function from images to probabilities, for which the network is built once.

        Raises: as `build`.
        """
        return KerasPredictor(self.build())

    def predict(self, images: npt.NDArray[Any]) -> Probabilities:
        """The class probabilities of `images`, which are predicted in batches.

        Input shape: (n, height, width, channels), any real type, 0-255. Output shape: (n, classes).
        Raises: ValueError for images of another shape; otherwise as `build`.
        """
        check_shape(images, self.image.shape)
        return predict_all(self.predictor(), images, self.image.n_classes)


@dataclass(frozen=True, slots=True)
class KerasPredictor:
    """The predictions of a Keras model that returns probabilities."""

    model: keras.Model

    def __call__(self, images: Pixels) -> Probabilities:
        """Predict all `images` at once."""
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


@contextmanager
def float32_policy() -> Iterator[None]:
    """Keras' dtype policy is float32 inside, and what it was before afterwards."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _check_shapes(
    model: keras.Model, weights: Sequence[npt.NDArray[Any]], source: Path | Weights
) -> None:
    """Raise if `weights` are not those of `model`: RecordError for a file, else ValueError."""
    expected = [tuple(variable.shape) for variable in model.weights]
    received = [array.shape for array in weights]
    if received == expected:
        return
    if isinstance(source, Path):
        raise RecordError(
            f"{source}: cannot read the weights: expected {len(expected)} arrays of the network's "
            f"shapes, got {len(received)} arrays that do not fit"
        )
    raise ValueError(f"expected weights of the shapes {expected}, got {received}")
