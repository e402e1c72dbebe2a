"""`LoadedModel`: an exported network with its contract, ready to classify images and files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from autocnn.errors import DatasetError
from autocnn.models.contract import ModelContract
from autocnn.models.image_files import prepare_file
from autocnn.models.prediction import Prediction
from autocnn.models.predictor import Predictor, Probabilities, check_shape, predict_all
from autocnn.nn.batches import evaluation_batch


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadedModel:
    """A network that was read from a file, or from a study."""

    contract: ModelContract
    predictor: Predictor

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes, in the order of the outputs."""
        return self.contract.class_names

    def predict(self, images: npt.NDArray[Any] | Sequence[str | Path]) -> Probabilities:
        """The class probabilities of images, or of image files, in their order.

        Input shape: (n, height, width, channels), any real type, 0-255; files have any size, and
        are prepared as the training images were. Output shape: (n, classes).
        Raises: ValueError for images of another shape; DatasetError if a file cannot be read.
        """
        if isinstance(images, np.ndarray):
            return self._predict(images)
        paths = [images] if isinstance(images, str | Path) else images
        return self._predict(self._stack([self._decode(Path(path)) for path in paths]))

    def predict_files(self, paths: Sequence[Path]) -> Iterator[Prediction]:
        """What the network says about each file, in their order; few are in memory at a time.

        A file that cannot be read has the reason, and the others are classified.
        """
        size = evaluation_batch(self.contract.image_shape, len(paths))
        for part in (paths[at : at + size] for at in range(0, len(paths), size)):
            decoded = [self._try_decode(path) for path in part]
            images = [each for each in decoded if isinstance(each, np.ndarray)]
            rows = iter(self._predict(self._stack(images)))
            for path, each in zip(part, decoded, strict=True):
                if isinstance(each, str):
                    yield Prediction(path=path, problem=each)
                else:
                    yield Prediction(path=path, classes=self.rank(next(rows)))

    def _predict(self, images: npt.NDArray[Any]) -> Probabilities:
        check_shape(images, self.contract.image_shape)
        return predict_all(self.predictor, images, len(self.class_names))

    def _decode(self, path: Path) -> npt.NDArray[np.uint8]:
        return prepare_file(path, self.contract)

    def _try_decode(self, path: Path) -> npt.NDArray[np.uint8] | str:
        try:
            return self._decode(path)
        except DatasetError as error:
            return str(error).removeprefix(f"{path}: ")

    def _stack(self, images: Sequence[npt.NDArray[np.uint8]]) -> npt.NDArray[np.uint8]:
        shape = len(images), *self.contract.image_shape
        return np.array(images, np.uint8).reshape(shape)

    def rank(self, probabilities: npt.NDArray[np.float32]) -> tuple[tuple[str, float], ...]:
        """Class and probability of one image, the likeliest first. Input shape: (classes,)."""
        order = np.argsort(-probabilities, kind="stable")
        return tuple((self.class_names[i], float(probabilities[i])) for i in order)
