"""The folder of a study while one process writes to it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from autocnn.errors import AutocnnError, Interrupted, RecordError, SettingsError
from autocnn.files import remove_leftovers, write_atomic
from autocnn.records.choices import PLAN
from autocnn.records.lock import lock_study, refuse_locked
from autocnn.records.settings_file import settings_to_toml
from autocnn.records.study_folder import (
    StudyPaths,
    check_place,
    claim_folder,
    lost_folder,
    read_space_text,
    refuse_joined,
)
from autocnn.records.study_settings import StudySettings
from autocnn.space.space import SearchSpace
from autocnn.space.toml import parse_space


@contextmanager
def study_folder(settings: StudySettings, space: SearchSpace) -> Iterator[StudyPaths]:
    """Lock the folder of the study and write its settings and space; yield its paths.

    A new folder is deleted again if an error or Ctrl-C ends the body before the first leaderboard.
    Raises: SettingsError if the study was made with another text of the space; StudyError if
    another process holds the lock; RecordError if the folder cannot be written, or is deleted or
    moved while the body runs.
    """
    paths = claim_folder(Path(settings.results), settings.study)
    with lock_study(paths):
        is_new = not paths.exists
        try:
            if paths.space_toml.exists() and settings.engine != PLAN:  # a plan may grow
                _refuse_other_space(paths, space)
            if settings.storage is None:  # else another process may be writing a file
                remove_leftovers(paths.root, [child.root for child in paths.children()])
            write_atomic(paths.study_toml, settings_to_toml(settings))
            if not paths.space_toml.exists():
                write_atomic(paths.space_toml, space.text)
            with lost_folder(paths):
                yield paths
        except (AutocnnError, Interrupted, KeyboardInterrupt):
            if is_new and paths.exists and not paths.leaderboard.exists():
                _undo(paths, settings)
            raise


def check_study_folder(paths: StudyPaths) -> None:
    """Raise what `study_folder` raises for the place of the folder, without making anything.

    Raises: StudyError if another process holds the lock, or if the folder is that of a worker;
    RecordError if the folder cannot be written.
    """
    check_place(paths)
    refuse_joined(paths)
    refuse_locked(paths)


def _undo(paths: StudyPaths, settings: StudySettings) -> None:
    """Delete record and folder; the folder stays if the record cannot be deleted."""
    from autocnn.records.optuna_record import delete_record

    with suppress(RecordError):
        delete_record(paths, settings)
        shutil.rmtree(paths.root)


def _refuse_other_space(paths: StudyPaths, space: SearchSpace) -> None:
    """Raise SettingsError if the study was made with another space than this one."""
    text = read_space_text(paths)
    if parse_space(text, name=space.name, where=str(paths.space_toml)) != replace(space, text=text):
        raise SettingsError(
            f"study {paths.name} was made with another text of the space {space.name} (kept in "
            f"{paths.space_toml}); put the file back, or give another --study"
        )
