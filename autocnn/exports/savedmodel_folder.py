"""The SavedModel: a folder, whose contract is a file of its `assets.extra`.

TensorFlow keeps that folder for files of the user, and does not read it. The weights are constants
of the graph (frozen.py). A SavedModel of a stranger is not loaded: its graph may hold operations
that read and write files, or call Python.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from autocnn.errors import RecordError
from autocnn.exports.contract_file import AGAIN, contract_bytes, read_contract_file
from autocnn.exports.frozen import INPUT, OUTPUT, SIGNATURE, freeze, save_frozen
from autocnn.exports.quiet import quiet

if TYPE_CHECKING:
    from autocnn.models.contract import ModelContract
    from autocnn.models.network import Network
    from autocnn.models.predictor import Pixels, Predictor, Probabilities

TOLERANCE = 1e-4  # of a probability: TensorFlow fuses operations of a graph, float32
CONTRACT: Final = Path("assets.extra", "autocnn.json")
GRAPH: Final = "saved_model.pb"


def write(model: Network, contract: ModelContract, path: Path) -> None:
    """Write `model` and `contract` to the new folder `path`.

    Raises: as `freeze`; OSError if a file cannot be written.
    """
    save_frozen(freeze(model), path)
    inside = path / CONTRACT
    inside.parent.mkdir(exist_ok=True)
    inside.write_bytes(contract_bytes(contract))


def load(path: Path) -> Predictor:
    """The predictions of a folder that this process wrote, loaded by plain TensorFlow."""
    import numpy as np
    import tensorflow as tf

    with quiet():
        module = tf.saved_model.load(str(path))

    def predict(images: Pixels) -> Probabilities:
        run = module.signatures[SIGNATURE]  # which does not keep the module alive
        return np.asarray(run(**{INPUT: tf.constant(images)})[OUTPUT].numpy(), np.float32)

    return predict


def read_contract(path: Path) -> ModelContract:
    """The contract in the folder, of which no other file is read.

    Raises: RecordError if there is none, or if it is not valid.
    """
    if not (path / CONTRACT).is_file():
        raise RecordError(f"{path}: expected a folder with a contract at {CONTRACT}; {AGAIN}")
    return read_contract_file(path / CONTRACT)


def is_saved_model(path: Path) -> bool:
    """True if `path` is the folder of a SavedModel, of whatever origin."""
    return not os.path.islink(path) and os.path.isfile(path / GRAPH)  # also of a path too long
