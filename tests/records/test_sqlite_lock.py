"""Many writers of one SQLite file, each of which waits as long as others commit."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import optuna
import pytest
from optuna.exceptions import StorageInternalError

from autocnn.records import database, sqlite_lock
from autocnn.records.database import open_database
from autocnn.records.transactions import one_transaction

WRITERS, HOLD_S, SILENT_S = 6, 0.5, 2.0


@pytest.fixture
def url(tmp_path, monkeypatch) -> str:
    """An SQLite file with a study, of which a wait fails after two seconds without a commit."""
    url = f"sqlite:///{tmp_path}/studies.db"
    optuna.create_study(study_name="shared", storage=open_database(url))
    monkeypatch.setattr(database, "LOCKED_S", SILENT_S)
    monkeypatch.setattr(sqlite_lock, "LOOK_S", 0.01)
    return url


@pytest.fixture
def holder(tmp_path, url) -> Iterator[sqlite3.Connection]:
    """Another program that has the lock of the file."""
    connection = sqlite3.connect(tmp_path / "studies.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


def test_many_writers_wait_for_each_other(url):
    """Six hold the lock for half a second each: the last ones wait longer than it may be silent."""

    def write(name: int) -> None:
        study = optuna.load_study(study_name="shared", storage=open_database(url))
        trial = study.ask()
        with one_transaction(study):
            trial.set_user_attr("writer", name)
            time.sleep(HOLD_S)
        study.tell(trial, 0.5)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    trials = optuna.load_study(study_name="shared", storage=open_database(url)).trials
    assert sorted(trial.user_attrs["writer"] for trial in trials) == list(range(WRITERS))
    assert {trial.number for trial in trials} == set(range(WRITERS))


def test_a_lock_that_is_kept_ends_the_wait(url, holder):
    """A process that holds the lock and commits nothing is suspended, or has another fault."""
    study = optuna.load_study(study_name="shared", storage=open_database(url))
    with pytest.raises(StorageInternalError) as raised:
        study.set_user_attr("x", 1)
    assert "database is locked" in str(raised.value.__cause__)
    holder.execute("ROLLBACK")
    study.set_user_attr("x", 2)
    assert study.user_attrs == {"x": 2}


def test_reading_needs_no_lock(url, holder):
    """A study is read while another process writes."""
    study = optuna.load_study(study_name="shared", storage=open_database(url, creates=False))
    assert study.user_attrs == {}
