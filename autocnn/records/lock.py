"""One search at a time in a study's folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from autocnn.errors import RecordError, StudyError
from autocnn.records.paths import StudyPaths


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
