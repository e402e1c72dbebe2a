"""The journal: the record of a study as one file in its folder, in Optuna's format."""

from __future__ import annotations

import os

import optuna
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

from autocnn.errors import RecordError, StudyError
from autocnn.records.database import CREATED
from autocnn.records.study_folder import StudyPaths

# Optuna raises these while it replays a file that is damaged or is no journal.
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, AssertionError, OSError)


def open_journal(paths: StudyPaths) -> optuna.storages.JournalStorage:
    """The journal of the study; the file is made if it does not exist.

    Raises: RecordError if the journal cannot be read.
    """
    journal = paths.journal.absolute()  # workers may have another working directory
    try:
        _mend_tail(str(journal))
        return optuna.storages.JournalStorage(JournalFileBackend(str(journal)))
    except _UNREADABLE as error:
        reason = str(error).partition("\n")[0]
        raise RecordError(
            f"{paths.journal}: the record of the study cannot be read "
            f"({type(error).__name__}: {reason}); put back a copy or start another study"
        ) from error


def open_own_study(paths: StudyPaths, name: str | None = None) -> optuna.Study:
    """The study of the journal that autocnn made, also if its folder was renamed.

    Other programs may have put studies of their own into the file: of several, the one called
    `name` is taken, else the only one that has the time of creation of a folder.
    Raises: StudyError if the journal has none, or several; RecordError if it cannot be read.
    """
    if not paths.journal.is_file() and paths.leaderboard.is_file():
        raise StudyError(
            f"{paths.root}: holds no record of its trials, only what was made of it: "
            f"`autocnn leaderboard {paths.name}` shows that"
        )
    if not paths.journal.is_file():
        raise StudyError(f"{paths.root}: no study is on record here; `autocnn search` starts one")
    storage = open_journal(paths)
    studies = storage.get_all_studies()
    own = [study for study in studies if CREATED in study.user_attrs]
    named = [study for study in own if study.study_name == name]
    found = studies if len(studies) == 1 else named or own
    if len(found) != 1:
        raise StudyError(
            f"{paths.journal}: expected one study of autocnn on record, found {len(found)}; "
            "`autocnn search` starts a new one"
        )
    return optuna.load_study(study_name=found[0].study_name, storage=storage)


def _mend_tail(journal: str) -> None:
    """Cut off a last line that a crash left incomplete: the next line would be appended to it."""
    if not _has_torn_tail(journal):
        return
    lock = JournalFileSymlinkLock(journal)
    lock.acquire()
    try:
        if _has_torn_tail(journal):  # else another process has completed the line
            with open(journal, "rb+") as file:
                content = file.read()
                end = content.rfind(b"\n") + 1
                if content.startswith(b"{", end):  # else Optuna did not write the line
                    file.truncate(end)
    finally:
        lock.release()


def _has_torn_tail(journal: str) -> bool:
    """True if the last line has no end."""
    if not os.path.exists(journal) or os.path.getsize(journal) == 0:
        return False
    with open(journal, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() != b"\n"
