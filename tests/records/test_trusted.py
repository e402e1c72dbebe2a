"""A database that a received study names is not connected to."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from autocnn.errors import RecordError, SettingsError
from autocnn.records.database import open_database
from autocnn.records.deletion import delete_study, untouched_database
from autocnn.records.open_study import open_folder
from autocnn.records.settings_file import settings_to_toml
from autocnn.records.trusted import is_named, remember_named

SERVER = "postgresql+psycopg://ada@evil.example/studies"


@pytest.fixture(autouse=True)
def own_list(monkeypatch, tmp_path):
    """An empty list, and no database in the environment."""
    monkeypatch.setenv("AUTOCNN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("OPTUNA_STORAGE", raising=False)


@pytest.fixture
def received(paths, settings):
    """A function that makes a study whose study.toml names a database."""

    def make(url):
        paths.study_toml.write_text(settings_to_toml(replace(settings, storage=url)))
        return open_folder(paths.root)

    return make


@pytest.mark.parametrize("url", [SERVER, "sqlite:////tmp/of-the-user.db"])
def test_a_database_that_was_not_named_is_refused(received, url):
    """The error comes before a connection, and says how to trust the database."""
    with pytest.raises(SettingsError, match=r"study.toml: names the database .* give --trust"):
        received(url).read_trials()


def test_a_database_is_named_by_the_environment_or_by_the_list(monkeypatch):
    """A password does not count; another server does."""
    assert not is_named(SERVER)
    monkeypatch.setenv("OPTUNA_STORAGE", SERVER.replace("ada@", "ada:secret@"))
    assert is_named(SERVER)
    assert not is_named(SERVER.replace("evil", "other"))


def test_the_list_has_no_password(tmp_path):
    """A database is put on the list once."""
    for _ in range(2):
        remember_named(SERVER.replace("ada@", "ada:secret@"))
    assert is_named(SERVER)
    assert (tmp_path / "cache" / "trusted-databases.txt").read_text() == f"{SERVER}\n"


def test_reading_makes_no_tables(received, tmp_path):
    """A trusted file of another program stays as it is."""
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE mine (x)")
    before, url = file.read_bytes(), f"sqlite:///{file}"
    remember_named(url)
    with pytest.raises(RecordError, match=r"other.db: holds no studies"):
        received(url).read_trials()
    with pytest.raises(RecordError, match=r"other.db: holds no studies"):
        open_database(url, creates=False)
    assert file.read_bytes() == before


def test_a_received_study_is_deleted_without_its_database(received, paths):
    """The folder goes; no connection is made."""
    assert untouched_database(received(SERVER)) == SERVER
    delete_study(paths.root.parent, paths.name)
    assert not paths.root.exists()
