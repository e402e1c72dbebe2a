"""The leaderboard of a study on disk: one file, or a folder of runs if there are many trials."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from autocnn.errors import RecordError, StudyError
from autocnn.input_files import check_input, open_input
from autocnn.leaderboard.columns import (
    COLUMNS,
    NEEDED,
    RECORD_KEY,
    SCHEMA_VERSION,
    VERSION_KEY,
    RowFilter,
    filter_rows,
    reading,
    repair_line,
)
from autocnn.leaderboard.runs import LeaderboardRuns, open_runs
from autocnn.records.open_study import OpenStudy


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
    """A leaderboard in one file, of which nothing but the schema has been read."""

    path: Path
    schema: pa.Schema
    file: pq.ParquetFile

    @property
    def n_trials(self) -> int:
        """How many trials it holds."""
        return int(self.file.metadata.num_rows)

    def metadata(self, key: bytes) -> str | None:
        """What the file says of itself, or None where it does not."""
        value = (self.schema.metadata or {}).get(key)
        return None if value is None else value.decode(errors="replace")

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """These columns, in this order; all where none are named.

        Raises: RecordError if the file is damaged.
        """
        with reading(self.path):
            if columns is None:
                return self.file.read()
            names = list(dict.fromkeys(columns))
            return self.file.read(columns=names).select(names)

    def best(self, columns: Sequence[str], filters: Sequence[RowFilter], n: int) -> pa.Table:
        """These columns of the best `n` rows for which all `filters` hold, in rank order."""
        rows = self.read([*columns, *(each.column for each in filters)])
        return filter_rows(rows, filters).slice(0, n).select(list(dict.fromkeys(columns)))

    def count(self, filters: Sequence[RowFilter]) -> int:
        """The number of rows for which all `filters` hold."""
        if not filters:
            return self.n_trials
        return int(filter_rows(self.read([each.column for each in filters]), filters).num_rows)


Leaderboard: TypeAlias = LeaderboardFile | LeaderboardRuns


def holds_journal(found: Leaderboard, n_bytes: int | None) -> bool:
    """True if the leaderboard was made from a journal of this size; None is no journal's."""
    return n_bytes is not None and found.metadata(RECORD_KEY) == str(n_bytes)


def open_leaderboard(path: Path) -> Leaderboard:
    """The leaderboard, for reading as much of it as is needed.

    Raises: StudyError if there is none; RecordError if it is damaged or something else.
    """
    found: Leaderboard
    if path.is_dir():
        found = open_runs(path)
    elif path.is_file():
        with reading(path):
            check_input(path)
            file = pq.ParquetFile(path)
            found = LeaderboardFile(path=path, schema=file.schema_arrow, file=file)
    else:
        raise StudyError(f"{path}: there is no leaderboard; {repair_line(path)}")
    if found.metadata(VERSION_KEY) != str(SCHEMA_VERSION):
        raise RecordError(
            f"{path}: is no leaderboard of this version of autocnn; {repair_line(path)}"
        )
    _check_columns(path, found.schema)
    return found


def _check_columns(path: Path, schema: pa.Schema) -> None:
    """Raise RecordError if a column is missing or twice there, or has another type."""
    for name, kind in COLUMNS:
        places = schema.get_all_field_indices(name)
        if len(places) > 1 or (not places and name in NEEDED):
            raise RecordError(
                f"{path}: expected one column {name}, found {len(places)}; {repair_line(path)}"
            )
        if places and schema.field(places[0]).type != kind:
            found = schema.field(places[0]).type
            raise RecordError(
                f"{path}: expected {kind} in the column {name}, found {found}; {repair_line(path)}"
            )


def current_leaderboard(study: OpenStudy) -> Leaderboard | None:
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
    is_whole = holds_journal(found, record_bytes(study.paths.journal))
    return found if is_ordered and is_whole else None


def has_record(study: OpenStudy) -> bool:
    """True if there is a journal, or may be a database."""
    if study.paths.journal.exists() or not study.exists:
        return True
    return study.settings.storage is not None
