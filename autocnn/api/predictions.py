"""A trained network that predicts: from an exported file, or from a study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from autocnn.api.export import contract_in, trained_model
from autocnn.api.studies import StudyView
from autocnn.export.formats import FORMATS, read_contract
from autocnn.keras_startup import load_keras

if TYPE_CHECKING:  # imports Keras: the help of the command line imports this module
    from autocnn.models.loaded import LoadedModel


def load_model(path: Path | str) -> LoadedModel:
    """The exported model at `path`, with its contract.

    Only layers of Keras itself are loaded: nothing in the file is run.
    Raises: SettingsError for an ending of another kind of file; RecordError if the file cannot be
    read, has no contract, or has other layers.
    """
    file = Path(path)
    contract = read_contract(file, needs_model=True)
    load_keras()
    from autocnn.models.loaded import LoadedModel

    return LoadedModel(contract=contract, predictor=FORMATS[file.suffix].load(file))


def load_winner(view: StudyView, trial: int | None = None) -> LoadedModel:
    """The shipped winner of a study, or the network of `trial`, with the contract of an export.

    Raises: StudyError without a model; RecordError if the weights cannot be read.
    """
    model = trained_model(view, trial)
    from autocnn.models.loaded import LoadedModel

    return LoadedModel(contract=contract_in(view, trial), predictor=model.predictor())
