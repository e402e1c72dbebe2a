"""A model's weights as one .npz file of plain arrays, which cannot run code when it is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from autocnn.errors import RecordError
from autocnn.files import write_atomic
from autocnn.input_files import open_input


def save_weights(path: Path, weights: Sequence[npt.NDArray[Any]]) -> None:
    """Write the arrays of `model.get_weights()`; the file appears whole or not at all.

    Raises: RecordError if it cannot be written.
    """
    write_atomic(path, lambda file: np.savez(file, *weights))


def load_weights(path: Path) -> list[npt.NDArray[Any]]:
    """The arrays that `save_weights` wrote, in order.

    Raises: RecordError if the file is missing or damaged.
    """
    try:
        with open_input(path) as raw, np.load(raw, allow_pickle=False) as file:
            return [file[f"arr_{i}"] for i in range(len(file.files))]
    except Exception as error:  # zipfile, OSError and ValueError, by the kind of damage
        raise RecordError(f"{path}: cannot read the weights: {error}") from error
