"""Locks in a study's folder: one search at a time, and a sign of life of every process."""

from __future__ import annotations

import fcntl
import os
import platform
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autocnn.errors import RecordError, StudyError
from autocnn.records.study_folder import StudyPaths


@contextmanager
def lock_study(paths: StudyPaths) -> Iterator[None]:
    """Keep other processes from writing to the study; the system lets go when this one ends.

    Raises: StudyError if another process has it; RecordError if the folder cannot be written.
    """
    try:
        file = open(paths.lock, "a+", encoding="utf-8")  # noqa: SIM115  closed below
    except OSError as error:
        raise RecordError(f"{paths.lock}: cannot be written ({error.strerror})") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise StudyError(
                f"study {paths.name} is in use by process {file.read().strip() or '?'}; wait until "
                "it has ended, or give another --study"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


class Owner:
    """A process that trains trials of a shared study; the others can tell when it is gone.

    It keeps a file in the study's folder locked. However it ends, the system lets go.
    """

    def __init__(self, paths: StudyPaths) -> None:
        self._folder = paths.owners
        self.name = f"{platform.node()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        try:
            self._folder.mkdir(exist_ok=True)
            self._file = open(self._folder / self.name, "w", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise RecordError(f"{self._folder}: cannot be written ({error.strerror})") from error
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def is_gone(self, other: str) -> bool:
        """True where the process of that name has ended; False where that cannot be told."""
        return other != self.name and not _is_locked(self._folder / other)

    def leave(self) -> None:
        """Say that this process trains nothing any more."""
        (self._folder / self.name).unlink(missing_ok=True)
        self._file.close()


def refuse_in_use(paths: StudyPaths) -> None:
    """Raise StudyError where a process that joined the study is still training its trials."""
    for path in sorted(paths.owners.glob("*")):
        if _is_locked(path):
            raise StudyError(
                f"study {paths.name} is in use by {path.name}; wait until it has ended"
            )


def _is_locked(path: Path) -> bool:
    """True where a living process holds the file, or that cannot be told."""
    try:
        with open(path, encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:  # its process left in order
        return False
    except OSError:  # it holds the lock, or this file system knows no locks
        return True
    return False
