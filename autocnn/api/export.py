"""Export of a study's networks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from autocnn.api.studies import StudyView
from autocnn.errors import RecordError, StudyError
from autocnn.files import write_atomic
from autocnn.keras_startup import load_keras

if TYPE_CHECKING:  # imported by the functions that need them: importing this module stays fast
    from autocnn.nn.model import ImageSpec


def export_model(view: StudyView, target: Path, trial: int | None = None) -> Path:
    """Write the shipped winner, or the network of `trial`, to `target`.

    Raises: SettingsError for an unknown file ending; StudyError without a model; RecordError if
    `target` cannot be written.
    """
    load_keras()
    from autocnn.export.formats import exporter_for

    export = exporter_for(target)
    if os.path.isdir(target) or not os.path.isdir(target.parent):
        raise RecordError(f"{target}: its folder does not exist, or it is a folder itself")
    if trial is None and view.paths.winner.is_file():
        write_atomic(target, view.paths.winner.read_bytes())
        return target
    record = view.trial(trial)
    weights = view.paths.weights(record.number)
    if not weights.is_file():
        raise StudyError(
            f"trial {record.number} ({record.state}) has no weights on disk; only the ten best "
            "complete and stopped trials keep theirs"
        )
    try:
        export(record.config, _image_spec(view), weights, target)
    except OSError as error:
        if isinstance(error, RecordError):
            raise
        raise RecordError(f"{target}: cannot be written ({error.strerror or error})") from error
    return target


def export_note(view: StudyView, trial: int | None = None) -> str:
    """What should be known of the model that `export_model` writes, or ""."""
    if trial is not None or not view.records or view.paths.is_plan:
        return ""
    name, best, finals = view.paths.name, view.records[0], view.finals
    if not view.paths.winner.is_file() or finals is None:
        return (
            f"study {name} has no finals: these are trial {best.number}'s own weights, neither "
            f"refitted nor tested (`autocnn resume {name}` does both)"
        )
    if finals["winner"] == best.number:
        return ""
    return (
        f"this is trial {finals['winner']}, tested before trial {best.number} was better: "
        f"`autocnn resume {name}` tests and ships that"
    )


def _image_spec(view: StudyView) -> ImageSpec:
    from autocnn.nn.model import ImageSpec

    return ImageSpec(
        shape=view.image_shape,
        n_classes=view.known_facts.n_classes,
        mean=view.known_facts.mean,
        std=view.known_facts.std,
    )
