"""The model that a command names: an exported file, or the winner or a trial of a study."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from autocnn.api.predictions import load_model, load_winner
from autocnn.errors import SettingsError
from autocnn.exports.formats import MODEL_FILES
from autocnn.exports.savedmodel_folder import is_saved_model

if TYPE_CHECKING:  # imports NumPy: the help of the command line imports this module
    from autocnn.models.loaded import LoadedModel


def open_model(model: str, results: Path, trial: int | None = None) -> tuple[LoadedModel, str]:
    """The model in the file `model`, or of the study of that name in the folder `results`.

    Returns: the model, and a line about where it comes from, which may be empty.
    Raises: SettingsError for a trial of a file; otherwise as `load_model` and `load_winner`.
    """
    path = Path(model)
    if path.suffix in MODEL_FILES or os.path.isfile(path) or is_saved_model(path):
        if trial is not None:
            raise SettingsError(f"--trial is for a study, and {model} is a file")
        return load_model(path), ""
    from autocnn.api.export import export_note  # what reads studies is large, and files are served
    from autocnn.api.studies import load_study  # without it

    view = load_study(results, model)
    note = export_note(view, trial)
    return load_winner(view, trial), note
