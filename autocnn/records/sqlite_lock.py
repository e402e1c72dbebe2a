"""The write lock of an SQLite file, for many processes that write at once.

SQLite has one writer at a time. Its own wait for the lock has two faults where many write: it fails
after a fixed time although the others go on, and it asks ever less often, so that a process that
has just begun to wait passes those that have waited long. Here a writer waits as long as others
commit, and asks as often after a long wait as after a short one.
"""

from __future__ import annotations

import random
import sqlite3
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

PAUSE_S = 0.1  # the longest between two attempts
LOOK_S = 1.0  # between two looks whether another process has committed
_WRITES = ("INSERT", "UPDATE", "DELETE")
_BEGIN = "BEGIN IMMEDIATE"  # takes the lock at once; without it, a write takes it


def wait_for_writers(engine: Engine, silent_s: float) -> None:
    """Let each transaction of `engine`, a file of SQLite, wait for the lock before its first write.

    A wait fails (SQLAlchemy's OperationalError, "database is locked") if for `silent_s` seconds no
    other process has committed: whichever has the lock is then suspended, or keeps it.
    """
    from sqlalchemy import event

    @event.listens_for(engine, "before_cursor_execute")
    def begin(connection: Connection, _cursor: Any, statement: str, *_: object) -> None:
        file: Any = connection.connection.dbapi_connection
        if statement.startswith(_WRITES) and not file.in_transaction:
            _begin(connection, file, silent_s)


def _begin(connection: Connection, file: sqlite3.Connection, silent_s: float) -> None:
    (usual_ms,) = file.execute("PRAGMA busy_timeout").fetchone()
    file.execute("PRAGMA busy_timeout = 0")
    try:
        if not _has_begun(file) and not _wait(file, silent_s):
            connection.exec_driver_sql(_BEGIN)  # fails as SQLAlchemy's error, with this reason
    finally:
        file.execute(f"PRAGMA busy_timeout = {usual_ms}")


def _wait(file: sqlite3.Connection, silent_s: float) -> bool:
    """True once the lock is held; False if nothing was committed for `silent_s` seconds."""
    version = _version(file)
    changed = looked = time.monotonic()
    while (now := time.monotonic()) - changed < silent_s:
        time.sleep(random.uniform(0.0, PAUSE_S))
        if _has_begun(file):
            return True
        if now - looked >= LOOK_S:
            looked, before, version = now, version, _version(file) or version
            changed = changed if version == before else now
    return False


def _has_begun(file: sqlite3.Connection) -> bool:
    """True unless another process has the lock; what else is wrong, the write itself will say."""
    try:
        file.execute(_BEGIN)
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY
    return True


def _version(file: sqlite3.Connection) -> int | None:
    """A number that changes if another process commits; None while it does."""
    try:
        return int(file.execute("PRAGMA data_version").fetchone()[0])
    except sqlite3.OperationalError:
        return None
