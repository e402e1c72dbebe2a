"""Deleting a study: its record and its folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from autocnn.errors import RecordError
from autocnn.records.lock import lock_study, refuse_in_use
from autocnn.records.optuna_record import delete_record
from autocnn.records.study_folder import find_study


def delete_study(results: Path, name: str) -> int:
    """Delete the study `name` and all that it holds; the bytes that became free.

    Raises: StudyError if there is no such study, or it is in use; RecordError if it cannot be
    deleted, which leaves it as it was.
    """
    paths = find_study(results, name)
    size = folder_size(paths.root)
    with lock_study(paths):
        refuse_in_use(paths)
        if not paths.root.is_symlink():  # which is refused below
            delete_record(paths)
        try:
            shutil.rmtree(paths.root)
        except OSError as error:
            reason = error.strerror or error
            raise RecordError(f"{paths.root}: cannot be deleted ({reason})") from error
    return size


def folder_size(folder: Path) -> int:
    """Bytes of the files below `folder`; links are not followed."""
    files = (Path(root) / name for root, _, names in os.walk(folder) for name in names)
    return sum(path.lstat().st_size for path in files)
