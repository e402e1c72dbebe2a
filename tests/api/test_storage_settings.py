"""The source of a study's storage URL, and the places its password is written to."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

from autocnn.api import search_study as flow
from autocnn.api.settings_sources import read_config, resolve_settings
from autocnn.api.studies import load_study
from autocnn.errors import RecordError, SettingsError
from autocnn.records.optuna_record import create_study, study_exists
from autocnn.records.settings_file import read_settings, settings_to_toml
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings, public_settings
from autocnn.records.trusted import remember_named
from autocnn.space.library import library_path

SERVER = "postgresql+psycopg://ada@db.example/studies"
SECRET = "postgresql+psycopg://ada:s3cret@db.example/studies"
OTHER = "postgresql+psycopg://ada:s3cret@db.example/others"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    """Run each test in its own folder, without a storage in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPTUNA_STORAGE", raising=False)
    monkeypatch.setenv("AUTOCNN_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def stored(tmp_path):
    """A function that puts a study of the user, called x, with this storage below ./results."""

    def store(storage):
        folder = tmp_path / "results" / "x"
        folder.mkdir(parents=True)
        settings = StudySettings(study="x", trials=1, storage=storage)
        (folder / "study.toml").write_text(settings_to_toml(settings))
        if storage is not None:
            remember_named(storage)

    return store


# precedence


@pytest.mark.parametrize(
    ("given", "config", "outside", "storage"),
    [
        (None, None, None, None),
        (None, None, OTHER, OTHER),
        (None, SERVER, OTHER, SERVER),
        (SECRET, OTHER, OTHER, SECRET),
        (SERVER, None, SECRET, SECRET),
        (None, SERVER, SECRET, SECRET),
        (None, None, "", None),
    ],
)
def test_the_storage_of_a_new_study(monkeypatch, given, config, outside, storage):
    """Option, file, environment; the environment can add a password to the first two."""
    if outside is not None:
        monkeypatch.setenv("OPTUNA_STORAGE", outside)
    if config is not None:
        remember_named(config)
    options = {} if given is None else {"storage": given}
    settings = resolve_settings(options, {} if config is None else {"storage": config})
    assert settings.storage == storage


@pytest.mark.parametrize(
    ("before", "given", "outside", "storage"),
    [
        (None, None, OTHER, None),  # a journal stays a journal
        (None, None, "mysql://ada:s3cret@h/d", None),
        (SECRET, None, None, SERVER),
        (SECRET, None, SECRET, SECRET),
        (SECRET, None, OTHER, SERVER),
        (SECRET, SECRET, None, SECRET),
        (SECRET, SERVER, SECRET, SECRET),
        (SECRET, SECRET.replace("s3cret", "new"), SECRET, SECRET.replace("s3cret", "new")),
    ],
)
def test_the_storage_of_a_study_on_disk(stored, monkeypatch, before, given, outside, storage):
    """The study keeps its storage; the environment can only add the password."""
    stored(before)
    if outside is not None:
        monkeypatch.setenv("OPTUNA_STORAGE", outside)
    options = {"study": "x"} if given is None else {"study": "x", "storage": given}
    assert resolve_settings(options, {}).storage == storage


@pytest.mark.parametrize(
    ("before", "given", "message"),
    [
        (SECRET, OTHER, f"with --storage {SERVER}, not postgresql+psycopg://ada@db.example/others"),
        (None, SECRET, f"without --storage, not with {SERVER}"),
    ],
)
def test_another_storage_of_a_study_is_refused(stored, before, given, message):
    """The error shows both storages without their passwords."""
    stored(before)
    expected = rf"^study x was made {re.escape(message)}; leave the option out "
    with pytest.raises(SettingsError, match=expected) as raised:
        resolve_settings({"study": "x", "storage": given}, {})
    assert "s3cret" not in str(raised.value)


def test_the_database_of_a_received_file_is_refused(stored, tmp_path):
    """The user has named neither that of a file of settings nor that of a study."""
    with pytest.raises(SettingsError, match=r"^--config: names the database"):
        resolve_settings({}, {"storage": SERVER})
    stored(SERVER)
    (tmp_path / "cache" / "trusted-databases.txt").unlink()
    with pytest.raises(SettingsError, match=r"study.toml: names the database"):
        resolve_settings({"study": "x"}, {})
    assert resolve_settings({"study": "x", "storage": SERVER}, {}).storage == SERVER


def test_a_file_keeps_its_place(stored, tmp_path, monkeypatch):
    """A relative path is resolved against the folder in which the study began."""
    url = resolve_settings({"storage": "sqlite:///a.db"}, {}).storage
    assert url == f"sqlite:///{tmp_path}/a.db"
    stored("sqlite:///a.db")
    assert resolve_settings({"study": "x", "storage": "sqlite:///a.db"}, {}).storage == url
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert resolve_settings({"study": "x", "results": "../results"}, {}).storage == url


# what is refused


FORMS = "must be sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE "


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mysql://ada:s3cret@h/d", "'mysql://...'"),
        ("postgresql://ada:s3cret@h/d", "'postgresql://...'"),
        ("sqlite://", "'sqlite://...'"),
        ("sqlite:///:memory:", "'sqlite:///:memory:'"),
        ("studies.db", "'studies.db'"),
        ("", "''"),
    ],
)
@pytest.mark.parametrize("source", ["option", "file", "environment"])
def test_another_database_is_refused(url, shown, source, tmp_path, monkeypatch):
    """The error is one line with source, valid forms and the URL without its password."""

    def resolve():
        if source == "option":
            return resolve_settings({"storage": url}, {})
        if source == "file":
            (tmp_path / "mine.toml").write_text(f"storage = '{url}'")
            return read_config(tmp_path / "mine.toml")
        monkeypatch.setenv("OPTUNA_STORAGE", url)
        return resolve_settings({}, {})

    if source == "environment" and not url:
        assert resolve().storage is None  # set to nothing is not set
        return
    who = {"option": "--storage", "file": r".*mine\.toml: storage", "environment": "OPTUNA_STORAGE"}
    expected = rf"^{who[source]} {re.escape(FORMS)}.*, got {re.escape(shown)}"
    with pytest.raises(SettingsError, match=expected) as raised:
        resolve()
    assert "s3cret" not in str(raised.value)


