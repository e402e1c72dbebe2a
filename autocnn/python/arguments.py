"""The keyword arguments of `search`: the settings of a study, checked under their Python names."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from autocnn.api.settings_sources import NUMBERS_OR_TEXTS, SPELLINGS
from autocnn.errors import SettingsError, did_you_mean
from autocnn.python.wording import in_python
from autocnn.records.settings_file import settings_from_table
from autocnn.records.study_settings import SETTINGS, option_help, setting_types
from autocnn.records.units import parse_duration, parse_memory, parse_milliseconds

BASELINE = "baseline"
BASELINE_HELP = "Train a network from the literature as it was published (see autocnn baselines)."
_LISTS = ("warm_start", "gpus", "objective")  # whose text has commas between several values
_NUMBERED = {name: key for name, (key, _) in SPELLINGS.items()}  # time_budget: time_budget_s
_UNITS: dict[
    Callable[[str, str], float], tuple[str, str]
] = {  # an example of what a parser reads, and the unit of the number that it gives
    parse_duration: ("5m", "seconds"),
    parse_memory: ("4G", "MiB"),
    parse_milliseconds: ("5ms", "milliseconds"),
}
F = TypeVar("F", bound=Callable[..., Any])


def argument_names() -> list[str]:
    """The settings that are arguments: the fields of `StudySettings`, and texts such as "5m"."""
    return [*(key for key in SETTINGS if key != "created"), *SPELLINGS, BASELINE]


def read_arguments(arguments: Mapping[str, Any], function: str) -> dict[str, Any]:
    """The settings that `function` was called with, by field name; None leaves one out.

    Raises: SettingsError, naming the argument, for an unknown one and for a wrong value.
    """
    settings: dict[str, Any] = {}
    known = argument_names()
    for name, value in arguments.items():
        if name not in known:
            hint = did_you_mean(name, known)
            raise SettingsError(
                f"{function}() has no argument {name!r}; {hint}its settings are "
                f"{', '.join(sorted(known))}"
            )
        if value is None:
            continue
        key = _NUMBERED.get(name, name)
        if key in settings:
            raise SettingsError(
                f"{function}(): {name} and {key} are one setting; leave one of the two out"
            )
        settings[key] = _read(name, value, function)
    baseline = {BASELINE: settings.pop(BASELINE)} if BASELINE in settings else {}
    return {**settings_from_table(settings, f"{function}()"), **baseline}


def _read(name: str, value: Any, function: str) -> Any:
    """The value of a setting, from a text such as "5m", a number, or another spelling."""
    if name in SPELLINGS:
        return _parse(name, value, function)
    if name in NUMBERS_OR_TEXTS and isinstance(value, str):
        return NUMBERS_OR_TEXTS[name](value, f"{function}(): {name}")
    return _plain(name, value)


def _parse(name: str, value: Any, function: str) -> float:
    """The number that a text such as "5m" or "4G" stands for."""
    key, parse = SPELLINGS[name]
    if not isinstance(value, str):
        raise SettingsError(
            f"{function}(): {name} must be a text such as {_UNITS[parse][0]!r}, got {value!r}; "
            f"a number is given as {key}"
        )
    return parse(value, f"{function}(): {name}")


def _plain(name: str, value: Any) -> Any:
    """`value` as the type of the setting, if it is another spelling of it."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Path):
        return os.fspath(value)
    if name == "image_size" and type(value) is int:
        return str(value)
    if name == "image_size" and isinstance(value, Sequence) and not isinstance(value, str):
        return "x".join(map(str, value))
    if name in _LISTS and not isinstance(value, str):
        several = value if isinstance(value, Sequence) else (value,)
        return ",".join(map(str, several))
    return value


def takes_settings(only: Sequence[str] = ()) -> Callable[[F], F]:
    """Put the settings into the signature and the docstring of a function with `**settings`.

    So completion, `help` and documentation show them, from the one table that has them. `only`:
    those that the function takes; by default all.
    """

    def decorate(function: F) -> F:
        names = list(only) or argument_names()
        own = list(inspect.signature(function).parameters.values())
        kept = [each for each in own if each.kind is not inspect.Parameter.VAR_KEYWORD]
        taken = {each.name for each in kept}
        added = [_parameter(name) for name in names if name not in taken]
        function.__signature__ = inspect.Signature([*kept, *added])  # type: ignore[attr-defined]
        lines = "\n".join(f"    {name}: {_help(name)}" for name in names if name not in taken)
        function.__doc__ = f"{inspect.cleandoc(function.__doc__ or '')}\n\nSettings:\n{lines}\n"
        return function

    return decorate


def _parameter(name: str) -> inspect.Parameter:
    key = _NUMBERED.get(name, name)
    kind = str if name in (*SPELLINGS, BASELINE) else setting_types()[key]
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind | None
    )


def _help(name: str) -> str:
    if name == BASELINE:
        return BASELINE_HELP
    key = _NUMBERED.get(name, name)
    text = option_help(key)
    if key in _NUMBERED.values() and name == key:
        unit = _UNITS[SPELLINGS[_text_of(key)][1]][1]
        return f"The same as {_text_of(key)}, as a number of {unit}."
    return (
        in_python(text) if SETTINGS[key].help else "Training images that are used; by default all."
    )


def _text_of(key: str) -> str:
    return next(name for name, (other, _) in SPELLINGS.items() if other == key)
