"""The URLs of databases that may hold a study, and their public form, which has no password."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, unquote_plus

STORAGE_VARIABLE = "OPTUNA_STORAGE"  # of the environment; Optuna's own command reads it too
STORAGE_FORMS = (
    "sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE "
    "(with special characters as %40 and the like)"
)

_SQLITE = re.compile(r"sqlite:///(?P<file>[^?]+)")
# Stricter than SQLAlchemy, so that there is no doubt where a password ends.
_POSTGRES = re.compile(
    r"(?P<scheme>postgresql\+psycopg://)"
    r"((?P<user>[^:/?#@]*)(:[^/?#@]*)?@)?"
    r"(?P<place>(\[[^]/?#@]*\]|[^:/?#@]*)(:\d+)?/[^/?#@]+)"
    r"(\?(?P<query>[^#@]*))?"
)
_SECRETS = ("password", "sslpassword")  # options of libpq that may stand behind the question mark


def is_storage_url(text: str) -> bool:
    """True for the URL of a database that can hold a study."""
    match = _SQLITE.fullmatch(text)
    if match is not None:
        return text.isprintable() and unquote(match["file"]) != ":memory:"
    return text.isprintable() and _POSTGRES.fullmatch(text) is not None


def public_url(text: str) -> str:
    """`text` without its password; where it is no such URL, only what can be none."""
    match = _POSTGRES.fullmatch(text)
    if match is None:
        return text if _SQLITE.fullmatch(text) else _beginning(text)
    options = (match["query"] or "").split("&")
    public = [each for each in options if unquote_plus(each.partition("=")[0]) not in _SECRETS]
    user = f"{match['user']}@" if match["user"] else ""
    query = f"?{'&'.join(public)}" if any(public) else ""
    return f"{match['scheme']}{user}{match['place']}{query}"


def with_password(url: str, environment: Mapping[str, str]) -> str:
    """`url`, where it has no password with that of the same URL in OPTUNA_STORAGE."""
    other = environment.get(STORAGE_VARIABLE, "")
    return other if public_url(other) == url else url


def absolute_url(url: str) -> str:
    """`url`, with the whole path of an SQLite file: the study is found from any folder."""
    path = sqlite_file(url)
    if path is None:
        return url
    return f"sqlite:///{path}".replace("%", "%25").replace("?", "%3F")


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite database, as a whole path; None for a server."""
    match = _SQLITE.fullmatch(url)
    return None if match is None else Path(os.path.abspath(unquote(match["file"])))


def _beginning(text: str) -> str:
    scheme = re.match(r"[\w+.-]*(://|[:=])", text)
    if scheme is not None:
        return f"{scheme[0]}..."
    return "..." if "@" in text else text
