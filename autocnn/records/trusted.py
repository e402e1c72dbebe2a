"""Databases and clusters that the user has named here; a received study may name any other one.

A connection sends a password, and the first one makes tables; so a command connects to a database
that a study.toml names only if OPTUNA_STORAGE has it, or if it is on the list of this user. An
option --storage and `--trust` put it there. A Ray cluster is put there by --ray-address.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from autocnn.errors import SettingsError
from autocnn.files import cache_root, write_atomic
from autocnn.records.database_url import STORAGE_VARIABLE, absolute_url, public_url

AUTO = "auto"  # the address of the cluster that this machine is a node of
CLUSTER = "ray://"  # begins the line of a Ray cluster
MOST_BYTES = 1 << 20  # of the list


def refuse_unnamed(url: str, where: str) -> None:
    """Raise SettingsError, which begins with `where`, if the user has not named the database."""
    if not is_named(url):
        raise SettingsError(
            f"{where}: names the database {public_url(url)}, which was not named on this machine "
            f"before; if you trust it, give --trust to `autocnn show`, or --storage to begin a "
            f"study, or set {STORAGE_VARIABLE} to it"
        )


def is_named(url: str) -> bool:
    """True if OPTUNA_STORAGE or the list has the database; the password does not count."""
    wanted, outside = _key(url), os.environ.get(STORAGE_VARIABLE, "")
    return wanted == _key(outside) or wanted in _listed()


def remember_named(url: str) -> None:
    """Put the database on the list, without its password.

    Raises: RecordError if the list cannot be written.
    """
    _remember(_key(url))


def _remember(line: str) -> None:
    listed = _listed()
    if line in listed:
        return
    path = _list_file()
    with suppress(OSError):  # `write_atomic` raises the error that is shown
        path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, "".join(f"{each}\n" for each in [*listed, line]))


def refuse_unnamed_cluster(address: str, where: str) -> None:
    """Raise SettingsError, which begins with `where`, if the user has not named the Ray cluster.

    A cluster runs code in the processes that connect to it.
    """
    if address != AUTO and f"{CLUSTER}{address}" not in _listed():
        raise SettingsError(
            f"{where}: names the Ray cluster {address}, which was not named on this machine "
            f"before; if you trust it, give --ray-address {address}"
        )


def remember_cluster(address: str) -> None:
    """Put the Ray cluster on the list; `auto`, the one of this machine, needs none.

    Raises: RecordError if the list cannot be written.
    """
    if address != AUTO:
        _remember(f"{CLUSTER}{address}")


def _key(url: str) -> str:
    return public_url(absolute_url(url))


def _listed() -> list[str]:
    try:
        with _list_file().open("rb") as file:
            return file.read(MOST_BYTES).decode("utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _list_file() -> Path:
    return cache_root() / "trusted-databases.txt"
