"""Export of a study's networks to files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from autocnn.api.studies import StudyView
from autocnn.errors import StudyError
from autocnn.exports.formats import (
    FORMATS,
    Format,
    check_target,
    copy_export,
    export_to,
    format_of,
)
from autocnn.exports.keras_file import with_weights_of
from autocnn.finals.contract import contract_of
from autocnn.keras_startup import load_keras
from autocnn.models.contract import ModelContract
from autocnn.records.artefacts import check_artefact
from autocnn.records.trial_record import TrialRecord

if TYPE_CHECKING:  # imported by the functions that need them: importing this module stays fast
    from autocnn.models.trained import TrainedModel
    from autocnn.nn.model import ImageSpec


def export_model(
    view: StudyView,
    target: Path,
    trial: int | None = None,
    formats: Mapping[str, Format] = FORMATS,
) -> Path:
    """Write the shipped winner, or the network of `trial`, to `target` in the format of its ending.

    The winner is shipped by the finals; before them it is the best trial. In the format of the
    shipped file it is copied byte by byte, because the test score was measured on that file. The
    contract of the model is in the file and beside it, in `NAME.json`.

    Raises: SettingsError for an unknown file ending or a missing package; StudyError without a
    model; RecordError if `target` cannot be written or the study's file is damaged; AutocnnError if
    the file's predictions are not the network's.
    """
    chosen = format_of(target, formats)
    check_target(target, chosen)
    check_source(view, trial)
    if ships_as(view, trial, chosen):
        copy_export(view.paths.winner, target, formats)
    else:
        export_to(trained_model(view, trial), contract_in(view, trial), target, formats)
    return target


def trained_model(view: StudyView, trial: int | None = None) -> TrainedModel:
    """The shipped winner with the weights of its file, or the network of `trial`.

    Raises: StudyError without a model; RecordError if the weights cannot be read or if the shipped
    file is not the winner's.
    """
    ships = trial is None and is_shipped(view)
    record = view.trial(_number_of(view, trial))
    if not ships and not view.paths.weights(record.number).is_file():
        raise StudyError(
            f"trial {record.number} ({record.state}) has no weights on disk; only the ten best "
            "complete and stopped trials keep theirs"
        )
    model = own_model(view, record)
    return with_weights_of(model, view.paths.winner) if ships else model


def own_model(view: StudyView, record: TrialRecord) -> TrainedModel:
    """The network of a trial, with its own weights, which are read when it is built."""
    load_keras()
    from autocnn.models.trained import TrainedModel

    return TrainedModel(
        config=record.config,
        image=image_spec(view),
        class_names=view.known_facts.class_names,
        weights=view.paths.weights(record.number),
    )


def check_source(view: StudyView, trial: int | None) -> None:
    """Raise RecordError if the file that the exported weights come from is damaged."""
    weights = view.paths.weights(_number_of(view, trial))
    source = view.paths.winner if trial is None and is_shipped(view) else weights
    if source.is_file():  # else the error of the model is raised
        check_artefact(view.paths, source)


def contract_in(view: StudyView, trial: int | None = None) -> ModelContract:
    """The contract of the network that `trained_model` gives."""
    return contract_of(view.study.settings, view.known_facts, _number_of(view, trial))


def _number_of(view: StudyView, trial: int | None) -> int:
    """The number of the trial that is exported: the given, the shipped or the best one."""
    if trial is None and view.finals is not None and is_shipped(view):
        return view.finals.winner
    return view.trial(trial).number


def is_shipped(view: StudyView) -> bool:
    """True if the finals have tested a winner and its file is there."""
    return view.finals is not None and view.paths.winner.is_file()


def ships_as(view: StudyView, trial: int | None, chosen: Format) -> bool:
    """True if the finals wrote the file in the format `chosen`, so that it is copied."""
    return trial is None and is_shipped(view) and chosen.suffix == view.paths.winner.suffix


def export_note(view: StudyView, trial: int | None = None) -> str:
    """One line about the origin of the model that `export_model` writes, or ""."""
    if trial is not None or not view.records or view.study.is_plan:
        return ""
    name, best, finals = view.paths.name, view.records[0], view.finals
    if finals is None or not is_shipped(view):
        return (
            f"study {name} has no finals: these are trial {best.number}'s own weights, neither "
            f"refitted nor tested (`autocnn resume {name}` does both)"
        )
    if finals.includes(best.number):
        return ""
    return (
        f"this is trial {finals.winner}, tested before trial {best.number} was better: "
        f"`autocnn resume {name}` tests and ships that"
    )


def image_spec(view: StudyView) -> ImageSpec:
    """The images and classes of the study's networks."""
    from autocnn.nn.model import ImageSpec

    return ImageSpec(
        shape=view.image_shape,
        n_classes=view.known_facts.n_classes,
        mean=view.known_facts.mean,
        std=view.known_facts.std,
    )
