"""A database that holds the records of studies: opening it, and what it raises as one line.

Many studies may live side by side in it. A study is found by its name, and is that of a folder if
both were created at the same time.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage

from autocnn.errors import RecordError, StudyError
from autocnn.records.database_url import STORAGE_VARIABLE, public_url, sqlite_file
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings

CREATED = "created"  # the user attribute of a study that says when its folder was made
CONNECT_S = 10  # how long a server may take to answer
LOCKED_S = 60  # how long another process may keep an SQLite file locked

_ADVICE = (  # what the reason of a failure holds, and what helps
    ("password", f"give the right one in {STORAGE_VARIABLE}, as part of the URL, or in ~/.pgpass"),
    ("does not exist", "create it first, or check the URL"),
    ("not a database", "choose another file"),
    ("", "check the URL, and that the database can be reached and written"),
)


def open_database(url: str) -> RDBStorage:
    """The database, with the tables of Optuna, which are made where there are none.

    Raises: RecordError if it cannot be used, in one line without the password.
    """
    _check_folder(url)
    try:
        with database_errors(url, "cannot be opened"):
            storage = RDBStorage(
                url.replace("{", "{{").replace("}", "}}"),  # Optuna takes it for a template
                engine_kwargs=_engine_settings(url),
                skip_compatibility_check=True,  # done below, for a line of ours
            )
            weakref.finalize(storage, storage.engine.dispose)
            _check_tables(url, storage)
    except ImportError as error:
        if sqlite_file(url) is not None:
            raise
        raise RecordError(
            f"{public_url(url)}: the driver of the database is not installed "
            f"({error.__cause__ or error}); pip install 'autocnn[postgres]'"
        ) from error
    except UnicodeError as error:
        raise RecordError(f"{public_url(url)}: cannot be the name of a host ({error})") from error
    return storage


@contextmanager
def database_errors(url: str | None, failure: str, advice: str = "") -> Iterator[None]:
    """What a database raises inside becomes one line: the URL, `failure`, the reason, `advice`.

    Nothing happens where `url` is None, the journal.
    Raises: RecordError.
    """
    if url is None:
        yield
        return
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (StorageInternalError, SQLAlchemyError) as error:
        reason = _reason(error)
        advice = advice or next(advice for part, advice in _ADVICE if part in reason)
        raise RecordError(f"{public_url(url)}: {failure} ({reason}); {advice}") from error


def is_in_database(url: str, paths: StudyPaths, settings: StudySettings) -> bool:
    """True if the study of the folder `paths` is on record, False if it is to be created.

    `settings` has the name on record.
    Raises: StudyError if the folder was renamed, or the database has another study of that name,
    or this one no longer; RecordError if it cannot be reached.
    """
    refuse_renamed(url, paths, settings.study)
    is_old = paths.leaderboard.exists()
    if is_old:
        _check_file(url)
    storage = open_database(url)
    with database_errors(url, f"study {paths.name} cannot be looked for"):
        study = _find_study(storage, paths.name)
        if study is not None:
            _check_owner(study, url, paths, settings.created)
        elif is_old:
            raise _is_gone(url, paths, paths.name)
    return study is not None


def open_named_study(url: str, paths: StudyPaths, settings: StudySettings) -> optuna.Study:
    """The study that `settings` name, also if its folder was renamed.

    Raises: StudyError if it is not there; RecordError if it cannot be read.
    """
    name = settings.study
    _check_file(url)
    storage = open_database(url)
    with database_errors(url, f"study {name} cannot be read"):
        study = _find_study(storage, name)
        if study is None:
            raise _is_gone(url, paths, name)
        _check_owner(study, url, paths, settings.created)
    return study


def delete_from_database(url: str, name: str, created: str) -> None:
    """Delete the study called `name` if it was created then; another one of that name stays.

    Raises: RecordError if the database cannot be reached.
    """
    _check_file(url)
    storage = open_database(url)
    with database_errors(url, f"study {name} cannot be deleted"):
        study = _find_study(storage, name)
        if study is not None and study.user_attrs.get(CREATED) == created:
            optuna.delete_study(study_name=name, storage=storage)


def refuse_renamed(url: str, paths: StudyPaths, name: str) -> None:
    """Raise StudyError if the folder has another name than `name`, that of its study on record."""
    if name != paths.name:
        raise StudyError(
            f"{paths.root}: was renamed or copied: its study is called {name} in "
            f"{public_url(url)}; give the folder that name again, or delete it by hand"
        )


def _find_study(storage: RDBStorage, name: str) -> optuna.Study | None:
    try:
        return optuna.load_study(study_name=name, storage=storage)
    except KeyError:
        return None


def _check_owner(study: optuna.Study, url: str, paths: StudyPaths, created: str) -> None:
    """A database has one study of a name; this one may have been made for another folder."""
    if study.user_attrs.get(CREATED) != created:
        raise StudyError(
            f"study {study.study_name} is in {public_url(url)} already, and {paths.root} is not "
            "its folder; choose another name"
        )


def _is_gone(url: str, paths: StudyPaths, name: str) -> StudyError:
    return StudyError(
        f"{paths.root}: its record, study {name}, is not in {public_url(url)}; "
        "put it back, or start another study"
    )


def _check_file(url: str) -> None:
    """Looking for a study makes no database."""
    path = sqlite_file(url)
    if path is not None and not os.path.exists(path):
        raise RecordError(f"{public_url(url)}: there is no such file; put it back")


def _check_folder(url: str) -> None:
    """SQLite itself only says that it was unable to open the file."""
    path = sqlite_file(url)
    if path is None:
        return
    if not os.path.isdir(path.parent):
        raise RecordError(f"{public_url(url)}: {path.parent} is no folder; make it first")
    if os.path.isdir(path):
        raise RecordError(f"{public_url(url)}: is a folder; name a file")


def _engine_settings(url: str) -> dict[str, Any]:
    if sqlite_file(url) is not None:
        return {"connect_args": {"timeout": LOCKED_S}}
    wait = {} if "connect_timeout=" in url else {"connect_timeout": CONNECT_S}
    return {"pool_pre_ping": True, "connect_args": wait}


def _check_tables(url: str, storage: RDBStorage) -> None:
    """Raise RecordError where another version of Optuna made the tables."""
    from sqlalchemy import text

    found = storage.get_current_version()
    if found == storage.get_head_version():
        return
    with storage.engine.connect() as connection:
        made_by = connection.execute(text("SELECT library_version FROM version_info")).scalar()
    if found in storage.get_all_versions():
        advice = f"`optuna storage upgrade --storage {public_url(url)}` converts them"
    else:
        advice = f"pip install 'optuna>={made_by}'"
    raise RecordError(
        f"{public_url(url)}: its tables were made by Optuna {made_by} (schema {found}), and Optuna "
        f"{optuna.__version__} cannot use them; {advice}"
    )


def _reason(error: Exception) -> str:
    """What the database said, in one line."""
    if isinstance(error, StorageInternalError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    text = str(getattr(error, "orig", None) or error).strip()
    lines = [line.strip() for line in text.splitlines()] or [type(error).__name__]
    # psycopg tells of every address that a host's name stands for, the last one at the end
    line = lines[-1].removeprefix("- ") if lines[0].startswith("Multiple conn") else lines[0]
    return line.removeprefix("connection failed: ").removeprefix("connection is bad: ")
