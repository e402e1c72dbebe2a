"""Locks in a study's folder: one process writes to a study, and each process shows that it lives.

All are locks of the operating system (`flock`), which releases them if their process dies.
"""

from __future__ import annotations

import errno
import fcntl
import os
import platform
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from autocnn.errors import RecordError, StudyError
from autocnn.records.study_folder import StudyPaths, place_of, refuse_links

DIGITS = 20  # of the number of a process
TRIES, PAUSE_S = 3, 0.1  # `is_locked` holds a lock itself for an instant


@contextmanager
def lock_study(paths: StudyPaths) -> Iterator[None]:
    """Hold the lock of the study, so that no other process writes to the study.

    Raises: StudyError if another process holds the lock, or has just deleted the study;
    RecordError if the folder cannot be written.
    """
    try:
        file = open(paths.lock, "a+", errors="replace", opener=_open_here)  # noqa: SIM115  below
    except OSError as error:
        reason = "it is a link" if error.errno == errno.ELOOP else error.strerror or error
        raise RecordError(f"{paths.lock}: cannot be written ({reason})") from error
    with file:
        if not _acquire(file):
            raise _is_used(paths, _number_in(file))
        if os.fstat(file.fileno()).st_nlink == 0:
            raise StudyError(f"study {paths.name} was deleted just now; give the command again")
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def refuse_locked(paths: StudyPaths) -> None:
    """Raise StudyError if another process holds the lock of the study; nothing is made.

    `lock_study` finds the same, and this is asked before a library is loaded.
    """
    if is_locked(paths.lock):
        raise _is_used(paths, _number_at(paths.lock))


def _is_used(paths: StudyPaths, number: str) -> StudyError:
    return StudyError(
        f"study {paths.name} is in use by process {number}; wait until it has ended, or give "
        "another --study"
    )


class Owner:
    """A process that trains trials of a shared study.

    The process keeps a file in the study's folder locked: as soon as the lock is released, the
    other processes that see this folder see that this one has ended. The name of a process says
    which folder that is: of an owner with another one nothing can be found out here.
    """

    def __init__(self, paths: StudyPaths) -> None:
        refuse_links(paths)
        self._folder = paths.owners
        self._place = place_of(paths)
        own = f"{platform.node()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self.name = f"{own}@{self._place}" if self._place else own
        try:
            self._folder.mkdir(exist_ok=True)
            self._file = open(self._folder / self.name, "x", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise RecordError(f"{self._folder}: cannot be written ({error.strerror})") from error
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def is_gone(self, other: str) -> bool:
        """True if the process of that name has ended; False if that cannot be found out."""
        is_seen = other.partition("@")[2] == self._place
        return is_seen and other != self.name and is_locked(self._folder / other) is False

    def leave(self) -> None:
        """Release the lock and delete the file: this process trains no more trials."""
        (self._folder / self.name).unlink(missing_ok=True)
        self._file.close()


def is_running(paths: StudyPaths) -> bool:
    """True if a process writes to the study or trains trials of it.

    False if the file system has no locks, so that it cannot be found out.
    """
    files = [paths.lock, *paths.owners.glob("*")]
    return any(is_locked(file) for file in files)


def refuse_in_use(paths: StudyPaths) -> None:
    """Raise StudyError if another process trains trials of the study or of one in its folder."""
    for path in sorted(paths.owners.glob("*")):
        if is_locked(path) is not False:
            raise StudyError(
                f"study {paths.name} is in use by {path.name}; wait until it has ended"
            )
    for child in paths.children():
        if is_running(child):
            raise StudyError(
                f"study {paths.name} is in use: process {_number_at(child.lock)} trains "
                f"{child.name} in its folder; wait until it has ended"
            )


def is_locked(path: Path) -> bool | None:
    """True if a living process holds the lock of the file; None if that cannot be found out."""
    try:
        with open(path, encoding="utf-8", opener=_open_here) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:  # its process has ended in order
        return False
    except BlockingIOError:
        return True
    except OSError:  # this file system has no locks
        return None
    return False


def _acquire(file: IO[str]) -> bool:
    """Lock the file; False if another process holds the lock."""
    for attempt in range(TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt < TRIES - 1:
                time.sleep(PAUSE_S)
        else:
            return True
    return False


def _number_at(lock: Path) -> str:
    """The number of the process that holds the lock, or "?"."""
    try:
        with open(lock, errors="replace", opener=_open_here) as file:
            return _number_in(file)
    except OSError:
        return "?"


def _number_in(file: IO[str]) -> str:
    file.seek(0)
    number = file.read(DIGITS).strip()
    return number if number.isdecimal() else "?"


def _open_here(path: str, flags: int) -> int:
    """Open the file itself: neither what a link leads to, nor a pipe, which waits for a writer."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
