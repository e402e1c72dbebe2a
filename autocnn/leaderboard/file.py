"""The file of a leaderboard: what it says of itself, and reading no more of it than is needed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from autocnn.errors import RecordError, StudyError
from autocnn.input_files import check_input, open_input
from autocnn.objectives import DEFAULT, OBJECTIVES, Objective
from autocnn.records.open_study import OpenStudy

SCHEMA_VERSION = 1
VERSION_KEY, STUDY_KEY = b"autocnn.schema_version", b"autocnn.study"
RECORD_KEY = b"autocnn.record_bytes"  # of the journal whose trials the file holds
OBJECTIVE_KEY = b"autocnn.objective"  # of the column `score`; missing in files of accuracies

COLUMNS: tuple[tuple[str, pa.DataType], ...] = (
    ("rank", pa.int32()),
    ("trial", pa.int32()),
    ("state", pa.string()),
    ("score", pa.float64()),
    ("best_epoch", pa.int32()),
    ("epochs", pa.int32()),
    ("parameters", pa.int64()),
    ("macs", pa.int64()),
    ("latency_ms", pa.float64()),
    ("pareto", pa.bool_()),
    ("seconds", pa.float64()),
    ("cpu_seconds", pa.float64()),
    ("precision", pa.string()),
    ("seed", pa.int64()),
    ("origin", pa.string()),
    ("first_epoch", pa.int32()),
    ("parent", pa.int32()),
    ("promoted_from", pa.int32()),
    ("duplicate_of", pa.int32()),
    ("attempts", pa.int32()),
    ("reduced_batch_size", pa.int32()),
    ("cause", pa.string()),
    ("message", pa.string()),
    ("config", pa.string()),
    ("train_loss", pa.list_(pa.float64())),
    ("train_accuracy", pa.list_(pa.float64())),
    ("val_loss", pa.list_(pa.float64())),
    ("val_accuracy", pa.list_(pa.float64())),
    ("val_score", pa.list_(pa.float64())),
    ("epoch_seconds", pa.list_(pa.float64())),
)
NEEDED = ("rank", "trial", "state", "score")  # older files lack some of the other columns


def record_bytes(journal: Path) -> int | None:
    """The size of a study's journal; None where there is none, or its last line is not whole.

    To be asked before the trials are read: a journal only grows, so as long as it has this size,
    it holds no trial that they lack.
    """
    try:
        with open_input(journal) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 1))
            return size if file.read(1) == b"\n" else None
    except OSError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderboardFile:
    """A leaderboard on disk, of which nothing but the schema has been read."""

    path: Path
    schema: pa.Schema
    file: pq.ParquetFile

    @property
    def n_trials(self) -> int:
        """How many trials it holds."""
        return int(self.file.metadata.num_rows)

    def holds_journal(self, n_bytes: int | None) -> bool:
        """True where it was made from a journal of this size; None is no journal's."""
        return n_bytes is not None and self.metadata(RECORD_KEY) == str(n_bytes)

    def metadata(self, key: bytes) -> str | None:
        """What the file says of itself, or None where it does not."""
        value = (self.schema.metadata or {}).get(key)
        return None if value is None else value.decode(errors="replace")

    def read(self, columns: Iterable[str] | None = None) -> pa.Table:
        """These columns, in this order; all where none are named.

        Raises: RecordError if the file is damaged.
        """
        with _damage_told(self.path):
            if columns is None:
                return self.file.read()
            names = list(dict.fromkeys(columns))
            return self.file.read(columns=names).select(names)


def objective_of(schema: pa.Schema) -> Objective:
    """The objective of a leaderboard's scores.

    Raises: RecordError if it is an objective of another version of autocnn.
    """
    name = (schema.metadata or {}).get(OBJECTIVE_KEY, DEFAULT.encode()).decode(errors="replace")
    if name not in OBJECTIVES:
        raise RecordError(
            f"a leaderboard has the objective {name!r}, which this version of autocnn does not know"
        )
    return OBJECTIVES[name]


def open_leaderboard(path: Path) -> LeaderboardFile:
    """The leaderboard, for reading as much of it as is needed.

    Raises: StudyError if there is none; RecordError if the file is damaged or something else.
    """
    if not path.is_file():
        raise StudyError(f"{path}: there is no leaderboard; {_repair(path)}")
    with _damage_told(path):
        check_input(path)
        file = pq.ParquetFile(path)
        found = LeaderboardFile(path=path, schema=file.schema_arrow, file=file)
    if found.metadata(VERSION_KEY) != str(SCHEMA_VERSION):
        raise RecordError(f"{path}: is no leaderboard of this version of autocnn; {_repair(path)}")
    _check_columns(path, found.schema)
    return found


def _check_columns(path: Path, schema: pa.Schema) -> None:
    """Raise RecordError if a column is missing or twice there, or has another type."""
    for name, kind in COLUMNS:
        places = schema.get_all_field_indices(name)
        if len(places) > 1 or (not places and name in NEEDED):
            raise RecordError(
                f"{path}: expected one column {name}, found {len(places)}; {_repair(path)}"
            )
        if places and schema.field(places[0]).type != kind:
            found = schema.field(places[0]).type
            raise RecordError(
                f"{path}: expected {kind} in the column {name}, found {found}; {_repair(path)}"
            )


def current_leaderboard(study: OpenStudy) -> LeaderboardFile | None:
    """The leaderboard, where it is known to hold all that the study's record does; else None.

    Of the journal nothing is read but its size. Of a study without any record, as in a folder of
    leaderboards that were kept, the file is all there is.
    """
    try:
        found = open_leaderboard(study.paths.leaderboard)
    except (StudyError, RecordError):
        return None
    if not has_record(study):
        return found
    is_ordered = "val_score" in found.schema.names  # older files break ties by another rule
    is_whole = found.holds_journal(record_bytes(study.paths.journal))
    return found if is_ordered and is_whole else None


def has_record(study: OpenStudy) -> bool:
    """True if there is a journal, or may be a database."""
    if study.paths.journal.exists() or not study.exists:
        return True
    return study.settings.storage is not None


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    """What Arrow raises inside becomes one line.

    Raises: RecordError.
    """
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise RecordError(f"{path}: cannot be read ({reason}); {_repair(path)}") from error


def _repair(path: Path) -> str:
    study = path.absolute().parent.name
    return f"`autocnn leaderboard {study} --rebuild` makes it again from the trials"
