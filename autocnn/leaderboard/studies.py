"""All studies of a results folder: what they came to, and what they take on the disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any

from autocnn.errors import AutocnnError
from autocnn.leaderboard.table import read_leaderboard
from autocnn.objectives import DEFAULT, FINISHED
from autocnn.records.choices import PLAN
from autocnn.records.deletion import folder_size
from autocnn.records.lock import is_running
from autocnn.records.study_folder import StudyPaths, find_study, list_studies
from autocnn.records.study_settings import StudySettings, read_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySummary:
    """One study at a glance; None where it is not known."""

    name: str
    state: str  # "running", "finished", "unfinished", "comparison" or "unreadable"
    size: int  # bytes on the disk
    created: str = ""  # ISO time
    dataset: str | None = None
    proposer: str | None = None  # of its draws; before the first as in the settings
    trials: int | None = None
    objective: str = DEFAULT  # the name of what `best` is
    best: float | None = None  # the score of the winner


def list_summaries(results: Path) -> list[StudySummary]:
    """Every study below `results`, oldest first.

    Raises: RecordError if the folder cannot be read.
    """
    return [summarise(paths) for paths in list_studies(results)]


def summarise(paths: StudyPaths) -> StudySummary:
    """The study at `paths`; one that is damaged is told as such, not raised."""
    size = folder_size(paths.root)
    try:
        settings = StudySettings(**{**read_settings(paths.study_toml), "study": paths.name})
        rows: list[dict[str, Any]] = []
        if paths.leaderboard.exists():
            table = read_leaderboard(paths.leaderboard, ["rank", "state", "score", "origin"])
            rows = table.sort_by("rank").to_pylist()
    except AutocnnError:
        return StudySummary(name=paths.name, state="unreadable", size=size)
    return StudySummary(
        name=paths.name,
        state=_state(paths, settings),
        size=size,
        created=settings.created,
        dataset=settings.dataset,
        proposer=next((r["origin"] for r in rows if ":" not in r["origin"]), settings.proposer),
        trials=len(rows),
        objective=settings.objective,
        best=_winning_score(rows),
    )


def _winning_score(rows: Sequence[Mapping[str, Any]]) -> float | None:
    """The score of the first complete or stopped trial of `rows`, which are in rank order."""
    scores = (row["score"] for row in rows if row["state"] in FINISHED)
    return next((score for score in scores if score is not None and not isnan(score)), None)


def _state(paths: StudyPaths, settings: StudySettings) -> str:
    if is_running(paths):
        return "running"
    if settings.engine == PLAN:
        return "comparison"
    return "finished" if paths.manifest.exists() else "unfinished"


def latest_study(results: Path) -> StudyPaths:
    """The latest search of which a trial has finished an epoch; without one, the latest search.

    Raises: StudyError if there is no search; RecordError if the folder cannot be read.
    """
    searches = (paths for paths in reversed(list_studies(results)) if not paths.is_plan)
    return next((paths for paths in searches if _has_epoch(paths)), None) or find_study(results)


def _has_epoch(paths: StudyPaths) -> bool:
    """True if a trial of the study has finished an epoch; False if the study cannot be read."""
    try:
        return any(_epochs(paths))
    except AutocnnError:
        return False


def _epochs(paths: StudyPaths) -> list[int | None]:
    """Epochs of each trial, from the leaderboard's file, or from the record if there is no file."""
    if paths.leaderboard.exists():
        epochs: list[int | None] = read_leaderboard(paths.leaderboard, ["epochs"])[0].to_pylist()
        return epochs
    from autocnn.records.optuna_record import open_study, read_records  # it loads Optuna

    return [record.epochs for record in read_records(open_study(paths))]


def summarise_study(results: Path, name: str) -> StudySummary:
    """The study `name` at a glance.

    Raises: StudyError if there is no such study.
    """
    return summarise(find_study(results, name))
