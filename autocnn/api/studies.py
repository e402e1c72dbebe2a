"""Looking at studies on disk: their trials and models."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autocnn.errors import RecordError, SettingsError, StudyError
from autocnn.files import write_atomic
from autocnn.quiet import load_keras
from autocnn.records.paths import StudyPaths, find_study
from autocnn.records.settings import StudySettings, read_settings
from autocnn.space.layers import Network, plan_network
from autocnn.space.space import SearchSpace
from autocnn.space.toml import parse_space

if TYPE_CHECKING:  # imported by the functions that need them: importing this module stays fast
    import pyarrow as pa

    from autocnn.nn.model import ImageSpec
    from autocnn.records.merged import StudyImages
    from autocnn.records.record import TrialRecord


MOST_NAMED = 20  # trials in an error


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyView:
    """A study on disk, for reading."""

    paths: StudyPaths
    space: SearchSpace
    facts: dict[str, Any]  # image_shape, class_names, horizon, fingerprint, ...
    records: list[TrialRecord]  # in rank order
    record_bytes: int | None = None  # of the journal, before they were read

    @property
    def leaderboard(self) -> pa.Table:
        """The leaderboard: the file, unless trials have ended since it was written.

        Raises: RecordError where the file is damaged.
        """
        from autocnn.records.leaderboard import build_leaderboard, read_leaderboard

        table = read_leaderboard(self.paths.leaderboard)
        states = Counter(str(record.state) for record in self.records)
        if Counter(table["state"].to_pylist()) == states:
            return table
        return build_leaderboard(self.records, self.space)

    @property
    def finals(self) -> dict[str, Any] | None:
        """What the finals measured, or None before them."""
        return read_finals(self.paths)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the images."""
        height, width, channels = self.facts["image_shape"]
        return int(height), int(width), int(channels)

    def network(self, record: TrialRecord) -> Network:
        """The layers of a trial."""
        return plan_network(record.config, self.image_shape, len(self.facts["class_names"]))

    def trial(self, number: int | None = None) -> TrialRecord:
        """Trial `number`, or the best one.

        Raises: StudyError if there is no such trial.
        """
        if number is None and self.records:
            return self.records[0]
        for record in self.records:
            if record.number == number:
                return record
        numbers = sorted(record.number for record in self.records)
        known = ", ".join(map(str, numbers)) or "none"
        if len(numbers) > MOST_NAMED:
            known = f"{len(numbers)}, numbered {numbers[0]} to {numbers[-1]}"
        wanted = "trial" if number is None else f"trial {number}"
        raise StudyError(f"study {self.paths.name} has no {wanted}; its trials: {known}")


def load_study(
    results: Path | str = "results", name: str | None = None, storage: str | None = None
) -> StudyView:
    """The study `name` below `results`, or the latest one.

    `storage` is the URL of its database, where study.toml's, which has no password, is not enough.
    Raises: StudyError if there is none; RecordError if its record cannot be read.
    """
    silence_optuna()
    from autocnn.records.database import database_errors
    from autocnn.records.leaderboard_file import record_bytes
    from autocnn.records.ranking import rank_trials
    from autocnn.records.storage import open_study, read_records, read_study_facts, record_url

    paths = find_study(Path(results), name)
    study = open_study(paths, storage)
    n_bytes = record_bytes(paths.journal)
    with database_errors(record_url(paths, storage), f"study {paths.name} cannot be read"):
        facts, records = read_study_facts(study), read_records(study)
    return StudyView(
        paths=paths,
        space=_stored_space(paths),
        facts=facts,
        records=rank_trials(records),
        record_bytes=n_bytes,
    )


def load_studies(results: Path | str = "results", names: Sequence[str] = ()) -> list[StudyView]:
    """The studies `names`, whose trials may be ranked together; the latest one where none is named.

    Raises: SettingsError for a name given twice, or where images or splits differ; as `load_study`.
    """
    from autocnn.records.merged import check_comparable

    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise SettingsError(f"study {twice[0]} is named twice; name each study once")
    views = [load_study(results, name) for name in names] or [load_study(results)]
    if len(views) > 1:
        check_comparable([_data_of(view) for view in views])
    return views


def export_model(view: StudyView, target: Path, trial: int | None = None) -> Path:
    """Write the shipped winner, or the network of `trial`, to `target`.

    Raises: SettingsError for an unknown file ending; StudyError without a model; RecordError if
    `target` cannot be written.
    """
    load_keras()
    from autocnn.export.formats import exporter_for

    export = exporter_for(target)
    if os.path.isdir(target) or not os.path.isdir(target.parent):
        raise RecordError(f"{target}: its folder does not exist, or it is a folder itself")
    if trial is None and view.paths.winner.is_file():
        write_atomic(target, view.paths.winner.read_bytes())
        return target
    record = view.trial(trial)
    weights = view.paths.weights(record.number)
    if not weights.is_file():
        raise StudyError(
            f"trial {record.number} ({record.state}) has no weights on disk; only the ten best "
            "complete and stopped trials keep theirs"
        )
    try:
        export(record.config, _image_spec(view), weights, target)
    except OSError as error:
        if isinstance(error, RecordError):
            raise
        raise RecordError(f"{target}: cannot be written ({error.strerror or error})") from error
    return target


def export_note(view: StudyView, trial: int | None = None) -> str:
    """What should be known of the model that `export_model` writes, or ""."""
    if trial is not None or not view.records or view.paths.is_plan:
        return ""
    name, best, finals = view.paths.name, view.records[0], view.finals
    if not view.paths.winner.is_file() or finals is None:
        return (
            f"study {name} has no finals: these are trial {best.number}'s own weights, neither "
            f"refitted nor tested (`autocnn resume {name}` does both)"
        )
    if finals["winner"] == best.number:
        return ""
    return (
        f"this is trial {finals['winner']}, tested before trial {best.number} was better: "
        f"`autocnn resume {name}` tests and ships that"
    )


def _stored_space(paths: StudyPaths) -> SearchSpace:
    name = str(read_settings(paths.study_toml).get("space", "cnn"))
    return parse_space(read_space_text(paths), name=name, where=str(paths.space_toml))


def _data_of(view: StudyView) -> StudyImages:
    from autocnn.records.merged import StudyImages

    given = {**read_settings(view.paths.study_toml), "study": view.paths.name}
    settings = StudySettings(**given)
    return StudyImages(
        study=view.paths.name,
        dataset=settings.dataset,
        fingerprint=view.facts.get("fingerprint"),
        split_seed=settings.split_seed,
    )


def read_space_text(paths: StudyPaths) -> str:
    """The text of the space that the study was made with; RecordError if it cannot be read."""
    try:
        return paths.space_toml.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{paths.space_toml}: cannot be read as UTF-8 text: {error}") from None


def _image_spec(view: StudyView) -> ImageSpec:
    from autocnn.nn.model import ImageSpec

    return ImageSpec(
        shape=view.image_shape,
        n_classes=len(view.facts["class_names"]),
        mean=tuple(view.facts["mean"]),
        std=tuple(view.facts["std"]),
    )


def read_finals(paths: StudyPaths) -> dict[str, Any] | None:
    """What the finals measured, or None before them."""
    from autocnn.records.manifest import read_manifest

    return read_manifest(paths.finals_json) if paths.finals_json.exists() else None


def silence_optuna() -> None:
    """Leave it to autocnn to say what happens."""
    import logging

    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    logging.getLogger("optuna.storages").setLevel(logging.ERROR)  # a lost database is an error
