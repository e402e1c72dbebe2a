"""The settings of a study as a TOML file: study.toml, and the file of `--config`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autocnn.errors import SettingsError, did_you_mean
from autocnn.input_files import parse_toml, read_text
from autocnn.records.study_settings import (
    INTEGER_BITS,
    SETTINGS,
    StudySettings,
    check_value,
    public_settings,
    setting_types,
    shown_value,
)


def settings_to_toml(settings: StudySettings) -> str:
    """The text of study.toml: `settings` without a password and without values that are None."""
    given = public_settings(settings).items()
    lines = [f"{key} = {_toml_value(value)}" for key, value in given if value is not None]
    return "\n".join(["# autocnn search --config FILE reads this file", *lines, ""])


def settings_from_toml(text: str, where: str) -> dict[str, Any]:
    """The settings in the text of the file `where`, by the field names of `StudySettings`.

    Raises: SettingsError, naming file and key, on an unknown key or a wrong value.
    """
    return settings_from_table(_parse(text, where), where)


def settings_from_table(
    table: Mapping[str, Any], where: str, others: Sequence[str] = ()
) -> dict[str, Any]:
    """The settings in the table of the file `where`; an error lists `others` as known keys too.

    Raises: SettingsError, naming file and key, on an unknown key or a wrong value.
    """
    settings: dict[str, Any] = {}
    for key, value in table.items():
        if key not in SETTINGS:
            known = ", ".join([*SETTINGS, *others])
            hint = did_you_mean(key, [*SETTINGS, *others])
            raise SettingsError(f"{where}: {key}: unknown setting; {hint}known: {known}")
        settings[key] = _convert(f"{where}: {key}", key, value)
        check_value(f"{where}: {key}", key, settings[key])
    return settings


def read_settings(path: Path) -> dict[str, Any]:
    """The settings in the TOML file `path`.

    Raises: SettingsError if it cannot be read or a setting is wrong.
    """
    return settings_from_table(read_table(path), str(path))


def read_table(path: Path, option: str = "") -> dict[str, Any]:
    """The table in the TOML file `path`, with any keys; `option` precedes the path in errors.

    Raises: SettingsError if it cannot be read.
    """
    try:
        text = read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{option}{path}: cannot be read as UTF-8 text: {error}") from None
    return _parse(text, str(path))


def _parse(text: str, where: str) -> dict[str, Any]:
    """The table in `text`.

    Raises: SettingsError if it is not TOML, or if an integer is too large to become a float.
    """
    try:
        table = parse_toml(text)
    except ValueError as error:
        raise SettingsError(f"{where}: not a TOML file: {error}") from None
    for key, value in table.items():
        if type(value) is int and value.bit_length() > INTEGER_BITS:
            raise SettingsError(
                f"{where}: {key} must be an integer of at most {INTEGER_BITS} bits, got one of "
                f"{value.bit_length()}"
            )
    return table


_KIND_NAMES = {int: "an integer", float: "a number", str: "a string", bool: "true or false"}


def _convert(label: str, key: str, value: Any) -> Any:
    """The TOML value `value` of the setting `key`; an integer may stand for a float."""
    kind = setting_types()[key]
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise SettingsError(f"{label} must be {_KIND_NAMES[kind]}, got {shown_value(key, value)}")
    return value


def _toml_value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):  # JSON's escapes are TOML's, but for the delete character
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)
