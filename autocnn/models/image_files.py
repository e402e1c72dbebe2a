"""An image file as a model's contract asks for it. Keras is not imported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autocnn.data.decoding import decode_file, decode_image, quiet_pillow
from autocnn.models.contract import ModelContract


def prepare_file(path: Path | str, contract: ModelContract) -> NDArray[np.uint8]:
    """The image at `path`, prepared exactly as the training images were.

    Output shape: (height, width, channels), 0 to 255.
    Raises: DatasetError if it cannot be read, or if its values are outside of the range.
    """
    return decode_file(path, contract.image_shape, contract.value_range, contract.resize)


def prepare_encoded(content: bytes, contract: ModelContract) -> NDArray[np.uint8]:
    """The image in the bytes of a file, prepared as by `prepare_file`.

    Output shape: (height, width, channels), 0 to 255.
    Raises: CorruptImageError if it cannot be read, or if its values are outside of the range.
    """
    with quiet_pillow():
        return decode_image(content, contract.image_shape, contract.value_range, contract.resize)
