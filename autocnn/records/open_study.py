"""A study that is opened once: one handle gives its paths, settings, space, facts and record."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autocnn.errors import RecordError, SettingsError, SpaceError, StudyError, did_you_mean
from autocnn.records.choices import PLAN
from autocnn.records.database_url import absolute_url, with_password
from autocnn.records.setting import is_study_name
from autocnn.records.settings_file import read_table, settings_from_table
from autocnn.records.study_folder import StudyPaths, read_space_text
from autocnn.records.study_settings import StudySettings
from autocnn.records.trusted import refuse_unnamed
from autocnn.space.space import SearchSpace
from autocnn.space.toml import parse_space

if TYPE_CHECKING:  # the functions that need it import it: most commands do without Optuna
    import optuna

    from autocnn.records.facts import Facts
    from autocnn.records.trial_record import TrialRecord


@dataclass(frozen=True)
class _SettingsFile:
    """A study.toml, which is read once."""

    path: Path

    @cached_property
    def table(self) -> dict[str, Any] | SettingsError:
        """The table of the file, empty if there is no file; or why it cannot be read."""
        if not os.path.isfile(self.path):
            return {}
        try:
            return read_table(self.path)
        except SettingsError as error:
            return error


@dataclass(frozen=True, kw_only=True)
class OpenStudy:
    """A study on disk, or the place of a new one; `open_folder` makes it.

    Each file is read when it is first needed, and once: what another process writes later is not
    seen. An attribute raises SettingsError if study.toml is damaged, RecordError if another file
    is.
    """

    paths: StudyPaths
    file: _SettingsFile
    given_storage: str | None = None  # URL of the database, with a password

    @property
    def name(self) -> str:
        """The study's name, which is the name of its folder."""
        return self.paths.name

    @property
    def exists(self) -> bool:
        """True if the folder holds a study."""
        return self.paths.exists

    @cached_property
    def stored(self) -> Mapping[str, Any]:
        """The settings that study.toml gives, by field name; none of a new study."""
        table = self.file.table
        if isinstance(table, SettingsError):
            raise table
        return settings_from_table(table, str(self.paths.study_toml))

    @cached_property
    def settings(self) -> StudySettings:
        """The settings of the study, under the name of its folder."""
        return StudySettings(**{**self.stored, "study": self.name})

    @cached_property
    def recorded(self) -> StudySettings:
        """The settings by which the record is found.

        The name is that of study.toml, even if the folder was renamed; the storage is the URL that
        was given, or that of study.toml, with the password that the environment has.
        Raises: SettingsError if study.toml names a database that the user has not named.
        """
        name = str(self.stored.get("study", self.name))
        storage = self.given_storage or self.settings.storage
        if storage is not None and self.given_storage is None:
            refuse_unnamed(storage, str(self.paths.study_toml))
        if storage is not None:
            storage = with_password(absolute_url(storage), os.environ)
        return replace(self.settings, study=name, storage=storage)

    @property
    def is_plan(self) -> bool:
        """True if the trainings are fixed, as in a comparison; False if study.toml is damaged."""
        table = self.file.table
        return not isinstance(table, SettingsError) and table.get("engine") == PLAN

    @property
    def created(self) -> datetime:
        """When the study was created, by study.toml; else when that file was written."""
        table = self.file.table
        text = "" if isinstance(table, SettingsError) else str(table.get("created"))
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return datetime.fromtimestamp(self.paths.study_toml.stat().st_mtime, UTC)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)

    @cached_property
    def space(self) -> SearchSpace:
        """The search space of the study, with the batch of its settings; SpaceError if damaged."""
        batch = self.settings.batch_size
        return self.stated_space if batch is None else self.stated_space.with_batch(batch)

    @cached_property
    def stated_space(self) -> SearchSpace:
        """The search space in the file that the study keeps; SpaceError if it is damaged."""
        path = Path(self.settings.space)
        return parse_space(
            read_space_text(self.paths),
            name=path.stem if path.suffix == ".toml" else self.settings.space,
            where=str(self.paths.space_toml),
        )

    @cached_property
    def record(self) -> optuna.Study:
        """The study in Optuna's storage, to be read only.

        Raises: StudyError if there is none, or one of another version; RecordError if it cannot be
        read.
        """
        from autocnn.records.optuna_record import open_study, silence_optuna

        silence_optuna()
        return open_study(self.paths, self.recorded, writes=False)

    @cached_property
    def facts(self) -> Facts | None:
        """What the study found out when it was created, or None before; raises as `record` does."""
        from autocnn.records.database import database_errors
        from autocnn.records.optuna_record import read_study_facts

        record = self.record
        with database_errors(self.recorded.storage, f"study {self.name} cannot be read"):
            return read_study_facts(record)

    def read_trials(self) -> list[TrialRecord]:
        """Every trial on record now, by number; raises as `record` does."""
        from autocnn.records.database import database_errors
        from autocnn.records.optuna_record import read_records

        record = self.record
        with database_errors(self.recorded.storage, f"study {self.name} cannot be read"):
            return read_records(record, space=self._readable_space())

    def _readable_space(self) -> SearchSpace | None:
        """The space, or None if it is damaged: the trials are read without it, too."""
        try:
            return self.space
        except (SpaceError, RecordError):
            return None

    def refuse_renamed(self) -> None:
        """Raise StudyError if the folder was renamed and the record, in a database, was not."""
        from autocnn.records.database import refuse_renamed

        if self.recorded.storage is not None:
            refuse_renamed(self.recorded.storage, self.paths, self.recorded.study)


def open_folder(root: Path, storage: str | None = None) -> OpenStudy:
    """The study in the folder `root`, or the place of a new one; nothing is read yet.

    `storage` is the URL of its database, if it needs a password, which study.toml does not keep.
    """
    paths = StudyPaths(root)
    return OpenStudy(paths=paths, file=_SettingsFile(paths.study_toml), given_storage=storage)


def list_studies(results: Path) -> list[OpenStudy]:
    """The studies below `results`, oldest first; none if there is no such folder.

    Raises: RecordError if the folder cannot be read.
    """
    if not os.path.isdir(results):
        return []
    try:
        folders = (StudyPaths(path) for path in results.iterdir() if path.is_dir())
        studies = [open_folder(paths.root) for paths in folders if paths.exists]
        return sorted(studies, key=lambda study: (study.created, study.name))
    except OSError as error:
        raise RecordError(f"{results}: cannot be read ({error.strerror})") from error


def find_study(results: Path, name: str | None = None) -> OpenStudy:
    """The study called `name`, or the latest search; a comparison is no search.

    Raises: StudyError if there is none; the text names those that there are.
    """
    if not os.path.isdir(results):
        raise StudyError(f"{results}: there is no such folder; `autocnn search` starts a study")
    if name is not None and is_study_name(name) and StudyPaths(results / name).exists:
        return open_folder(results / name)
    studies = list_studies(results)
    if not studies:
        raise StudyError(f"{results}: holds no study yet; `autocnn search` starts one")
    known = ", ".join(study.name for study in studies)
    if name is not None:
        hint = did_you_mean(name, [study.name for study in studies])
        wrong = " (it is a file, and a study is expected)" if os.path.isfile(name) else ""
        raise StudyError(f"no study named {name!r} in {results}{wrong}; {hint}known: {known}")
    searches = [study for study in studies if not study.is_plan]
    if not searches:
        raise StudyError(f"{results}: holds comparisons only; name one of them: {known}")
    return searches[-1]
