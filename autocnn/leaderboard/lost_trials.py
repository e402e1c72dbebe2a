"""Trials that a leaderboard has and the record no longer: nothing is written over them."""

from __future__ import annotations

from collections.abc import Callable

from autocnn.errors import AutocnnError, RecordError
from autocnn.leaderboard.table import read_leaderboard
from autocnn.records.study_folder import StudyPaths
from autocnn.records.trial_record import TrialRecord
from autocnn.trial import TrialState


def read_whole(
    paths: StudyPaths, read_trials: Callable[[], list[TrialRecord]]
) -> list[TrialRecord]:
    """The trials that `read_trials` reads from the record of the study.

    Raises: RecordError if the leaderboard has trials that they lack.
    """
    known = _ended_trials(paths)  # read first, since a search may add trials to both
    records = read_trials()
    n_lost = len(known - {record.number for record in records})
    if n_lost:
        raise RecordError(
            f"{paths.root}: the record lacks {n_lost} of the {len(known)} trials that "
            f"{paths.leaderboard.name} has: put back a copy of the record; or move "
            f"{paths.leaderboard.name} away to go on with the trials on record"
        )
    return records


def _ended_trials(paths: StudyPaths) -> set[int]:
    """The numbers of the ended trials in the leaderboard; none if it is missing or damaged."""
    if not paths.leaderboard.exists():
        return set()
    try:
        table = read_leaderboard(paths.leaderboard, ["trial", "state"])
    except AutocnnError:
        return set()
    rows = zip(table["trial"].to_pylist(), table["state"].to_pylist(), strict=True)
    return {number for number, state in rows if state != TrialState.RUNNING}
