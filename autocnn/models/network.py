"""`Network`: what an export takes, a trained network or an ensemble of several."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Protocol

from autocnn.models.predictor import KerasPredictor, check_shape, predict_all

if TYPE_CHECKING:  # imports Keras: the table of formats is read without it
    import keras
    import numpy.typing as npt

    from autocnn.models.predictor import Predictor, Probabilities
    from autocnn.nn.model import ImageSpec


class Network(Protocol):
    """Raw images in, class probabilities out; `TrainedModel` and `Ensemble` are networks."""

    @property
    def image(self) -> ImageSpec:
        """The images and the number of classes."""
        ...

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes, in the order of the outputs."""
        ...

    def build(self) -> Any:
        """The Keras model, of Keras' own layers and operations only."""
        ...

    def predictor(self) -> Predictor:
        """A function from images to probabilities, for which the network is built once."""
        ...

    def predict(self, images: Any) -> Probabilities:
        """The class probabilities of `images`, which are predicted in batches."""
        ...


class BuiltNetwork(ABC):
    """The predictions of a network by the Keras model that it builds."""

    __slots__ = ()

    @abstractmethod
    def build(self) -> keras.Model:
        """The Keras model; input shape (batch, *image), output shape (batch, classes)."""

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
        model = self.build()
        check_shape(images, model.input_shape[1:])
        return predict_all(KerasPredictor(model), images, model.output_shape[-1])
