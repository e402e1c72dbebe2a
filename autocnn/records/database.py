"""A database that holds the records of studies, and its errors as one line each.

A database may hold many studies. A study is found by its name; it belongs to a folder if both have
the same time of creation.
"""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage

from autocnn.errors import RecordError, StudyError
from autocnn.records.database_url import STORAGE_VARIABLE, public_url, sqlite_file
from autocnn.records.sqlite_lock import wait_for_writers
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.records.transactions import join_writes

CREATED = "created"  # the user attribute of a study with the time of creation of its folder
CONNECT_S = 10  # how long a server may take to answer
SILENT_S = 30  # how long a server that is connected may be silent, as when a network is cut
IDLE_S = 90  # how long a process may be suspended in a transaction: its locks keep others waiting
LOCKED_S = 60  # how long another process may keep an SQLite file locked

_KEEPALIVES = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 4}  # libpq's

_ADVICE = (  # a part of the reason of a failure, and what to do then
    ("password", f"give the right one in {STORAGE_VARIABLE}, as part of the URL, or in ~/.pgpass"),
    ("does not exist", "create it first, or check the URL"),
    ("not a database", "choose another file"),
    ("", "check the URL, and that the database can be reached and written"),
)


def open_database(url: str, *, creates: bool = True) -> RDBStorage:
    """The database; an empty one gets the tables of Optuna if `creates`, else it is refused.

    Raises: RecordError, of one line without the password, if the database cannot be used.
    """
    _check_folder(url)
    try:
        if sqlite_file(url) is None:
            _import_driver()
        with database_errors(url, "cannot be opened"):
            if not creates:
                _require_tables(url)
            storage = RDBStorage(
                url.replace("{", "{{").replace("}", "}}"),  # Optuna formats it as a template
                engine_kwargs=_engine_settings(url),
                skip_compatibility_check=True,  # `_check_tables` checks, with an error of one line
            )
            weakref.finalize(storage, storage.engine.dispose)
            _limit_transactions(storage)
            if sqlite_file(url) is not None:
                wait_for_writers(storage.engine, LOCKED_S)
            join_writes(storage)
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
    """Turn an error of the database into one line: the URL, `failure`, the reason, `advice`.

    If `url` is None, the record is a journal and no error is changed.
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
    Raises: StudyError if the folder was renamed, if the database has another study of that name,
    or if it has lost this one; RecordError if the database cannot be reached.
    """
    refuse_renamed(url, paths, settings.study)
    is_old = paths.leaderboard.exists()
    if is_old:
        check_file(url)
    storage = open_database(url, creates=not is_old)
    with database_errors(url, f"study {paths.name} cannot be looked for"):
        study = find_named(storage, paths.name)
        if study is not None:
            _check_owner(study, url, paths, settings.created)
        elif is_old:
            raise _is_gone(url, paths, paths.name)
    return study is not None


def open_named_study(url: str, paths: StudyPaths, settings: StudySettings) -> optuna.Study:
    """The study that `settings` name, also if its folder was renamed.

    Raises: StudyError if the database does not have it; RecordError if it cannot be read.
    """
    name = settings.study
    check_file(url)
    storage = open_database(url, creates=False)
    with database_errors(url, f"study {name} cannot be read"):
        study = find_named(storage, name)
        if study is None:
            raise _is_gone(url, paths, name)
        _check_owner(study, url, paths, settings.created)
    return study


def delete_from_database(url: str, name: str, created: str) -> None:
    """Delete the study `name` if it was created at that time; another study of that name stays.

    Raises: RecordError if the database cannot be reached.
    """
    check_file(url)
    storage = open_database(url, creates=False)
    with database_errors(url, f"study {name} cannot be deleted"):
        study = find_named(storage, name)
        if study is not None and study.user_attrs.get(CREATED) == created:
            for each in optuna.get_all_study_names(storage):
                if each.startswith((f"{name} (trial ", f"{name} (weights of trial ")):
                    optuna.delete_study(study_name=each, storage=storage)
            optuna.delete_study(study_name=name, storage=storage)


def refuse_renamed(url: str, paths: StudyPaths, name: str) -> None:
    """Raise StudyError if the folder has another name than `name`, that of its study on record."""
    if name != paths.name:
        raise StudyError(
            f"{paths.root}: was renamed or copied: its study is called {name} in "
            f"{public_url(url)}; give the folder that name again, or delete it by hand"
        )


def find_named(storage: RDBStorage, name: str) -> optuna.Study | None:
    """The study of this name in the database, or None."""
    try:
        return optuna.load_study(study_name=name, storage=storage)
    except KeyError:
        return None


def _check_owner(study: optuna.Study, url: str, paths: StudyPaths, created: str) -> None:
    """Raise StudyError if the study of that name was made for another folder."""
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


def check_file(url: str) -> None:
    """Raise RecordError if an SQLite file is missing: opening it would make an empty one."""
    path = sqlite_file(url)
    if path is not None and not os.path.exists(path):
        raise RecordError(f"{public_url(url)}: there is no such file; put it back")


def _check_folder(url: str) -> None:
    """Raise RecordError, with the reason, if an SQLite file cannot exist at that path."""
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
    settings = {"connect_timeout": CONNECT_S, "tcp_user_timeout": 1000 * SILENT_S, **_KEEPALIVES}
    wait = {key: value for key, value in settings.items() if f"{key}=" not in url}
    return {"pool_pre_ping": True, "connect_args": wait}


def _limit_transactions(storage: RDBStorage) -> None:
    """Let the server end a transaction whose process is suspended, or cut off from it."""
    from sqlalchemy import event

    if storage.engine.dialect.name != "postgresql":
        return

    @event.listens_for(storage.engine, "connect")
    def limit(connection: Any, _: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_S}s'")
        connection.commit()

    storage.engine.dispose()  # connections that were made before


def _import_driver() -> None:
    """Import psycopg, bound to the OpenSSL that comes with it.

    TensorFlow exports the functions of another TLS library under the same names. If it was loaded
    before, the driver would call those at the first encrypted connection, which ends the process.
    """
    before = sys.getdlopenflags()
    sys.setdlopenflags(before | getattr(os, "RTLD_DEEPBIND", 0))  # macOS has and needs none
    try:
        import psycopg  # noqa: F401
    finally:
        sys.setdlopenflags(before)


def _require_tables(url: str) -> None:
    """Raise RecordError if the database lacks the tables of Optuna, which opening it would make."""
    from sqlalchemy import create_engine, inspect

    engine = create_engine(url, **_engine_settings(url))
    try:
        found = inspect(engine).get_table_names()
    finally:
        engine.dispose()
    if not {"studies", "version_info", "alembic_version"} <= set(found):
        raise RecordError(f"{public_url(url)}: holds no studies; check the URL, or put it back")


def _check_tables(url: str, storage: RDBStorage) -> None:
    """Raise RecordError if another version of Optuna made the tables."""
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
    """The reason of a failure in one line, as the database gives it."""
    if isinstance(error, StorageInternalError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    text = str(getattr(error, "orig", None) or error).strip()
    lines = [line.strip() for line in text.splitlines()] or [type(error).__name__]
    # psycopg lists the failure of each address of a host, the last address at the end.
    line = lines[-1].removeprefix("- ") if lines[0].startswith("Multiple conn") else lines[0]
    return line.removeprefix("connection failed: ").removeprefix("connection is bad: ")
