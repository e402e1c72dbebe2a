"""Where a study's settings come from: options, a file, the study continued, defaults."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autocnn.api.spaces import baseline_settings
from autocnn.data.catalog import list_datasets
from autocnn.errors import SettingsError
from autocnn.records.choices import ENGINES, EXECUTORS
from autocnn.records.database_url import (
    STORAGE_FORMS,
    STORAGE_VARIABLE,
    absolute_url,
    is_storage_url,
    public_url,
    with_password,
)
from autocnn.records.open_study import OpenStudy, find_study, open_folder
from autocnn.records.setting import check_choice, is_path, is_study_name, listed_names
from autocnn.records.settings_file import read_table, settings_from_table
from autocnn.records.study_settings import SETTINGS, StudySettings, option_key, option_name
from autocnn.records.trusted import refuse_unnamed, refuse_unnamed_cluster
from autocnn.space.library import baseline_names

DEFAULT_BUDGET_S = {"digits": 120.0}
OTHER_BUDGET_S = 900.0
# The settings that a file may also give as the text of their option: setting and parser by key.
SPELLINGS: dict[str, tuple[str, Callable[[str, str], float]]] = {
    option_key(key): (key, setting.parse)
    for key, setting in SETTINGS.items()
    if setting.parse is not None and option_key(key) != key
}
# The settings that a file gives as a number, or as the text of their option, under one name.
NUMBERS_OR_TEXTS = {
    key: setting.parse
    for key, setting in SETTINGS.items()
    if setting.parse is not None and option_key(key) == key
}
NOT_FROM_A_FILE = ("study", "created", "baseline")


def read_config(path: Path) -> dict[str, Any]:
    """The settings in the TOML file `path`, by the names of study.toml or of the options.

    Raises: SettingsError if it cannot be read or a setting is wrong.
    """
    table, where = read_table(path, "--config "), str(path)
    baseline = _read_baseline(table, where)
    for name, (key, parse) in SPELLINGS.items():
        if name in table and key in table:
            raise _two_for_one(where, name, key, "one setting")
        if name in table:
            table[key] = parse(str(table.pop(name)), f"{where}: {name}")
    for name, parse in NUMBERS_OR_TEXTS.items():
        if isinstance(table.get(name), str):
            table[name] = parse(table[name], f"{where}: {name}")
    return {**settings_from_table(table, where, ("baseline", *SPELLINGS)), **baseline}


def _read_baseline(table: dict[str, Any], where: str) -> dict[str, str]:
    """Take the baseline out of the table of a file; empty if the file names none."""
    if "baseline" not in table:
        return {}
    if "space" in table:
        raise _two_for_one(where, "baseline", "space", "two spaces")
    check_choice(f"{where}: baseline", table["baseline"], tuple(baseline_names()))
    return {"baseline": table.pop("baseline")}


def _two_for_one(where: str, one: str, other: str, what: str) -> SettingsError:
    return SettingsError(f"{where}: {one} and {other} are {what}; leave one of the two out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The settings of a command, and the study that they are for: one on disk, or a new one."""

    settings: StudySettings
    study: OpenStudy


def resolve_settings(given: Mapping[str, Any], config: Mapping[str, Any]) -> StudySettings:
    """The settings that `resolve` finds, without the study."""
    return resolve(given, config).settings


