"""A study whose record is in a database; each failure of the database is one line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import optuna
import pytest
import sqlalchemy
from postgres import PASSWORD

from autocnn.errors import RecordError, StudyError
from autocnn.records import optuna_record as storage
from autocnn.records.database import database_errors, open_database
from autocnn.records.deletion import delete_study
from autocnn.records.open_study import open_folder
from autocnn.records.optuna_private import open_trial
from autocnn.records.optuna_record import (
    create_study,
    read_records,
    read_study_facts,
    study_exists,
    unfinished_trials,
    write_proposal,
    write_result,
    write_study_facts,
)
from autocnn.records.settings_file import settings_to_toml
from autocnn.records.study_folder import StudyPaths
from autocnn.records.trusted import remember_named
from autocnn.trial import TrialState

NOBODY = "postgresql+psycopg://ada:s3cret@127.0.0.1:1/studies"  # no server listens on this port


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/studies.db"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
def file_url(tmp_path) -> str:
    """The URL of a database file that does not exist yet."""
    return f"sqlite:///{tmp_path}/studies.db"


def begin(paths, settings, url):
    """Begin a study in this database as a search does: settings on disk, without password."""
    settings = replace(settings, study=paths.name, storage=url)
    paths.root.mkdir(parents=True, exist_ok=True)
    paths.study_toml.write_text(settings_to_toml(settings))
    remember_named(url)
    return settings


def one_line(error) -> str:
    """The message, which is one line without a password."""
    text = str(error.value)
    assert "\n" not in text
    assert "s3cret" not in text
    assert PASSWORD not in text
    assert "%40" not in text
    return text


def put_trials(study, facts, make_proposal, make_result):
    """Write a complete, a failed and a running trial."""
    write_study_facts(study, facts)
    for number, result in enumerate([make_result(1 / 3, 0.1 + 0.2), None, None]):
        trial = study.ask()
        write_proposal(trial, make_proposal(number))
        trial.report(0.5, 1)
        if result is not None:
            write_result(trial, result)
            study.tell(trial, result.score)
        elif number == 1:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)


# contents of the record


def test_a_database_keeps_what_a_journal_keeps(
    facts, paths, settings, url, monkeypatch, make_proposal, make_result
):
    """Another process reads every field of every trial; only the time stamps differ."""
    monkeypatch.setenv("OPTUNA_STORAGE", url)
    here = StudyPaths(paths.root.parent / "here")
    there = begin(here, settings, url)
    put_trials(create_study(paths, settings), facts, make_proposal, make_result)
    put_trials(create_study(here, there), facts, make_proposal, make_result)
    assert not here.journal.exists()

    studies = open_folder(paths.root).record, open_folder(here.root).record
    records = [
        [replace(record, started=None, finished=None) for record in read_records(study)]
        for study in studies
    ]
    assert records[0] == records[1]
    assert [r.state for r in records[1]] == [
        TrialState.COMPLETE,
        TrialState.FAILED,
        TrialState.RUNNING,
    ]
    assert read_study_facts(studies[0]) == read_study_facts(studies[1])
    assert studies[1].study_name == "here"
    assert studies[1].metric_names == ["val_accuracy"]
    assert studies[1].direction == optuna.study.StudyDirection.MAXIMIZE
    (left,) = unfinished_trials(studies[1])
    write_result(open_trial(studies[1], left), make_result(0.75))
    assert read_records(studies[1])[2].score == 0.75


def test_studies_live_side_by_side(paths, settings, url, monkeypatch, make_proposal):
    """Two studies in one database are each read from their own folder."""
    monkeypatch.setenv("OPTUNA_STORAGE", url)
    other = StudyPaths(paths.root.parent / "other")
    for each in (paths, other):
        create_study(each, begin(each, settings, url))
    write_proposal(open_folder(other.root).record.ask(), make_proposal(0))
    assert len(read_records(open_folder(other.root).record)) == 1
    assert read_records(open_folder(paths.root).record) == []


def test_a_study_is_new_until_it_is_created(paths, settings, url):
    """`study_exists` is false before `create_study` and true after it."""
    settings = begin(paths, settings, url)
    assert not study_exists(paths, settings)
    create_study(paths, settings)
    assert study_exists(paths, settings)
    with pytest.raises(StudyError, match="exists already; `autocnn search --study digits-1`"):
        create_study(paths, settings)


def test_a_journal_is_new_until_it_is_there(paths, settings):
    """`study_exists` is false until the journal has been created."""
    assert not study_exists(paths, settings)
    create_study(paths, settings)
    assert study_exists(paths, settings)


def test_no_password_is_written(paths, settings, tmp_path):
    """study.toml holds the database URL without its password."""
    begin(paths, settings, NOBODY)
    assert 'storage = "postgresql+psycopg://ada@127.0.0.1:1/studies"' in paths.study_toml.read_text(
        "utf-8"
    )
    assert "s3cret" not in repr(replace(settings, storage=NOBODY))


def test_sqlalchemy_is_not_imported_without_a_database():
    """Importing the record module does not import SQLAlchemy, which loads slowly."""
    code = "import sys, autocnn.records.optuna_record; print('sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


# the folder that owns a study


def test_a_name_of_another_folder_is_refused(paths, settings, url, monkeypatch, tmp_path):
    """A study of that name which belongs to another folder is neither resumed nor read."""
    monkeypatch.setenv("OPTUNA_STORAGE", url)
    create_study(paths, begin(paths, settings, url))
    elsewhere = StudyPaths(tmp_path / "elsewhere" / paths.name)
    later = replace(settings, created="2026-11-22T10:00:01+00:00")
    later = begin(elsewhere, later, url)
    for ask in (lambda: study_exists(elsewhere, later), lambda: open_folder(elsewhere.root).record):
        with pytest.raises(StudyError) as raised:
            ask()
        text = one_line(raised)
        assert text.startswith("study digits-1 is in ")
        assert text.endswith(
            f" already, and {elsewhere.root} is not its folder; choose another name"
        )


def test_a_renamed_folder_is_read_but_not_resumed(paths, settings, file_url):
    """A renamed folder is not resumed, because the database has no study of its new name."""
    create_study(paths, begin(paths, settings, file_url))
    moved = StudyPaths(paths.root.rename(paths.root.parent / "copy"))
    assert open_folder(moved.root).record.study_name == "digits-1"
    with pytest.raises(StudyError, match="was renamed or copied: its study is called digits-1"):
        study_exists(moved, replace(settings, storage=file_url))


def test_a_missing_record_is_not_created_again(paths, settings, file_url):
    """A folder with a leaderboard and without a record in the database is an error."""
    settings = begin(paths, settings, file_url)
    open_database(file_url)
    paths.leaderboard.touch()
    for ask in (lambda: study_exists(paths, settings), lambda: open_folder(paths.root).record):
        with pytest.raises(StudyError, match=r"its record, study digits-1, is not in sqlite:.*put"):
            ask()


def test_reading_creates_no_database(paths, settings, file_url, tmp_path):
    """A missing database file is reported and not created."""
    settings = begin(paths, settings, file_url)
    paths.leaderboard.touch()
    for ask in (lambda: study_exists(paths, settings), lambda: open_folder(paths.root).record):
        with pytest.raises(RecordError, match=r"studies.db: there is no such file; put it back"):
            ask()
    assert not (tmp_path / "studies.db").exists()


def test_a_record_of_another_version_is_refused(paths, settings, facts, file_url, monkeypatch):
    """The error names the study, its database and the other version."""
    study = create_study(paths, begin(paths, settings, file_url))
    monkeypatch.setattr(storage, "RECORD_VERSION", 1)
    write_study_facts(study, facts)
    monkeypatch.undo()
    with pytest.raises(StudyError, match=r"study digits-1 in sqlite:.* another version of autocnn"):
        _ = open_folder(paths.root).record


# deleting


def test_deleting_a_study_deletes_its_record(paths, settings, url, monkeypatch):
    """The name of a deleted study is free again, and other studies stay."""
    monkeypatch.setenv("OPTUNA_STORAGE", url)
    other = StudyPaths(paths.root.parent / "other")
    for each in (paths, other):
        create_study(each, begin(each, settings, url))
    delete_study(paths.root.parent, "digits-1")
    assert not paths.root.exists()
    assert optuna.get_all_study_names(open_database(url)) == ["other"]


def test_deleting_leaves_the_study_of_another_folder(paths, settings, file_url, tmp_path):
    """A study of the same name that was created at another time is not deleted."""
    create_study(paths, begin(paths, settings, file_url))
    elsewhere = StudyPaths(tmp_path / "elsewhere" / "digits-1")
    begin(elsewhere, replace(settings, created="2026-11-22T10:00:01+00:00"), file_url)
    delete_study(tmp_path / "elsewhere", "digits-1")
    assert not elsewhere.root.exists()
    assert open_folder(paths.root).record.study_name == "digits-1"


def test_a_copy_is_not_deleted_with_the_record(paths, settings, file_url):
    """The record belongs to the folder that has the name of the study, not to a copy of it."""
    create_study(paths, begin(paths, settings, file_url))
    copy = StudyPaths(paths.root.parent / "copy")
    copy.root.mkdir()
    copy.study_toml.write_text(paths.study_toml.read_text())
    with pytest.raises(StudyError, match=r"was renamed or copied.*or delete it by hand"):
        delete_study(copy.root.parent, "copy")
    assert copy.study_toml.exists()
    assert open_folder(paths.root).record.study_name == "digits-1"


def test_nothing_is_deleted_without_the_database(paths, settings):
    """A study is not deleted if its database, and so its record, cannot be reached."""
    begin(paths, settings, NOBODY)
    with pytest.raises(
        RecordError, match=r"ada@127.0.0.1:1/studies: cannot be opened \("
    ) as raised:
        delete_study(paths.root.parent, "digits-1")
    one_line(raised)
    assert paths.study_toml.exists()


# failures of the database


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda folder: folder.rmdir(), "no folder; make it first"),
        (lambda folder: (folder / "a.db").mkdir(), "is a folder; name a file"),
        (
            lambda folder: (folder / "a.db").write_text("dear diary, " * 100),
            "cannot be opened (file is not a database); choose another file",
        ),
    ],
)
def test_an_unusable_database_file_is_refused(tmp_path, prepare, message):
    """A missing folder, a folder in place of the file, and a foreign file are refused."""
    (tmp_path / "sub").mkdir()
    prepare(tmp_path / "sub")
    with pytest.raises(RecordError) as raised:
        open_database(f"sqlite:///{tmp_path}/sub/a.db")
    assert one_line(raised).startswith(f"sqlite:///{tmp_path}/sub/a.db: ")
    assert str(raised.value).endswith(message)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_database_file_can_be_read(tmp_path, paths, settings, file_url):
    """A read-only database can be read, but no study can be created in it."""
    settings = begin(paths, settings, file_url)
    open_database(file_url)
    (tmp_path / "studies.db").chmod(0o444)
    assert not study_exists(paths, settings)
    with pytest.raises(RecordError, match=r"study digits-1 cannot be created \(attempt to write a"):
        create_study(paths, settings)


@pytest.mark.parametrize(
    ("revision", "message"),
    [
        ("v99.0.0.a", r"made by Optuna 99\.1 \(schema v99\.0\.0\.a\), .*; pip install 'optuna>=99"),
        ("v3.0.0.a", r"made by Optuna 99\.1 \(schema v3.*`optuna storage upgrade --storage sqlite"),
    ],
)
def test_tables_of_another_optuna_are_refused(file_url, revision, message):
    """The error names the version to install if newer, or the command to convert if older."""
    engine = open_database(file_url).engine
    with engine.begin() as connection:
        for statement in (
            f"UPDATE alembic_version SET version_num = '{revision}'",
            "UPDATE version_info SET library_version = '99.1'",
        ):
            connection.execute(sqlalchemy.text(statement))
    with pytest.raises(RecordError, match=message) as raised:
        open_database(file_url)
    one_line(raised)


def test_a_missing_driver_is_refused(monkeypatch):
    """The error names the extra that installs the driver."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(RecordError, match=r"is not installed .*pip install 'autocnn\[postgres\]'$"):
        open_database(NOBODY)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda url: re.sub(":[^:@]+@", ":s3cret@", url),
            "password authentication failed .*give the right one in OPTUNA_STORAGE",
        ),
        (lambda url: re.sub(":[^:@]+@", "@", url), "no password supplied.*or in ~/.pgpass$"),
        (
            lambda url: re.sub(r":\d+/", ":1/", url),
            r"port 1 failed: Connection refused\); check the URL, and that the database can be",
        ),
        (
            lambda url: re.sub(r"/test_\w+", "/absent", url),
            'database "absent" does not exist.*create it first',
        ),
        (lambda url: f"{url}?nonsense=1", 'invalid connection option "nonsense"'),
        (lambda url: url.replace("127.0.0.1", "a" * 64), "cannot be the name of a host"),
    ],
)
def test_a_refused_connection_is_one_line(postgres_url, change, message):
    """The error gives the reason and a remedy, and never the password."""
    with pytest.raises(RecordError, match=message) as raised:
        open_database(change(postgres_url))
    assert one_line(raised).startswith("postgresql+psycopg://autocnn@")


