"""`Network`: what an export takes, a trained network or an ensemble of several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # imports Keras: the table of formats is read without it
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
