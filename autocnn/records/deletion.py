"""Deleting a study: its record, its folder, and the arrays that no other study names."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack, suppress
from pathlib import Path

from autocnn.data.array_store import FOLDER, ROOT
from autocnn.errors import RecordError, SettingsError
from autocnn.records.database_url import public_url
from autocnn.records.lock import lock_study, refuse_in_use
from autocnn.records.open_study import OpenStudy, find_study, list_studies
from autocnn.records.trusted import is_named


def delete_study(results: Path | str, name: str) -> int:
    """Delete the study `name` with its record and its folder; return the bytes that became free.

    The arrays of a caller that the study was made of (data/array_store.py) go with the last study
    of the folder that names them. A record in the database that `untouched_database` names is left
    there.
    Raises: StudyError if there is no such study, or a process trains trials of the study or of a
    study in its folder; RecordError if the study cannot be deleted. Nothing is deleted then.
    """
    study = find_study(Path(results), name)
    paths, arrays = study.paths, _arrays_of(study)
    size = folder_size(paths.root)
    if paths.lock.is_symlink() or paths.lock.is_fifo():  # no process of ours locks such a thing
        paths.lock.unlink()
    with ExitStack() as locks:
        locks.enter_context(lock_study(paths))
        refuse_in_use(paths)
        for child in paths.children():  # so that none begins while the files are deleted
            locks.enter_context(lock_study(child))
        if not paths.root.is_symlink():  # a link is refused below
            _delete_record(study)
        try:
            shutil.rmtree(paths.root)
        except OSError as error:
            reason = error.strerror or error
            raise RecordError(f"{paths.root}: cannot be deleted ({reason})") from error
    return size + (_delete_arrays(Path(results), arrays) if arrays else 0)


def _arrays_of(study: OpenStudy) -> str | None:
    """The name of the folder of arrays that a study was made of; "" if study.toml is damaged.

    None: the study is one of other images.
    """
    try:
        dataset = Path(study.settings.dataset)
    except SettingsError:
        return ""
    is_stored = dataset.parent.name == ROOT and dataset.name.startswith(f"{FOLDER}-")
    return dataset.name if is_stored else None


def _delete_arrays(results: Path, name: str) -> int:
    """Delete a folder of arrays unless a study names it, or may; returns the bytes freed.

    Raises: RecordError if it cannot be deleted.
    """
    folder = results / ROOT / name
    if folder.is_symlink() or folder.parent.is_symlink() or not folder.is_dir():
        return 0
    if any(_arrays_of(each) in (name, "") for each in list_studies(results)):
        return 0
    size = folder_size(folder)
    try:
        shutil.rmtree(folder)
        with suppress(OSError):  # other arrays are there
            folder.parent.rmdir()
    except OSError as error:
        reason = error.strerror or error
        raise RecordError(f"{folder}: cannot be deleted ({reason})") from error
    return size


def _delete_record(study: OpenStudy) -> None:
    """Delete the record outside of the folder, unless study.toml is too damaged to name it."""
    from autocnn.records.optuna_record import delete_record  # it loads Optuna

    if untouched_database(study) is not None:
        return
    try:
        settings = study.recorded
    except SettingsError:
        return
    delete_record(study.paths, settings)


def untouched_database(study: OpenStudy) -> str | None:
    """The database of the study, without a password, if the user has not named it; else None.

    None, too, if study.toml is too damaged to name one.
    """
    try:
        url = study.settings.storage
    except SettingsError:
        return None
    return None if url is None or study.given_storage or is_named(url) else public_url(url)


def folder_size(folder: Path) -> int:
    """Bytes of the files below `folder`; links are not followed."""
    size = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # another process has just moved or deleted it
                size += (Path(root) / name).lstat().st_size
    return size
