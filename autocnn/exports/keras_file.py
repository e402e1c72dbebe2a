"""The `.keras` file: stock layers in float32, raw 0-255 images in, class probabilities out.

Its contract is a key of its metadata (keras_archive.py).
The functions import Keras themselves, so the table of formats can be read without loading it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autocnn.errors import AutocnnError, RecordError
from autocnn.exports.keras_archive import add_contract, check_layers
from autocnn.keras_startup import startup_lines_dropped

if TYPE_CHECKING:
    from autocnn.models.contract import ModelContract
    from autocnn.models.network import Network
    from autocnn.models.predictor import Predictor
    from autocnn.models.trained import TrainedModel

TOLERANCE = 1e-5  # of a probability: the file holds the network's own float32 weights


def write(model: Network, contract: ModelContract, path: Path) -> None:
    """Write `model`, and `contract` into its metadata, to `path`, whose name must end in `.keras`.

    Raises: as `Network.build`; OSError if the file cannot be written.
    """
    plain = path.with_name(f"plain-{path.name}")
    network = model.build()
    with startup_lines_dropped():
        network.save(plain)
    add_contract(plain, contract, path)
    plain.unlink()


def load(path: Path) -> Predictor:
    """The predictions of the file, loaded by plain Keras in safe mode, which runs no code in it.

    Raises: RecordError if the file cannot be read, or has more than Keras' own layers.
    """
    from autocnn.models.predictor import KerasPredictor

    return KerasPredictor(_load(path))


def with_weights_of(model: TrainedModel, path: Path) -> TrainedModel:
    """`model` with the weights that lie in the file `path`, whose predictions are compared.

    Raises: RecordError if the file cannot be read, or if it is not a file of this network.
    """
    from autocnn.exports.check import check_same
    from autocnn.models.predictor import KerasPredictor

    loaded = _load(path)
    read = replace(model, weights=tuple(loaded.get_weights()))
    try:
        predictors = read.predictor(), KerasPredictor(loaded)
        check_same(path.name, *predictors, model.image.shape, TOLERANCE)
    except (ValueError, AutocnnError) as error:
        reason = str(error).partition("\n")[0]
        raise RecordError(
            f"{path}: expected the network of its study's record, got another one ({reason})"
        ) from error
    return read


def _load(path: Path) -> Any:
    import keras

    from autocnn.exports.check import check_ends
    from autocnn.models.trained import float32_policy

    check_layers(path)
    try:
        # layers whose policy is not in the file take the current one
        with float32_policy(), startup_lines_dropped(), _missing_weights_refused():
            model: Any = keras.saving.load_model(path, compile=False, safe_mode=True)
            ends = len(model.inputs), len(model.outputs)
    except Exception as error:  # zipfile, h5py, OSError and ValueError, by the kind of damage
        reason = str(error).partition("\n")[0]
        raise RecordError(f"{path}: cannot be read as a Keras model ({reason})") from error
    check_ends(path, *ends)
    return model


@contextmanager
def _missing_weights_refused() -> Iterator[None]:
    """Raise the warning of Keras that a layer without weights in the file keeps its first ones."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message="Skipping nested container")
        yield