def test_a_file_with_something_else_shows_none_of_it(tmp_path):
    """The error does not show a value of another type, such as a list of URLs."""
    (tmp_path / "mine.toml").write_text(f"storage = ['{SECRET}']")
    with pytest.raises(SettingsError, match=r"mine.toml: storage must be a string, got list$"):
        read_config(tmp_path / "mine.toml")


# the password


def test_the_password_is_not_written():
    """The password is not in study.toml, the manifest or a traceback."""
    settings = StudySettings(study="x", storage=SECRET)
    assert f'storage = "{SERVER}"' in settings_to_toml(settings)
    assert public_settings(settings)["storage"] == SERVER
    assert "s3cret" not in settings_to_toml(settings) + repr(settings) + str(settings)
    assert "s3cret" not in json.dumps(public_settings(settings))
    assert public_settings(StudySettings(study="x"))["storage"] is None


def test_a_search_without_its_database_writes_nothing(tmp_path):
    """A missing database is refused before a folder is created."""
    url = "postgresql+psycopg://ada:s3cret@127.0.0.1:1/studies"
    settings = resolve_settings({"study": "x", "storage": url}, {})
    with pytest.raises(RecordError, match=r"ada@127.0.0.1:1/studies: cannot be opened") as raised:
        flow.search(settings)
    assert "s3cret" not in str(raised.value)
    assert not (tmp_path / "results").exists()


def test_a_study_is_read_with_the_password_given(postgres_study, postgres_url, monkeypatch):
    """The password is an argument of load_study, or in the environment."""
    results = postgres_study.root.parent
    assert len(load_study(results, "digits-1", storage=postgres_url).records) == 3
    remember_named(postgres_url)
    with pytest.raises(RecordError, match="no password supplied"):
        load_study(results, "digits-1")
    monkeypatch.setenv("OPTUNA_STORAGE", postgres_url)
    assert len(load_study(results, "digits-1").records) == 3


