"""A trained network that predicts: from an exported file, or from a study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from autocnn.exports.formats import load_file, needs_keras, read_contract
from autocnn.keras_startup import load_keras

if TYPE_CHECKING:  # imports NumPy: the help of the command line imports this module
    from autocnn.api.studies import StudyView
    from autocnn.models.loaded import LoadedModel


def load_model(path: Path | str) -> LoadedModel:
    """The exported model at `path`, with its contract.

    The file is any that an export writes, but no SavedModel. Only layers of Keras itself, and
    operations of ONNX, LiteRT and OpenVINO, are loaded: no code in the file is run.

    >>> autocnn.load_model(study.model_path).class_names
    ('dark', 'grey', 'light')

    Raises: SettingsError for an ending of another kind of file, or if the package that reads it is
    missing; RecordError if the file cannot be read, has no contract, or has other layers.
    """
    file = Path(path)
    contract = read_contract(file, needs_model=True)
    if needs_keras(file):  # the others are read without it, in a tenth of the time and memory
        load_keras()
    from autocnn.models.loaded import LoadedModel

    return LoadedModel(contract=contract, predictor=load_file(file, contract))


def load_winner(view: StudyView, trial: int | None = None) -> LoadedModel:
    """The shipped winner of a study, or the network of `trial`, with the contract of an export.

    Raises: StudyError without a model; RecordError if the weights cannot be read, or are not those
    of the study's manifest.
    """
    from autocnn.api.export import check_source, contract_in, trained_model

    check_source(view, trial)
    model = trained_model(view, trial)
    from autocnn.models.loaded import LoadedModel

    return LoadedModel(contract=contract_in(view, trial), predictor=model.predictor())
