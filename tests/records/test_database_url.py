"""Which URLs are accepted, and which of their parts are shown."""

from __future__ import annotations

import pytest

from autocnn.records.database_url import (
    absolute_url,
    is_storage_url,
    public_url,
    sqlite_file,
    with_password,
)

SERVER = "postgresql+psycopg://ada@db.example:5433/studies"
SECRET = "postgresql+psycopg://ada:s3cret@db.example:5433/studies"


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///studies.db",
        "sqlite:////data/my studies/100%25.db",
        SERVER,
        SECRET,
        "postgresql+psycopg://ada:p%40ss%2Fword@[::1]:5432/studies",
        "postgresql+psycopg:///studies",
        "postgresql+psycopg://ada:@/studies?host=/run/postgresql&sslmode=require",
    ],
)
def test_databases_that_are_understood(url):
    """A file, a server with or without a port, and a socket are accepted."""
    assert is_storage_url(url)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "studies.db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///%3Amemory:",
        "sqlite:///a.db?mode=ro",
        "sqlite:///a\n.db",
        "postgresql://ada@db.example/studies",
        "mysql://ada@db.example/studies",
        "postgresql+psycopg://ada@db.example",
        "postgresql+psycopg://ada@db.example/",
        "postgresql+psycopg://ada@db.example:port/studies",
        "postgresql+psycopg://ada:a@b@db.example/studies",
        "postgresql+psycopg://ada:a/b@db.example/studies",
        "postgresql+psycopg://db.example:5432/studies?application_name=a@b",
        f" {SERVER}",
    ],
)
def test_other_urls_are_refused(text):
    """Other databases, empty URLs and ambiguous passwords are refused."""
    assert not is_storage_url(text)


@pytest.mark.parametrize(
    ("text", "public"),
    [
        (SERVER, SERVER),
        (SECRET, SERVER),
        ("postgresql+psycopg://:s3cret@h/d", "postgresql+psycopg://h/d"),
        ("postgresql+psycopg://ada:@h/d", "postgresql+psycopg://ada@h/d"),
        (f"{SERVER}?password=s3cret", SERVER),
        (f"{SERVER}?sslmode=require&pass%77ord=s3cret&host=a", f"{SERVER}?sslmode=require&host=a"),
        (f"{SECRET}?sslpassword=s3cret&sslmode=require", f"{SERVER}?sslmode=require"),
        ("sqlite:////data/a@b:c.db", "sqlite:////data/a@b:c.db"),
        # a text that is no supported URL may hold a password anywhere
        ("mysql://ada:s3cret@h/d", "mysql://..."),
        ("postgresql+psycopg://ada:s3cret/x@h/d", "postgresql+psycopg://..."),
        ("postgresql+psycopg://ada:s3@cret@h/d", "postgresql+psycopg://..."),
        ("ada:s3cret@h/d", "ada:..."),
        ("s3cret@h/d", "..."),
        ("password=s3cret host=h", "password=..."),
        ("studies.db", "studies.db"),
    ],
)
def test_a_password_is_never_public(text, public):
    """A password is hidden before the host, in the query, and in a text that is no URL."""
    assert public_url(text) == public


@pytest.mark.parametrize(
    ("url", "outside", "full"),
    [
        (SERVER, SECRET, SECRET),
        (SERVER, "", SERVER),
        (SERVER, "mysql://ada:s3cret@h/d", SERVER),
        (SERVER, SECRET.replace("5433", "5432"), SERVER),
        (SERVER, SECRET.replace("ada", "bob"), SERVER),
        (SECRET, SECRET.replace("s3cret", "other"), SECRET),
        ("sqlite:////a.db", SECRET, "sqlite:////a.db"),
    ],
)
def test_the_environment_supplies_a_missing_password(url, outside, full):
    """The environment completes a URL of the same database that has no password."""
    assert with_password(url, {"OPTUNA_STORAGE": outside}) == full


def test_no_environment_is_no_password():
    """The URL stays without a password if the variable is not set."""
    assert with_password(SERVER, {}) == SERVER


def test_a_file_is_found_from_any_folder(tmp_path, monkeypatch):
    """The path of a file becomes absolute, once; the URL of a server stays unchanged."""
    monkeypatch.chdir(tmp_path)
    url = absolute_url("sqlite:///sub/../a b%25?.db".replace("?", "%3F"))
    assert url == f"sqlite:///{tmp_path}/a b%25%3F.db"
    assert absolute_url(url) == url
    assert sqlite_file(url) == tmp_path / "a b%?.db"
    assert absolute_url(SECRET) == SECRET
    assert sqlite_file(SECRET) is None