# a search that fails


def _interrupted_search(settings, monkeypatch, fail):
    """A search that fails after its study was created."""

    def open_session(settings, paths, *_):
        create_study(paths, settings)
        return fail()

    monkeypatch.setattr(flow, "open_session", open_session)
    return flow.search(settings)


def test_a_study_that_fails_at_its_start_leaves_nothing(tmp_path, monkeypatch):
    """Neither a folder nor a study in the database is left."""
    import optuna

    from autocnn.records.database import open_database

    settings = resolve_settings({"study": "x", "storage": "sqlite:///a.db"}, {})

    def fail():
        raise SettingsError("no")

    with pytest.raises(SettingsError, match=r"^no$"):
        _interrupted_search(settings, monkeypatch, fail)
    assert not (tmp_path / "results" / "x").exists()
    assert optuna.get_all_study_names(open_database(settings.storage)) == []


@pytest.mark.parametrize("created", ["", "2026-01-01T00:00:00+00:00"])
def test_a_study_without_a_date_gets_one(created, monkeypatch, tmp_path):
    """A study from Python gets a date; an existing one keeps its own, which the database has."""
    folder = tmp_path / "results" / "x"
    settings = StudySettings(study="x", storage="sqlite:///a.db", trials=1)
    if created:
        folder.mkdir(parents=True)
        stored = replace(settings, created=created)
        (folder / "study.toml").write_text(settings_to_toml(stored))
        (folder / "space.toml").write_text((library_path() / "cnn.toml").read_text())
    with pytest.raises(ZeroDivisionError):
        _interrupted_search(settings, monkeypatch, lambda: 1 / 0)
    found = read_settings(folder / "study.toml")
    assert found["created"] == created or found["created"] > "2026-11"
    assert found["storage"] == f"sqlite:///{tmp_path}/a.db"
    assert study_exists(StudyPaths(folder), StudySettings(**found))


def test_a_database_lost_in_a_search_leaves_the_folder(tmp_path, monkeypatch):
    """The study may still exist, so one line names the command to resume it."""
    import optuna
    import sqlalchemy.exc

    settings = resolve_settings({"study": "x", "storage": "sqlite:///a.db"}, {})

    def fail():
        raise optuna.exceptions.StorageInternalError("commit") from sqlalchemy.exc.OperationalError(
            "SELECT", {}, Exception("disk I/O error")
        )

    expected = (
        rf"^sqlite:///{re.escape(str(tmp_path))}/a.db: the record can no longer be reached "
        r"\(disk I/O error\); `autocnn resume x` goes on once it can$"
    )
    with pytest.raises(RecordError, match=expected):
        _interrupted_search(settings, monkeypatch, fail)
    assert (tmp_path / "results" / "x" / "study.toml").exists()


def test_the_manifest_has_no_password(monkeypatch, tmp_path):
    """The manifest is made to be shared, so its storage has no password."""
    written = {}
    session = SimpleNamespace(
        paths=StudyPaths(tmp_path),
        settings=StudySettings(study="x", storage=SECRET),
        space=SimpleNamespace(text=""),
        facts=None,
        study=None,
    )
    monkeypatch.setattr(flow, "write_manifest", lambda _, m: written.update(m))
    monkeypatch.setattr(flow, "facts_to_json", lambda _: {})
    monkeypatch.setattr(flow, "n_infeasible", lambda _: 0)
    outcome = flow.SearchOutcome(
        study="x", state="finished", trials=1, complete=1, pruned=0, stopped=0, failed=0,
        objective="accuracy", val_best=1.0, val_mean=None, test=1.0, test_score=1.0,
        test_winner=1.0, gap=0.0, seconds=1.0, cpu_seconds=1.0, runs=1, winner=0, model=None,
        leaderboard="", causes={}, ending="trials", least_seconds=None,
    )  # fmt: skip
    flow._write_manifest(session, outcome)
    assert written["settings"]["storage"] == SERVER
    assert "s3cret" not in repr(written)