def resolve(given: Mapping[str, Any], config: Mapping[str, Any]) -> Resolved:
    """Settings from those given, those of a file, those of the study continued, and defaults.

    `baseline` is no setting: it gives the space, and defaults of its own. That of the file counts
    unless a space or a baseline is given.
    Raises: SettingsError if the study on disk was made with other settings.
    """
    if "baseline" in config and not given.keys() & {"baseline", "space"}:
        given = {**given, "baseline": config["baseline"]}
    given, defaults = _with_baseline(given)
    from_file = {key: value for key, value in config.items() if key not in NOT_FROM_A_FILE}
    wanted = {**from_file, **given}
    if "dataset" in wanted:
        wanted["dataset"] = absolute_dataset(str(wanted["dataset"]))
    if "warm_start" in wanted:
        wanted["warm_start"] = absolute_studies(str(wanted["warm_start"]))
    name = str(wanted.get("study") or _new_name({**defaults, **wanted}))
    StudySettings(study=name)  # a wrong name is refused before a folder of that name is looked for
    results = str(wanted.get("results", "results"))
    study = open_folder(Path(results) / name)
    wanted = {**wanted, "study": name, "results": results}
    return Resolved(settings=_settings_of(study, defaults, wanted, given), study=study)


def resume(results: Path, name: str | None, given: Mapping[str, Any]) -> Resolved:
    """The study `name`, or the latest one, and its settings with those that were given.

    Raises: StudyError if there is no such study.
    """
    study = find_study(results, name)
    wanted = {**given, "study": study.name, "results": str(results)}
    return Resolved(settings=_settings_of(study, {}, wanted, given), study=study)


def resume_worker(results: Path, name: str | None, given: Mapping[str, Any]) -> Resolved:
    """What `resume` finds; a study whose folder is elsewhere is fetched from its database.

    The database is that of `given`, or of OPTUNA_STORAGE. Without a name, or without a database,
    the study must be in `results`.
    Raises: StudyError if there is no such study; RecordError if the database cannot be reached.
    """
    url = given.get("storage") or os.environ.get(STORAGE_VARIABLE)
    if name is not None and url is not None and is_study_name(name) and is_storage_url(url):
        from autocnn.records.fetched_study import fetch_study  # it imports Optuna

        fetch_study(results, name, url)
    return resume(results, name, given)


def _new_name(wanted: Mapping[str, Any]) -> str:
    """The name of a new study: its data set and the time."""
    stem = re.sub(r"\W+", "-", dataset_stem(str(wanted.get("dataset", "digits")))).strip("-")[:100]
    return f"{stem or 'study'}-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def _settings_of(
    study: OpenStudy,
    defaults: Mapping[str, Any],
    wanted: Mapping[str, Any],
    given: Mapping[str, Any],
) -> StudySettings:
    """The wanted settings, over those of the study, over `defaults`.

    `given` are the wanted ones of the command line.
    Raises: SettingsError if the study on disk was made with other settings.
    """
    storage = _find_storage(wanted, study.stored if study.exists else None, os.environ)
    if storage is not None and "storage" not in given:
        refuse_unnamed(storage, "--config" if "storage" in wanted else str(study.paths.study_toml))
    if storage is not None:
        wanted = {**wanted, "storage": storage}
    if study.exists:
        refuse_changes(study.name, study.stored, wanted)
    merged = {**defaults, **study.stored, **wanted}
    _refuse_other_executors(given, str(merged.get("executor", "local")))
    address = merged.get("ray_address")
    if merged.get("executor") == "ray" and address is not None and "ray_address" not in given:
        where = "--config" if "ray_address" in wanted else str(study.paths.study_toml)
        refuse_unnamed_cluster(str(address), where)
    _refuse_other_engines(given, str(merged.get("engine", "optuna")))
    merged.setdefault("created", datetime.now(UTC).isoformat(timespec="seconds"))
    if merged.get("trials") is None and merged.get("time_budget_s") is None:
        dataset = str(merged.get("dataset", "digits"))
        merged["time_budget_s"] = DEFAULT_BUDGET_S.get(dataset, OTHER_BUDGET_S)
    return StudySettings(**merged)


def absolute_dataset(dataset: str) -> str:
    """The name of a data set unchanged, the path of own images made absolute.

    So the study can be continued from any folder. A text that is neither is returned unchanged:
    reading the data raises the error.
    """
    path = os.path.expanduser(dataset)
    if any(info.name == dataset for info in list_datasets()) or not os.path.exists(path):
        return dataset
    return os.path.abspath(path)


