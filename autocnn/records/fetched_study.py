"""A study that is fetched from its database: a worker on another machine needs no shared folder.

The search puts the text of its study.toml and of its space on record. `fetch_study` writes both to
a folder of this machine, with the file `.joined`, by which the folder is known for one that only
trains: its checkpoints and weights are this machine's own, and the search ends elsewhere.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from pathlib import Path

import optuna

from autocnn.errors import StudyError, did_you_mean
from autocnn.files import write_atomic
from autocnn.records.database import (
    CREATED,
    check_file,
    database_errors,
    find_named,
    open_database,
)
from autocnn.records.database_url import absolute_url, public_url, with_password
from autocnn.records.settings_file import read_settings, settings_from_toml, settings_to_toml
from autocnn.records.study_folder import StudyPaths, claim_folder
from autocnn.records.study_settings import StudySettings
from autocnn.records.trusted import remember_named

ORIGIN = "origin"  # the user attribute of a study: the texts of its study.toml and its space
_SETTINGS = "study.toml"
_SPACE = "space.toml"
OWN = frozenset(  # settings that are each machine's own
    (
        "results",
        "storage",
        "worker_memory_mb",
        "workers",
        "executor",
        "ray_address",
        "cpus_per_trial",
        "gpus_per_trial",
        "gpus",
        "workers_per_gpu",
        "recycle",
    )
)


def write_origin(study: optuna.Study, settings: StudySettings, space: str) -> None:
    """Put the settings and the text of the space on record, if they are not there yet."""
    texts = {_SETTINGS: settings_to_toml(settings), _SPACE: space}
    if study.user_attrs.get(ORIGIN) != texts:
        study.set_user_attr(ORIGIN, texts)


def fetch_study(results: Path, name: str, url: str) -> StudyPaths:
    """The folder of study `name`, fetched from the database unless its search has it here.

    What changed since an earlier fetch, such as the number of trials, is fetched again.
    Raises: StudyError if the database has no such study, or if the folder is another study's;
    RecordError if the database cannot be reached or the folder cannot be written.
    """
    paths = StudyPaths(results / name)
    if paths.exists and not paths.is_joined:
        return paths
    url = with_password(absolute_url(url), os.environ)
    texts = _read_origin(name, url)
    stored = settings_from_toml(texts[_SETTINGS], f"study {name} in {public_url(url)}")
    kept = {key: value for key, value in stored.items() if key not in OWN}
    settings = StudySettings(**{**kept, "study": name, "results": str(results), "storage": url})
    _refuse_other(paths, settings)
    paths = claim_folder(results, name)
    if not paths.is_joined:
        write_atomic(paths.joined, f"{uuid.uuid4().hex[:8]}\n")
    write_atomic(paths.study_toml, settings_to_toml(settings))
    write_atomic(paths.space_toml, texts[_SPACE])
    remember_named(url)
    return paths


def _read_origin(name: str, url: str) -> Mapping[str, str]:
    place = public_url(url)
    check_file(url)
    storage = open_database(url, creates=False)
    with database_errors(url, f"study {name} cannot be fetched"):
        study = find_named(storage, name)
        if study is None:
            known = [each for each in optuna.get_all_study_names(storage) if "(" not in each]
            listed = f"; known: {', '.join(sorted(known))}" if known else ""
            hint = did_you_mean(name, known)
            raise StudyError(f"no study named {name!r} in {place}{listed}{'; ' * bool(hint)}{hint}")
        texts = study.user_attrs.get(ORIGIN)
        created = study.user_attrs.get(CREATED)
    if created is None:
        raise StudyError(f"study {name} in {place} was not made by autocnn; give another name")
    if not isinstance(texts, dict) or {_SETTINGS, _SPACE} - texts.keys():
        raise StudyError(f"study {name} is just being started; try again in a minute")
    return texts


def _refuse_other(paths: StudyPaths, settings: StudySettings) -> None:
    """Raise StudyError if the folder was fetched for an earlier study of the same name."""
    if paths.exists and read_settings(paths.study_toml).get("created") != settings.created:
        raise StudyError(
            f"{paths.root}: was fetched for an earlier study {paths.name}; delete the folder, or "
            "give another --results"
        )
