"""`Setting`: what is known of a field of `StudySettings` besides its type and its default.

The options of the command line, their help, the environment variables, the reader of TOML files
and the check of the values all read it.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from autocnn.data.options import RESIZES
from autocnn.errors import SettingsError, did_you_mean
from autocnn.records.database_url import STORAGE_FORMS, is_storage_url

KEY = "setting"  # under which the metadata of a dataclass field hold its `Setting`
MAX_NAME_BYTES = 255  # of a file name, on all common file systems
MAX_FOLDS = 20
MAX_SEEDS = 1000  # of a plan or of finals: the list of trainings lies in memory
MAX_WORKERS = 1024  # processes of one machine, and of one GPU
MAX_FINALISTS = 10  # the weights of so many trials are kept


@dataclass(frozen=True, slots=True)
class Rule:
    """What a value must be."""

    expected: str  # as an error states it after "must be"
    holds: Callable[[Any], bool]
    choices: tuple[str, ...] = ()  # the values that an error and a help text list


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is known of one setting."""

    help: str = ""  # of its option, without choices and default; empty: there is no option
    rule: Rule | None = None
    option: str = ""  # of the command line; empty: two dashes and the field's name
    parse: Callable[[str, str], float] | None = None  # the value from a text such as "12m"
    changeable: bool = False  # an existing study may go on with another value


def about(help: str = "", rule: Rule | None = None, **others: Any) -> Mapping[str, Setting]:
    """The metadata of a dataclass field: a `Setting` with these fields."""
    return {KEY: Setting(help=help, rule=rule, **others)}


def either(names: Iterable[str]) -> str:
    """The names as a text lists them: "a, b or c"."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def one_of(choices: Iterable[str], hidden: tuple[str, ...] = ()) -> Rule:
    """The rule that a value is among `choices`, or among `hidden`, which no text lists."""
    listed = tuple(choices)
    allowed = (*listed, *hidden)  # no set: a value of a file may be a table
    return Rule(f"one of {', '.join(listed)}", lambda value: value in allowed, listed)


def check_choice(option: str, value: object, choices: Iterable[str]) -> None:
    """Raise SettingsError, naming `option`, unless `value` is one of `choices`."""
    rule = one_of(choices)
    if not rule.holds(value):
        guess = did_you_mean(value, rule.choices).strip() if isinstance(value, str) else ""
        raise SettingsError(
            f"{option} must be {rule.expected}, got {value!r}{f'; {guess}' if guess else ''}"
        )


def check_seeds(n: int) -> None:
    """Raise SettingsError unless `n`, the repetitions of each training, is 1 to MAX_SEEDS."""
    if not N_SEEDS.holds(n):
        raise SettingsError(f"--seeds must be {N_SEEDS.expected}, got {n}")


def at_least(low: int) -> Rule:
    """The rule that a number is `low` or larger."""
    return Rule(f"at least {low}", lambda value: value >= low)


def is_study_name(name: str) -> bool:
    """True if `name` can be a folder's name: not hidden, no separators, no odd characters."""
    plain = (
        len(name.encode()) <= MAX_NAME_BYTES
        and name.isprintable()
        and name == name.strip()
        and name != ""
    )
    return plain and not name.startswith(".") and not set(name) & set("/\\")


def listed_names(text: str) -> list[str]:
    """The names in a text such as "first, ../second", without the spaces around them."""
    return [name.strip() for name in text.split(",")]


def is_path(name: str) -> bool:
    """True if `name` of a study is the path of its folder: it has a separator, or begins with ~."""
    return os.sep in name or name.startswith("~")


def _is_time(text: str) -> bool:
    try:
        return text == "" or datetime.fromisoformat(text) is not None
    except ValueError:
        return False


_GPUS = re.compile(r"[\w/-]+(,[\w/-]+)*")  # numbers, or NVIDIA's identifiers
_CLUSTER = re.compile(r"auto|(\[[0-9A-Fa-f:.]+\]|[\w.-]+):\d{1,5}", re.ASCII)
_IMAGE_SIZE = re.compile(r"0*[1-9]\d{0,3}(x0*[1-9]\d{0,3})?")

STUDY_NAME = Rule("a plain folder name", is_study_name)
NAME_OR_PATH = Rule("a name or a path", lambda value: value.strip() != "")
STUDIES = Rule("names of studies with commas between them", lambda value: all(listed_names(value)))
SECONDS = Rule("above 0 seconds", lambda value: 0 < value < math.inf)
POSITIVE = Rule("above 0", lambda value: 0 < value < math.inf)
STORAGE = Rule(STORAGE_FORMS, is_storage_url)
TIME = Rule("an ISO time", _is_time)
FOLDS = Rule(f"1 to {MAX_FOLDS}", lambda value: 1 <= value <= MAX_FOLDS)
FINALS = Rule(f"1 to {MAX_FINALISTS}", lambda value: 1 <= value <= MAX_FINALISTS)
N_SEEDS = Rule(f"1 to {MAX_SEEDS}", lambda value: 1 <= value <= MAX_SEEDS)
N_WORKERS = Rule(f"1 to {MAX_WORKERS}", lambda value: 1 <= value <= MAX_WORKERS)
PER_GPU = Rule(f"auto, or 1 to {MAX_WORKERS}", lambda value: 0 <= value <= MAX_WORKERS)  # 0: auto
HORIZONS = Rule("1 or 2", lambda value: value in (1, 2))
GPUS = Rule("GPU numbers such as 0,1", lambda value: _GPUS.fullmatch(value) is not None)
CLUSTER = Rule(
    "auto or HOST:PORT, such as 10.0.0.1:6379", lambda value: _CLUSTER.fullmatch(value) is not None
)
GPU_SHARE = Rule(
    "0 to 1, such as 0.25, or a whole number",
    lambda value: 0 <= value <= 1 or (0 < value <= MAX_WORKERS and value == int(value)),
)
RESIZE = Rule(either(RESIZES), lambda value: value in RESIZES, RESIZES)
IMAGE_SIZE = Rule(
    "a side such as 64, or HEIGHTxWIDTH such as 48x64",
    lambda value: _IMAGE_SIZE.fullmatch(value) is not None,
)
