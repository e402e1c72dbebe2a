"""All studies of a results folder: their states, best scores and sizes, and the latest one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any

from autocnn.errors import AutocnnError
from autocnn.leaderboard.table import read_leaderboard
from autocnn.objectives import DEFAULT, FINISHED
from autocnn.records.deletion import folder_size
from autocnn.records.lock import is_running
from autocnn.records.open_study import OpenStudy, find_study, list_studies


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySummary:
    """One study at a glance; a field is None if it is not known."""

    name: str
    state: str  # "running", "finished", "unfinished", "comparison" or "unreadable"
    size: int  # bytes on the disk
    created: str = ""  # ISO time
    dataset: str | None = None
    proposer: str | None = None  # of the trials; before the first, of the settings
    trials: int | None = None
    objective: str = DEFAULT  # the name of what `best` is
    best: float | None = None  # the score of the winner


def list_summaries(results: Path | str = "results") -> list[StudySummary]:
    """Every study below `results`, oldest first.

    Raises: RecordError if the folder cannot be read.
    """
    return [summarise(study) for study in list_studies(Path(results))]


def summarise_study(results: Path | str, name: str) -> StudySummary:
    """The study `name` at a glance.

    Raises: StudyError if there is no such study.
    """
    return summarise(find_study(Path(results), name))


def summarise(study: OpenStudy) -> StudySummary:
    """The study at a glance; the state of a damaged one is "unreadable"."""
    size = folder_size(study.paths.root)
    try:
        settings = study.settings
        rows: list[dict[str, Any]] = []
        if study.paths.leaderboard.exists():
            table = read_leaderboard(study.paths.leaderboard, ["rank", "state", "score", "origin"])
            rows = table.sort_by("rank").to_pylist()
    except AutocnnError:
        return StudySummary(name=study.name, state="unreadable", size=size)
    return StudySummary(
        name=study.name,
        state=_state(study),
        size=size,
        created=settings.created,
        dataset=settings.dataset,
        proposer=next((r["origin"] for r in rows if ":" not in r["origin"]), settings.proposer),
        trials=len(rows),
        objective=settings.scoring.name,
        best=_winning_score(rows),
    )


def _winning_score(rows: Sequence[Mapping[str, Any]]) -> float | None:
    """The score of the first complete or stopped trial of `rows`, which are in rank order."""
    scores = (row["score"] for row in rows if row["state"] in FINISHED)
    return next((score for score in scores if score is not None and not isnan(score)), None)


def _state(study: OpenStudy) -> str:
    if is_running(study.paths):
        return "running"
    if study.is_plan:
        return "comparison"
    return "finished" if study.paths.manifest.exists() else "unfinished"


def latest_study(results: Path) -> OpenStudy:
    """The latest search of which a trial has finished an epoch; without one, the latest search.

    Raises: StudyError if there is no search; RecordError if the folder cannot be read.
    """
    searches = (study for study in reversed(list_studies(results)) if not study.is_plan)
    return next((study for study in searches if _has_epoch(study)), None) or find_study(results)


def _has_epoch(study: OpenStudy) -> bool:
    """True if a trial of the study has finished an epoch; False if the study cannot be read."""
    try:
        return any(_epochs(study))
    except AutocnnError:
        return False


def _epochs(study: OpenStudy) -> list[int | None]:
    """Epochs of each trial, from the leaderboard's file, or from the record if there is no file."""
    if study.paths.leaderboard.exists():
        table = read_leaderboard(study.paths.leaderboard, ["epochs"])
        return list(table["epochs"].to_pylist())
    return [record.epochs for record in study.read_trials()]
