"""Several writes to a database as one transaction: Optuna makes one of each.

A draw of 30 parameters is 30 transactions for Optuna, each of which waits for the disk of the
server. Optuna takes its sessions from the attribute `scoped_session` of its storage; here they come
from an object that hands out the same session until a block of writes ends.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol, runtime_checkable

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage

from autocnn.records.optuna_private import backend_of


class RowExists(StorageInternalError):
    """Another process has written what a block was to write; nothing of the block is on record."""


@runtime_checkable
class Gathers(Protocol):
    """A journal that appends the records of a block at once."""

    def gathered(self) -> AbstractContextManager[None]:
        """Append what is written inside at its end, or nothing if it ends by an exception."""


class JoiningSessions:
    """The sessions of a database, which join the writes of a block on one thread."""

    def __init__(self, sessions: Any) -> None:
        self.single, self._here = sessions, threading.local()

    def __call__(self) -> Any:
        """The session of the block that this thread is in, else one of its own."""
        joined = getattr(self._here, "joined", None)
        return self.single() if joined is None else joined

    def __getattr__(self, name: str) -> Any:
        return getattr(self.single, name)

    @contextmanager
    def joined(self, *, gathers: bool = False) -> Iterator[None]:
        """Commit what is written inside at its end, or nothing if it ends by an exception.

        If it `gathers`, rows are sent at the end, many in a statement: what is read inside may lack
        them. Raises: RowExists if another process has written one of the rows; StorageInternalError
        if a write inside has failed or the commit fails.
        """
        from sqlalchemy.exc import IntegrityError, SQLAlchemyError

        if getattr(self._here, "joined", None) is not None:  # within another block
            yield
            return
        session = self.single()
        self._here.joined = joined = _Joined(session, gathers)
        try:
            with session.no_autoflush if gathers else nullcontext():
                yield
                joined.send()
            if joined.has_failed:
                raise StorageInternalError("one of several writes to a trial was refused")
            session.commit()
        except IntegrityError as error:
            session.rollback()
            raise RowExists(str(error)) from error
        except SQLAlchemyError as error:
            session.rollback()
            raise StorageInternalError(str(error)) from error
        except BaseException:
            session.rollback()
            raise
        finally:
            self._here.joined = None
            session.close()


class _Joined:
    """A session that is committed and closed by the block, not by each write."""

    def __init__(self, session: Any, gathers: bool) -> None:
        self._session, self._gathers, self.has_failed = session, gathers, False
        self._late: list[Any] = []  # statements to be sent at the end

    def execute(self, statement: Any, *args: Any, **kwargs: Any) -> Any:
        """Send the statement, or keep it for the end if it inserts rows."""
        if self._gathers and statement.is_insert:
            return self._late.append(statement)
        return self._session.execute(statement, *args, **kwargs)

    def send(self) -> None:
        """Insert what was gathered: rows of one table and the same columns by one statement."""
        from sqlalchemy import insert, inspect

        gathered: dict[Any, list[dict[str, Any]]] = {}
        for each in list(self._session.new) if self._gathers else ():
            state = inspect(each)
            columns = [column.key for column in state.mapper.column_attrs]
            row = {key: state.dict[key] for key in columns if key in state.dict}
            gathered.setdefault((state.mapper.class_, frozenset(row)), []).append(row)
            self._session.expunge(each)
        for (kind, _), rows in gathered.items():
            self._session.execute(insert(kind.__table__).values(rows))
        for statement in self._late:
            self._session.execute(statement)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def commit(self) -> None:
        """Send what is pending; what is read later is read anew, as after a commit."""
        if not self._gathers:
            self._session.flush()
            self._session.expire_all()

    def rollback(self) -> None:
        """Undo the whole block, which then fails at its end, whatever becomes of this error."""
        self.has_failed = True
        self._session.rollback()

    def close(self) -> None:
        """Nothing: the block goes on."""


def join_writes(storage: RDBStorage) -> None:
    """Let `one_transaction` join the writes to this database."""
    joining: Any = JoiningSessions(storage.scoped_session)  # serves as a `scoped_session`
    storage.scoped_session = joining


def part_writes(storage: RDBStorage) -> None:
    """Undo `join_writes`: each write is a transaction again."""
    if isinstance(storage.scoped_session, JoiningSessions):
        storage.scoped_session = storage.scoped_session.single


@contextmanager
def one_transaction(study: optuna.Study, *, gathers: bool = False) -> Iterator[None]:
    """Make the writes inside one transaction if the study is in a database of `join_writes`.

    If it `gathers`, values of parameters are sent at the end, in one statement, and no trial may be
    read inside to find them.

    Another thread's writes are not joined. A trial must not be created inside: Optuna locks the
    study for that. Raises: RowExists, StorageInternalError.
    """
    backend = backend_of(study)
    sessions = getattr(backend, "scoped_session", None)
    joined: AbstractContextManager[None] = nullcontext()
    if isinstance(sessions, JoiningSessions):
        joined = sessions.joined(gathers=gathers)
    elif isinstance(backend, Gathers) and gathers:
        joined = backend.gathered()
    with joined:
        yield
