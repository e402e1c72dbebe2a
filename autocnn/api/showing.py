"""What `autocnn show` looks at: a trial of a study, and what the shipped model confused."""

from __future__ import annotations

from pathlib import Path

from autocnn.api.studies import StudyView
from autocnn.errors import StudyError
from autocnn.records.confusion import Confusion, read_confusion
from autocnn.records.paths import StudyPaths, is_study_name


def study_or_trial(results: Path, study: str | None) -> tuple[str | None, int | None]:
    """What one word names: a study, or, where it is a number and no study, one's trial.

    Returns: the study's name (None: the latest) and the trial's number (None: not said).
    """
    if study is None or not study.isdecimal() or not is_study_name(study):
        return study, None
    if StudyPaths(results / study).exists:
        return study, None
    return None, int(study)


def confusion_of(view: StudyView) -> Confusion:
    """How the study's shipped model took the test images.

    Raises: StudyError before the finals; RecordError if the file cannot be read.
    """
    name = view.paths.name
    if view.paths.is_plan:
        raise StudyError(f"study {name} is no search: nothing was shipped by it")
    if view.finals is None:
        raise StudyError(f"study {name} has no finals yet; `autocnn resume {name}` goes on")
    return read_confusion(view.paths.confusion)


def is_winner(view: StudyView, number: int) -> bool:
    """True where the finals tested trial `number`."""
    return view.finals is not None and view.finals.get("winner") == number