def test_the_password_may_come_from_libpq(postgres_url, monkeypatch):
    """The driver reads PGPASSWORD and ~/.pgpass if the URL has no password."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert optuna.get_all_study_names(open_database(re.sub(":[^:@]+@", "@", postgres_url))) == []


def test_a_lost_database_is_one_line(paths, settings, postgres_url, postgres_server, make_proposal):
    """A lost connection is one line; the record is whole once the database is back."""
    settings = begin(paths, settings, postgres_url)
    study = create_study(paths, settings)
    write_proposal(study.ask(), make_proposal(0))
    name = postgres_url.rpartition("/")[2]
    postgres_server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    postgres_server.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    )
    with (
        pytest.raises(RecordError, match=r"the record is lost \(.*\); wait$") as raised,
        database_errors(postgres_url, "the record is lost", "wait"),
    ):
        read_records(study)
    one_line(raised)
    postgres_server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert len(read_records(study)) == 1


def test_a_closed_connection_is_opened_again(paths, settings, postgres_url, postgres_server):
    """A connection that the server closed is replaced at the next call."""
    study = create_study(paths, begin(paths, settings, postgres_url))
    name = postgres_url.rpartition("/")[2]
    postgres_server.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    )
    assert study.ask().number == 0


def test_other_errors_pass(file_url):
    """Only errors of the database are converted to one line; others are raised unchanged."""
    with pytest.raises(ZeroDivisionError), database_errors(file_url, "lost"):
        1 / 0  # noqa: B018
    with pytest.raises(ZeroDivisionError), database_errors(None, "lost"):
        1 / 0  # noqa: B018


@pytest.fixture
def tls(postgres_url, postgres_server) -> Iterator[str]:
    """Options of a URL that ask for TLS and check the certificate of the host localhost."""
    folder = Path(tempfile.mkdtemp(prefix="autocnn-tls-"))
    folder.chmod(0o755)
    try:
        certificate = postgres_server.use_certificate(folder)
        yield f"?sslmode=verify-full&sslrootcert={certificate}"
    finally:
        postgres_server.execute("ALTER SYSTEM RESET ssl")
        postgres_server.execute("SELECT pg_reload_conf()")
        shutil.rmtree(folder)


def _connect(url: str, before: str) -> subprocess.CompletedProcess[str]:
    """Print whether a connection is encrypted, in a process that has loaded `before`."""
    code = f"""
import {before or "sys"}
import sqlalchemy
from autocnn.errors import RecordError
from autocnn.records.database import open_database
try:
    opened = open_database({url!r})
except RecordError as error:
    print(error)
else:
    with opened.engine.connect() as connection:
        query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        print(connection.execute(sqlalchemy.text(query)).scalar())
"""
    command = [sys.executable, "-W", "ignore", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("before", ["", "tensorflow"])
def test_a_connection_is_encrypted_whatever_was_loaded_before(postgres_url, tls, before):
    """TensorFlow exports functions with the names of those that the driver calls."""
    done = _connect(postgres_url.replace("@127.0.0.1:", "@localhost:") + tls, before)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


def test_another_host_than_that_of_the_certificate_is_refused(postgres_url, tls):
    """By the options of libpq, which stand in the URL; the password is not shown."""
    done = _connect(postgres_url + tls, "")
    assert re.search(r"certificate .*does not match", done.stdout), done.stderr
    assert (done.stdout.count("\n"), PASSWORD in done.stdout) == (1, False)
