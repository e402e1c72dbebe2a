"""An image file, prepared for an exported model exactly as its training images were.

Neither Keras nor its backend is imported.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autocnn.exports.formats import read_contract
from autocnn.models.contract import ModelContract
from autocnn.models.image_files import prepare_file


def load_image(path: Path | str, model: Path | str | ModelContract) -> NDArray[np.uint8]:
    """The image at `path` as the model expects it: one image, without an axis for a batch.

    `model` is the path of an exported model, of which only the contract is read, or that contract
    (`read_contract`). The camera's rotation is applied, transparent parts are drawn over white, and
    the image is resized and turned to grey or RGB as in training.

    Output shape: (height, width, channels), 0 to 255.

    >>> autocnn.load_image("photo.png", study.model_path).shape
    (8, 8, 1)

    Raises: DatasetError if the image cannot be read, or if its values are outside of the range of
    the training images; RecordError if the model's file cannot be read or has no contract;
    SettingsError if it is no model's file.
    """
    contract = model if isinstance(model, ModelContract) else read_contract(model)
    return prepare_file(path, contract)
