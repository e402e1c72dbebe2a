"""`StudySettings`: everything that a study was told, and its form as a TOML file."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any, get_type_hints

from autocnn.data.options import ImageOptions
from autocnn.errors import SettingsError
from autocnn.records.database_url import STORAGE_FORMS, absolute_url, is_storage_url, public_url
from autocnn.records.study_folder import is_study_name
from autocnn.space.plan import PLAN

ENGINES = ("optuna", "keras-tuner")
SAMPLERS = (
    "auto",
    "tpe",
    "random",
    "grid",
    "qmc",
    "cma-es",
    "gp",
    "nsga2",
    "evolution",
)  # of Optuna
TUNERS = ("hyperband", "bayesian", "random", "grid")  # of Keras Tuner
PRUNERS = ("auto", "halving", "hyperband", "median", "percentile", "none")
INTEGER_BITS = 64
PRECISIONS = ("auto", "float32", "bfloat16")


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySettings:
    """The resolved settings of a study.

    Raises: SettingsError on a value that is out of range, naming its option.
    """

    study: str  # its name, which is its folder's
    dataset: str = "digits"  # a name, or the whole path of one's own images
    image_size: str | None = None  # of one's own images; None: see data.options.choose_size
    skip_corrupt: bool = False  # leave out those of one's own images that cannot be read
    space: str = "cnn"
    engine: str = "optuna"
    sampler: str = "auto"  # of the engine optuna; what serves the space best
    tuner: str = "hyperband"  # of the engine keras-tuner
    pruner: str = "auto"  # what serves the engine and the sampler best
    trials: int | None = None  # at most so many; None: no limit
    time_budget_s: float | None = None  # wall seconds; None: no limit
    epochs: int | None = None  # of the longest trial; None: chosen for the device at the start
    seed: int = 0  # of the search and the training
    split_seed: int = 0
    results: str = "results"  # the folder of all studies
    storage: str | None = field(default=None, repr=False)  # URL of the record; None: a journal
    class_weights: bool = False  # in the loss rare classes count as much as common ones
    subset: int | None = None  # training images that are used; None: all
    max_params: int | None = None  # of a network; the space's own limit where that is lower
    max_macs: int | None = None  # of a network, for one image; likewise
    trial_timeout_s: float | None = None  # wall seconds of one trial; None: a share of the budget
    worker_memory_mb: int | None = None  # of the training process, in MiB; None: no limit
    workers: int | None = None  # training processes; None: as many as the machine feeds
    gpus: str | None = None  # such as "0,1": those that the workers share; None: all
    workers_per_gpu: int = 1
    recycle: int = 30  # trials after which a training process makes way for a new one
    max_consecutive_failures: int = 10  # after so many failed trials in a row the search ends
    precision: str = "auto"
    target: float | None = None  # the score at which the search ends
    recipes: bool = True  # known-good configurations come first
    created: str = ""  # ISO time in UTC; empty: not yet started

    @property
    def proposer(self) -> str:
        """The sampler or tuner that the engine proposes with."""
        return {"optuna": self.sampler, "keras-tuner": self.tuner}.get(self.engine, self.engine)

    def __post_init__(self) -> None:
        for f in fields(self):
            _check_value(option_name(f.name), f.name, getattr(self, f.name))


def option_name(key: str) -> str:
    """The option of `autocnn search` that sets `key`, as a person types it."""
    special = {
        "time_budget_s": "--time-budget",
        "trial_timeout_s": "--trial-timeout",
        "worker_memory_mb": "--worker-memory",
        "recipes": "--recipes/--no-recipes",
        "skip_corrupt": "--skip-corrupt/--no-skip-corrupt",
    }
    return special.get(key, "--" + key.replace("_", "-"))


def public_settings(settings: StudySettings) -> dict[str, Any]:
    """`settings` as they may be shown and stored: no password, the whole path of a database."""
    storage = None if settings.storage is None else public_url(absolute_url(settings.storage))
    return {**asdict(settings), "storage": storage}


def settings_to_toml(settings: StudySettings) -> str:
    """`settings` as the text of study.toml, without a password; what is None is left out."""
    given = public_settings(settings).items()
    lines = [f"{key} = {_toml_value(value)}" for key, value in given if value is not None]
    return "\n".join(["# autocnn search --config FILE reads this file", *lines, ""])


def settings_from_toml(text: str, where: str) -> dict[str, Any]:
    """The settings that the file `where` gives, by the field names of `StudySettings`.

    Raises: SettingsError, naming file and key, on an unknown key or a wrong value.
    """
    return settings_from_table(_parse(text, where), where)


def settings_from_table(
    table: Mapping[str, Any], where: str, others: Sequence[str] = ()
) -> dict[str, Any]:
    """The settings in the table that the file `where` holds; `others` are known there besides.

    Raises: SettingsError, naming file and key, on an unknown key or a wrong value.
    """
    kinds = get_type_hints(StudySettings)
    settings: dict[str, Any] = {}
    for key, value in table.items():
        if key not in kinds:
            known = ", ".join([*kinds, *others])
            raise SettingsError(f"{where}: {key}: unknown setting; known: {known}")
        settings[key] = _convert(f"{where}: {key}", kinds[key], value)
        _check_value(f"{where}: {key}", key, settings[key])
    return settings


def read_settings(path: Path, option: str = "") -> dict[str, Any]:
    """The settings in the TOML file `path`; `option` stands before it in errors.

    Raises: SettingsError if it cannot be read or a setting is wrong.
    """
    return settings_from_table(read_table(path, option), str(path))


def read_table(path: Path, option: str = "") -> dict[str, Any]:
    """What the TOML file `path` holds, whatever it says.

    Raises: SettingsError if it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{option}{path}: cannot be read as UTF-8 text: {error}") from None
    return _parse(text, str(path))


