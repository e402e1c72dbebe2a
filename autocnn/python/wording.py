"""Errors in the words of Python: arguments instead of options, calls instead of commands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from autocnn.errors import AutocnnError
from autocnn.records.study_settings import SETTINGS, option_name, setting_types

_COMMAND = re.compile(r"`autocnn (search|resume|ablate|compare|evaluate)((?: [^`]*)?)`")
_OPTION = re.compile(r"(?<![\w-])--([a-z][a-z-]*)")
_OTHERS = {  # names that differ
    "output": "path",
    "factors": "factors",
    "baseline": "baselines",
    "watch-port": "watch",
}
_KIND = re.compile(r"^KIND must")


def in_python(text: str) -> str:
    """`text`, which may name options and commands of the command line, for a caller in Python.

    >>> in_python("--time-budget must be above 0 seconds; `autocnn resume mine` goes on")
    "time_budget must be above 0 seconds; `autocnn.resume('mine')` goes on"
    """
    text = _KIND.sub("kind must", _COMMAND.sub(_call, text))
    return _OPTION.sub(_argument, text)


@contextmanager
def python_errors() -> Iterator[None]:
    """An error of autocnn that leaves the block names arguments of Python."""
    try:
        yield
    except AutocnnError as error:
        if len(error.args) == 1 and isinstance(error.args[0], str):
            error.args = (in_python(error.args[0]),)
        raise


def _call(match: re.Match[str]) -> str:
    """A command such as `autocnn resume mine` as a call."""
    name, rest = match.groups()
    try:
        words = shlex.split(rest)
    except ValueError:
        words = []
    arguments: list[str] = []
    while words:
        word = words.pop(0)
        if not word.startswith("--"):
            arguments.append(repr(word))
        elif words:
            arguments.append(f"{word[2:].replace('-', '_')}={words.pop(0)!r}")
    return f"`autocnn.{name}({', '.join(arguments)})`"


def _argument(match: re.Match[str]) -> str:
    """An option as an argument; one that switches something on or off with its value."""
    option = match[1]
    for key in SETTINGS:
        yes, _, no = option_name(key).partition("/")
        if setting_types()[key] is bool and f"--{option}" in (yes, no):
            return f"{key}={f'--{option}' == yes}"
    return _OTHERS.get(option, option.replace("-", "_"))
