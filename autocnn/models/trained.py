"""`TrainedModel`: a trained network as one object, from which files and predictions are made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy.typing as npt

from autocnn.errors import RecordError
from autocnn.models.network import BuiltNetwork
from autocnn.nn.model import ImageSpec, build_model
from autocnn.nn.weights import load_weights
from autocnn.space.config import TrialConfig

Weights = tuple[npt.NDArray[Any], ...]  # in the order of `keras.Model.get_weights()`


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainedModel(BuiltNetwork):
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
