"""How long a script trains, and on what: read from a study."""

from __future__ import annotations

from autocnn.api.export import image_spec, is_shipped
from autocnn.api.studies import StudyView
from autocnn.data.catalog import list_datasets
from autocnn.errors import StudyError
from autocnn.keras_startup import load_keras
from autocnn.models.script_plan import ScriptPlan
from autocnn.records.finals_file import Finals
from autocnn.records.trial_record import TrialRecord


def script_plan(view: StudyView, trial: int | None) -> ScriptPlan:
    """The training of the shipped refit, or of a trial up to its best epoch.

    Raises: StudyError if there is no such trial, or if it has no best epoch.
    """
    finals = view.finals if trial is None and is_shipped(view) else None
    record = view.trial(trial if finals is None else finals.winner)
    epochs, horizon = _length(view, record, finals)
    load_keras()
    settings, facts = view.study.settings, view.known_facts
    known = [each.name for each in list_datasets() if each.source == "keras.datasets"]
    return ScriptPlan(
        config=record.trained_config,
        image=image_spec(view),
        value_range=facts.value_range,
        trial=record.number,
        keras_dataset=settings.dataset if settings.dataset in known else None,
        epochs=epochs,
        schedule_epochs=horizon,
        class_weights=settings.class_weights,
        score=_score(view, record, finals),
    )


def _length(view: StudyView, record: TrialRecord, finals: Finals | None) -> tuple[int, int]:
    """The epochs that are trained, and those of the schedule."""
    if record.best_epoch is None:
        raise StudyError(f"trial {record.number} ({record.state}) has no best epoch to train to")
    horizon = record.proposal.schedule_epochs(view.known_facts.horizon)
    epochs = record.best_epoch
    if finals is not None and finals.refit.shipped:
        epochs = finals.refit.epochs
    return epochs, max(epochs, horizon)  # a longer refit is trained to the end of its schedule


def _score(view: StudyView, record: TrialRecord, finals: Finals | None) -> str:
    where = f"trial {record.number} of study {view.paths.name} on {view.study.settings.dataset}"
    if finals is not None:
        return f"The search measured {100 * finals.test.accuracy:.2f} % on test: {where}."
    score = "–" if record.score is None else view.objective.text(record.score)
    return f"The search measured {score} on validation: {where}."
