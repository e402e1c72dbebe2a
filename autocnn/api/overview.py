"""All studies of a results folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # imported by the functions that need it: importing this module stays fast
    from autocnn.records.overview import StudySummary


def list_summaries(results: Path | str = "results") -> list[StudySummary]:
    """Every study below `results` at a glance, oldest first.

    Raises: RecordError if the folder cannot be read.
    """
    from autocnn.records import overview

    return overview.list_summaries(Path(results))


def summarise_study(results: Path | str, name: str) -> StudySummary:
    """The study `name` at a glance.

    Raises: StudyError if there is no such study.
    """
    from autocnn.records import overview

    return overview.summarise_study(Path(results), name)


def delete_study(results: Path | str, name: str) -> int:
    """Delete the study `name` and all that it holds; the bytes that became free.

    Raises: StudyError if there is no such study; RecordError if it cannot be deleted.
    """
    from autocnn.records import overview

    return overview.delete_study(Path(results), name)
