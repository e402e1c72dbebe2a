"""The journal: the record of a study as one file in its folder, in Optuna's format."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import optuna
from optuna.storages.journal import BaseJournalBackend, JournalFileBackend, JournalFileSymlinkLock

from autocnn.errors import RecordError, StudyError
from autocnn.files import flush_folder
from autocnn.records.database import CREATED
from autocnn.records.journal_lines import JournalReader, split_tail
from autocnn.records.study_folder import JOURNAL_LOCK, StudyPaths

LOCK_S = 30.0  # a lock of the journal that is older was left by a process that died: so Optuna, too

# Optuna raises these while it replays a file that is damaged or is no journal.
_UNREADABLE = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    OSError,
    RecursionError,
)


def open_journal(paths: StudyPaths, *, writes: bool = True) -> optuna.storages.JournalStorage:
    """The journal of the study; the file is made if it does not exist.

    If a crash left a tail that is no whole record, a journal that `writes` moves it into a file
    beside the journal. One that does not write leaves every file as it is, and the tail out.
    Raises: RecordError if the journal cannot be read, or is a link.
    """
    journal = paths.journal.absolute()  # workers may have another working directory
    if writes and journal.is_symlink():
        raise RecordError(
            f"{paths.journal}: is a link, through which nothing is written; put the file itself "
            "there, or start another study"
        )
    try:
        backend: BaseJournalBackend = _Backend(journal) if writes else JournalReader(journal)
        return optuna.storages.JournalStorage(backend)
    except _UNREADABLE as error:
        reason = str(error).partition("\n")[0]
        raise RecordError(
            f"{paths.journal}: the record of the study cannot be read "
            f"({type(error).__name__}: {reason}); put back a copy or start another study"
        ) from error


class _Backend(JournalFileBackend):
    """Optuna's journal file, of which a bad tail is cut before anything is appended to it."""

    def __init__(self, journal: Path) -> None:
        self._journal, self._here = journal, threading.local()
        _remove_old_locks(journal)
        if journal.exists():
            _cut_tail(journal)
        super().__init__(str(journal))
        flush_folder(journal.parent)  # else a power cut may take a new journal, records and all

    def append_logs(self, logs: list[dict[str, object]]) -> None:
        """Append records; what a failed write left of earlier ones is cut first.

        Those of a `gathered` block of this thread are appended at its end.
        Raises: OSError; FileNotFoundError if the journal is deleted, which does not make a new one.
        """
        late: list[dict[str, object]] | None = getattr(self._here, "late", None)
        if late is not None:
            late.extend(logs)
            return
        _cut_tail(self._journal)
        try:
            super().append_logs(logs)
        except RuntimeError as error:  # Optuna's lock is gone
            if self._journal.exists():
                raise
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from error

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Append what this thread writes inside by one write; nothing after an exception.

        What is read inside lacks it.
        """
        if getattr(self._here, "late", None) is not None:  # within another block
            yield
            return
        late: list[dict[str, object]] = []
        self._here.late = late
        try:
            yield
        finally:
            self._here.late = None
        if late:
            self.append_logs(late)


def open_own_study(
    paths: StudyPaths, name: str = "", created: str = "", *, writes: bool = True
) -> optuna.Study:
    """The study of the journal that autocnn made, also if its folder was renamed.

    Other programs may have put studies of their own into the file: of several, the one called
    `name` is taken, else the only one that has the time of creation of a folder. `created` is that
    time by study.toml, empty if it is not known; `writes` as in `open_journal`.
    Raises: StudyError if the journal has none, several, or that of another folder; RecordError if
    it cannot be read.
    """
    if not paths.journal.is_file() and paths.leaderboard.exists():
        raise StudyError(
            f"{paths.root}: holds no record of its trials, only what was made of it: "
            f"`autocnn leaderboard {paths.name}` shows that"
        )
    if not paths.journal.is_file():
        raise StudyError(f"{paths.root}: no study is on record here; `autocnn search` starts one")
    storage = open_journal(paths, writes=writes)
    studies = storage.get_all_studies()
    own = [study for study in studies if CREATED in study.user_attrs]
    named = [study for study in own if study.study_name == name]
    found = studies if len(studies) == 1 else named or own
    if len(found) != 1:
        raise StudyError(
            f"{paths.journal}: expected one study of autocnn on record, found {len(found)}; "
            "`autocnn search` starts a new one"
        )
    _check_owner(paths, str(found[0].user_attrs.get(CREATED, "")), created)
    return optuna.load_study(study_name=found[0].study_name, storage=storage)


def _check_owner(paths: StudyPaths, created: str, expected: str) -> None:
    """Raise StudyError if the journal was made for another folder; an empty time is unknown."""
    if created and expected and created != expected:
        raise StudyError(
            f"{paths.journal}: belongs to a study that was created at {created}, and "
            f"{paths.study_toml.name} says {expected}; put back the journal of this study"
        )


def _cut_tail(journal: Path) -> None:
    """Move a tail that is no whole record into a file beside the journal."""
    if not split_tail(journal)[1]:
        return
    lock = JournalFileSymlinkLock(str(journal))
    lock.acquire()
    try:
        n_whole, tail = split_tail(journal)
        if tail:  # else another process has completed the line, or cut it
            _keep_beside(journal, tail)
            os.truncate(journal, n_whole)
    finally:
        lock.release()


def _keep_beside(journal: Path, tail: bytes) -> None:
    """Write `tail` to the first of journal.log.cut-1, journal.log.cut-2, ... that is free."""
    number = 1
    while os.path.lexists(f"{journal}.cut-{number}"):
        number += 1
    with open(f"{journal}.cut-{number}", "xb") as file:
        file.write(tail)
        file.flush()
        os.fsync(file.fileno())
    flush_folder(journal.parent)


def _remove_old_locks(journal: Path) -> None:
    """Delete the locks of Optuna that a crash left: links beside the journal that are old.

    A process holds one while it appends a record. Optuna would wait LOCK_S for it, and without end
    if the folder was moved, since the link leads nowhere then.
    """
    for lock in journal.parent.glob(f"{JOURNAL_LOCK}*"):
        with suppress(FileNotFoundError):  # another process deletes it, too
            if lock.is_symlink() and time.time() - lock.lstat().st_mtime > LOCK_S:
                lock.unlink()