def absolute_studies(text: str) -> str:
    """The studies that `--warm-start` names, with absolute paths in place of relative ones."""
    names = listed_names(text)
    paths = [os.path.abspath(os.path.expanduser(name)) for name in names]
    return ",".join(
        path if is_path(name) else name for name, path in zip(names, paths, strict=True)
    )


def dataset_stem(dataset: str) -> str:
    """The name of a data set, or the last part of a path without .npz or .parquet."""
    return re.sub(r"\.(npz|parquet)$", "", os.path.basename(dataset.rstrip(os.sep)), flags=re.I)


def _with_baseline(given: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """The given settings with the baseline's name as their space, and the baseline's defaults."""
    name = given.get("baseline")
    others = {key: value for key, value in given.items() if key != "baseline"}
    if name is None:
        return others, {}
    if "space" in given:
        raise SettingsError(
            f"--baseline {name} is a space of its own, and --space {given['space']} is another; "
            "leave one of the two out"
        )
    return {**others, "space": name}, baseline_settings(name)


def _find_storage(
    wanted: Mapping[str, Any], stored: Mapping[str, Any] | None, environment: Mapping[str, str]
) -> str | None:
    """The wanted storage, else that of the study, else, for a new study, OPTUNA_STORAGE.

    The path of an SQLite file becomes absolute. A password that the URL lacks is taken from
    OPTUNA_STORAGE if that names the same database.
    Raises: SettingsError if it is no URL of a database.
    """
    outside = environment.get(STORAGE_VARIABLE, "")
    if "storage" in wanted:
        url = wanted["storage"]
        StudySettings(study="x", storage=url)  # raises if it is no URL of a database
    elif stored is not None:
        url = stored.get("storage")
    else:
        url = outside or None
        if url is not None and not is_storage_url(url):
            raise SettingsError(
                f"{STORAGE_VARIABLE} must be {STORAGE_FORMS}, got {public_url(url)!r}; "
                "unset it, or give --storage"
            )
    return None if url is None else with_password(absolute_url(url), environment)


def _refuse_other_engines(given: Mapping[str, Any], engine: str) -> None:
    """Raise SettingsError for an option of another engine, which would have no effect."""
    for owner, key in ENGINES.items():
        if key in given and engine != owner:
            raise SettingsError(
                f"--{key} belongs to --engine {owner}, and the engine is {engine}; "
                f"leave it out or give --engine {owner}"
            )


def _refuse_other_executors(given: Mapping[str, Any], executor: str) -> None:
    """Raise SettingsError for an option of another executor, which would have no effect."""
    for owner, keys in EXECUTORS.items():
        for key in keys:
            if key in given and executor != owner:
                raise SettingsError(
                    f"{option_name(key)} belongs to --executor {owner}, and the executor is "
                    f"{executor}; leave it out or give --executor {owner}"
                )


def refuse_changes(name: str, stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raise SettingsError if a wanted setting differs from the one of study `name` on disk.

    Settings that may change from run to run are left out.
    """
    for key, value in wanted.items():
        before = stored.get(key, getattr(StudySettings(study=name), key))
        if key == "storage":  # a password is no part of a study
            before, value = _public(before), _public(value)
        if not SETTINGS[key].changeable and value != before:
            raise SettingsError(
                f"study {name} was made {_describe_change(key, before, value)}; "
                "leave the option out (from Python: give the study's own) to go on, or give "
                "another --study"
            )


def _public(storage: str | None) -> str | None:
    return None if storage is None else public_url(absolute_url(storage))


def _describe_change(key: str, before: Any, value: Any) -> str:
    """Both values as options of the command line."""
    if isinstance(before, bool):
        yes, no = option_name(key).split("/")
        return f"with {yes}, not {no}" if before else f"with {no}, not {yes}"
    if before is None:
        return f"without {option_name(key)}, not with {value}"
    return f"with {option_name(key)} {before}, not {value}"