def _parse(text: str, where: str) -> dict[str, Any]:
    """The table in `text`; integers have 64 bits at most, so that each is a number too."""
    try:
        table = tomllib.loads(text)
    except ValueError as error:
        raise SettingsError(f"{where}: not a TOML file: {error}") from None
    for key, value in table.items():
        if type(value) is int and value.bit_length() > INTEGER_BITS:
            raise SettingsError(
                f"{where}: {key} must be an integer of at most {INTEGER_BITS} bits, got one of "
                f"{value.bit_length()}"
            )
    return table


def _is_created(text: str) -> bool:
    try:
        return text == "" or datetime.fromisoformat(text) is not None
    except ValueError:
        return False


def _one_of(choices: tuple[str, ...]) -> tuple[str, Callable[[Any], bool]]:
    return f"one of {', '.join(choices)}", lambda value: value in choices


def _at_least(low: int) -> tuple[str, Callable[[Any], bool]]:
    return f"at least {low}", lambda value: value >= low


_GPUS = re.compile(r"[\w-]+(,[\w-]+)*")  # numbers, or NVIDIA's long names
_NAMED = ("a name or a path", lambda value: value.strip() != "")
_IMAGE_SIZE = re.compile(r"0*[1-9]\d{0,3}(x0*[1-9]\d{0,3})?")

_RULES: dict[str, tuple[str, Callable[[Any], bool]]] = {  # what is expected, and its test
    "study": ("a plain folder name", is_study_name),
    "dataset": _NAMED,
    "image_size": (
        "a side such as 64, or HEIGHTxWIDTH such as 48x64",
        lambda value: _IMAGE_SIZE.fullmatch(value) is not None,
    ),
    "space": _NAMED,
    "engine": (_one_of(ENGINES)[0], lambda value: value in (*ENGINES, PLAN)),
    "sampler": _one_of(SAMPLERS),
    "tuner": _one_of(TUNERS),
    "pruner": _one_of(PRUNERS),
    "trials": _at_least(1),
    "time_budget_s": ("above 0 seconds", lambda value: 0 < value < math.inf),
    "trial_timeout_s": ("above 0 seconds", lambda value: 0 < value < math.inf),
    "max_params": _at_least(1),
    "max_macs": _at_least(1),
    "worker_memory_mb": _at_least(1),
    "max_consecutive_failures": _at_least(1),
    "workers": _at_least(1),
    "subset": _at_least(2),
    "gpus": ("GPU numbers such as 0,1", lambda value: _GPUS.fullmatch(value) is not None),
    "workers_per_gpu": _at_least(1),
    "recycle": _at_least(1),
    "epochs": _at_least(1),
    "seed": _at_least(0),
    "split_seed": _at_least(0),
    "results": _NAMED,
    "storage": (STORAGE_FORMS, is_storage_url),
    "precision": _one_of(PRECISIONS),
    "target": ("above 0 and at most 1", lambda value: 0 < value <= 1),
    "created": ("an ISO time", _is_created),
}


def _check_value(label: str, key: str, value: Any) -> None:
    if value is None or key not in _RULES:
        return
    expected, holds = _RULES[key]
    if not holds(value):
        raise SettingsError(f"{label} must be {expected}, got {_shown(label, value)}")


def _shown(label: str, value: Any) -> str:
    """`value` for an error: of a storage only what can be no password."""
    if not label.endswith("storage"):
        return repr(value)
    return repr(public_url(value)) if isinstance(value, str) else type(value).__name__


_KIND_NAMES = {int: "an integer", float: "a number", str: "a string", bool: "true or false"}


def _convert(label: str, kind: Any, value: Any) -> Any:
    """`value` as TOML gave it, made a float where one is meant."""
    base = next(k for k in _KIND_NAMES if k is kind or kind == k | None)
    if base is float and type(value) is int:
        return float(value)
    if type(value) is not base:
        raise SettingsError(f"{label} must be {_KIND_NAMES[base]}, got {_shown(label, value)}")
    return value


def _toml_value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):  # JSON's escapes are TOML's, but for the delete character
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)


def image_options(settings: StudySettings) -> ImageOptions:
    """How the settings want images of one's own to be read."""
    return ImageOptions(settings.image_size, settings.skip_corrupt)
