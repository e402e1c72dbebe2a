"""An image file as a model's contract asks for it. Keras is not imported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autocnn.data.decoding import decode_file
from autocnn.models.contract import ModelContract


def prepare_file(path: Path | str, contract: ModelContract) -> NDArray[np.uint8]:
    """The image at `path`, prepared exactly as the training images were.

    Output shape: (height, width, channels), 0 to 255.
    Raises: DatasetError if it cannot be read, or if its values are outside of the range.
    """
    return decode_file(path, contract.image_shape, contract.value_range, contract.resize)
