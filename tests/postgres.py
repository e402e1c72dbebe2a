"""A PostgreSQL server for the tests that need a real one: started once, stopped at the end.

The tests that use it are skipped, with the reason, where its programs are missing.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

USER = "autocnn"
PASSWORD = "s3cr:et/@%{p}"  # every character that means something in a URL or a template


@dataclass(frozen=True)
class PostgresServer:
    """A server on this machine that requires a password."""

    port: int
    user: str | None  # whose processes the server has; None: the current user's

    def url(self, database: str, password: str | None = PASSWORD, host: str = "127.0.0.1") -> str:
        """The URL of a database on the server, without a password if `password` is None."""
        secret = "" if password is None else f":{quote(password, safe='')}"
        return f"postgresql+psycopg://{USER}{secret}@{host}:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run one statement, outside of a transaction."""
        import psycopg

        with psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=PASSWORD,
            dbname=database,
            autocommit=True,
            sslmode="disable",  # TensorFlow may have been loaded before this driver
        ) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def use_certificate(self, folder: Path) -> Path:
        """Answer to TLS from now on; returns the certificate of the host localhost."""
        if shutil.which("openssl") is None:
            pytest.skip("openssl is not installed")
        key, certificate = folder / "server.key", folder / "server.crt"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        command += ["-keyout", str(key), "-out", str(certificate)]
        subprocess.run(command, check=True, capture_output=True)
        key.chmod(0o600)
        if self.user is not None:
            shutil.chown(key, self.user)
        for name, value in (("cert_file", certificate), ("key_file", key)):
            self.execute(f"ALTER SYSTEM SET ssl_{name} = '{value}'")
        self.execute("ALTER SYSTEM SET ssl = on")
        self.execute("SELECT pg_reload_conf()")
        return certificate


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running server with an empty data folder, which is deleted at the end."""
    with running_server() as server:
        yield server


@contextmanager
def running_server(*settings: str, listen: str | None = None) -> Iterator[PostgresServer]:
    """A server with an empty data folder, which is deleted at the end.

    `settings` are options of `postgres`; without any it does not wait for the disk. It listens on
    127.0.0.1, or on all addresses, for clients of the network `listen`.
    """
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install -e '.[postgres]'")
    programs, user = _programs(), _user()
    folder = Path(tempfile.mkdtemp(prefix="autocnn-postgres-"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        port = _free_port()
        _start(programs, user, folder, port, settings or ("-F",), listen)
        try:
            yield PostgresServer(port, user)
        finally:
            _run(user, folder, programs / "pg_ctl", "stop", "-D", "data", "-m", "immediate")
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL, password included, of an empty database on that server."""
    database = f"test_{secrets.token_hex(8)}"
    postgres_server.execute(f"CREATE DATABASE {database}")
    yield postgres_server.url(database)
    postgres_server.execute(f"DROP DATABASE {database} WITH (FORCE)")


def _programs() -> Path:
    """The folder of the server's programs; Debian keeps it out of the PATH."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if all((folder / name).is_file() for name in ("initdb", "pg_ctl", "postgres")):
            return folder
    pytest.skip("PostgreSQL is not installed (initdb, pg_ctl, postgres)")


def _user() -> str | None:
    """The user who runs the server, which refuses root; None: the current user."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in known:
            return name
    pytest.skip("PostgreSQL does not run as root, and there is no user postgres or nobody")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _start(
    programs: Path,
    user: str | None,
    folder: Path,
    port: int,
    settings: Sequence[str],
    listen: str | None,
) -> None:
    secret = folder / "password"
    secret.write_text(PASSWORD)
    if user is not None:
        shutil.chown(secret, user)
    _run(
        user, folder, programs / "initdb", "-D", "data", "-U", USER, f"--pwfile={secret}",
        "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync",
    )  # fmt: skip
    if listen is not None:
        with (folder / "data" / "pg_hba.conf").open("a") as file:
            file.write(f"host all all {listen} scram-sha-256\n")
    address = "127.0.0.1" if listen is None else "'*'"
    places = f"-c listen_addresses={address} -c unix_socket_directories=''"
    options = f"-p {port} {' '.join(settings)} {places}"
    pg_ctl = programs / "pg_ctl"
    _run(user, folder, pg_ctl, "start", "-D", "data", "-w", "-l", "server.log", "-o", options)


def _run(user: str | None, folder: Path, *command: object) -> None:
    """Run a program of PostgreSQL in `folder`; an error has its output."""
    other = {} if user is None else {"user": user, "group": _group(user), "extra_groups": []}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # the server inherits it: a pipe would never end
        stderr=subprocess.PIPE if command[1] != "start" else subprocess.DEVNULL,
        text=True,
        timeout=120,
        check=False,
        **other,
    )
    assert done.returncode == 0, f"{command}: {done.stderr}"


def _group(user: str) -> int:
    return pwd.getpwnam(user).pw_gid
