"""A leaderboard of many trials: a folder of Parquet files, to which trials are appended.

Each file is a run: rows in rank order. A new row goes into the last run, TAIL, which is small and
written anew each time; a full one becomes a run of its own, and runs of like size are merged, so
that there are few (a log-structured merge tree). TAIL names the runs that belong to the
leaderboard. Ranks and the Pareto front are not in the files, since each new trial may change them:
readers work them out (docs/decisions/0060).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from autocnn.errors import RecordError, StudyError
from autocnn.input_files import check_input
from autocnn.leaderboard.columns import (
    COLUMNS,
    DERIVED,
    KEYS,
    RowFilter,
    filter_rows,
    ranking_of,
    reading,
    repair_line,
    with_places,
)
from autocnn.leaderboard.ranking import rank_order

TAIL = "tail.parquet"
RUNS_KEY, FRONT_KEY = b"autocnn.runs", b"autocnn.pareto"  # of the tail: names, numbers of trials
FIRST_GROUP, LAST_GROUP = 1024, 16_384  # rows of a row group, which doubles from the first on
_Item = TypeVar("_Item", str, int)
_RUN = "autocnn.run"  # the column with the place of a row's run


@dataclass(frozen=True, slots=True)
class Run:
    """One file of the leaderboard, of which only the footer has been read."""

    path: Path
    file: pq.ParquetFile

    @property
    def n_rows(self) -> int:
        """The number of its rows."""
        return int(self.file.metadata.num_rows)

    def read(self, columns: Sequence[str], groups: Collection[int] | None = None) -> pa.Table:
        """These columns of all rows, or of the row groups with these places."""
        with reading(self.path):
            if groups is None:
                return self.file.read(columns=list(columns)).select(columns)
            found = self.file.read_row_groups(sorted(groups), columns=list(columns))
            return found.select(columns)

    def groups_with(self, columns: Sequence[str]) -> list[int]:
        """The row groups in which each of `columns` has a value, as far as the footer says."""
        places = [self.file.schema_arrow.names.index(name) for name in columns]
        flat = all(not pa.types.is_nested(self.file.schema_arrow.types[i]) for i in places)
        groups = range(self.file.metadata.num_row_groups)
        if not flat or not places:
            return list(groups)
        leaves = {self.file.metadata.schema.column(i).path: i for i in range(self._n_leaves)}
        wanted = [leaves[name] for name in columns]
        return [g for g in groups if not any(self._is_null(g, leaf) for leaf in wanted)]

    @property
    def _n_leaves(self) -> int:
        return int(self.file.metadata.num_columns)

    def _is_null(self, group: int, leaf: int) -> bool:
        chunk = self.file.metadata.row_group(group).column(leaf)
        known = chunk.statistics
        return known is not None and known.has_null_count and known.null_count == chunk.num_values


def open_run(path: Path) -> Run:
    """The run in the file `path`.

    Raises: RecordError if it cannot be read.
    """
    with reading(path):
        check_input(path)
        return Run(path, pq.ParquetFile(path))


def write_run(sink: Any, rows: pa.Table) -> None:
    """Write `rows`, which are in rank order, as a run: small row groups first."""
    with run_writer(sink, rows.schema) as writer:
        for start, size in group_sizes(rows.num_rows):
            writer.write_table(rows.slice(start, size), row_group_size=size)


def write_sorted(sink: Any, rows: pa.Table, order: Any) -> None:
    """Write `rows` in the order of the places `order` as a run, a row group at a time."""
    with run_writer(sink, rows.schema) as writer:
        for start, size in group_sizes(rows.num_rows):
            writer.write_table(rows.take(order[start : start + size]), row_group_size=size)


def run_writer(sink: Any, schema: pa.Schema) -> pq.ParquetWriter:
    """A writer of runs; statistics of scalars only, since the footer is read each time."""
    scalars = [field.name for field in schema if not pa.types.is_nested(field.type)]
    return pq.ParquetWriter(sink, schema, write_statistics=[n for n in scalars if n != "config"])


def group_sizes(n_rows: int) -> Iterator[tuple[int, int]]:
    """The first row and the size of each row group of a run: the best rows are in small ones."""
    start, size = 0, FIRST_GROUP
    while start < n_rows:
        yield start, min(size, n_rows - start)
        start, size = start + size, min(2 * size, LAST_GROUP)


@dataclass(frozen=True, kw_only=True)
class LeaderboardRuns:
    """A leaderboard in runs, of which nothing but the footers has been read."""

    path: Path
    schema: pa.Schema
    runs: tuple[Run, ...]  # the tail last
    front: frozenset[int]  # the numbers of the trials on the Pareto front

    @cached_property
    def n_trials(self) -> int:
        """How many trials it holds."""
        return sum(run.n_rows for run in self.runs)

    def metadata(self, key: bytes) -> str | None:
        """What the tail says of the leaderboard, or None where it does not."""
        value = (self.schema.metadata or {}).get(key)
        return None if value is None else value.decode(errors="replace")

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """These columns of all rows, in rank order; all columns where none are named.

        Raises: RecordError if a file is damaged.
        """
        names = self.schema.names if columns is None else list(dict.fromkeys(columns))
        stored = self._stored([*names, *KEYS])
        rows = pa.concat_tables([run.read(stored) for run in self.runs])
        rows = rows.take(rank_order(rows, ranking_of(self.schema)))
        metadata = self.schema.metadata
        return with_places(rows, self.front).select(names).replace_schema_metadata(metadata)

    def best(self, columns: Sequence[str], filters: Sequence[RowFilter], n: int) -> pa.Table:
        """These columns of the best `n` rows for which all `filters` hold, in rank order.

        Row groups are read from the best on, until there are `n` rows.
        """
        names = list(dict.fromkeys(columns))
        if any(each.column == "pareto" and each.mask(_ON_FRONT)[0].as_py() for each in filters):
            n = min(n, len(self.front))
        stored = self._stored([*names, *(each.column for each in filters), *KEYS])
        found, n_found, n_before = [], 0, 0
        for block in _in_rank_order(self.runs, stored, ranking_of(self.schema)):
            rows = filter_rows(with_places(block, self.front, n_before), filters).select(names)
            found.append(rows)
            n_found, n_before = n_found + rows.num_rows, n_before + block.num_rows
            if n_found >= n:
                break
        table = pa.concat_tables(found) if found else self.schema.empty_table().select(names)
        return table.slice(0, n).replace_schema_metadata(self.schema.metadata)

    def count(self, filters: Sequence[RowFilter]) -> int:
        """The number of rows for which all `filters` hold."""
        names = list(dict.fromkeys(each.column for each in filters))
        if not filters:
            return self.n_trials
        if set(names) & set(DERIVED):
            return int(filter_rows(self.read(names), filters).num_rows)
        needed = [each.column for each in filters if not each.accepts_null]
        groups = {run: run.groups_with(needed) for run in self.runs}
        tables = [run.read(names, each) for run, each in groups.items() if each]
        return sum(filter_rows(table, filters).num_rows for table in tables)

    def _stored(self, names: Sequence[str]) -> list[str]:
        return [name for name in dict.fromkeys(names) if name not in DERIVED]


_ON_FRONT = pa.table({"pareto": [True]})


def open_runs(path: Path) -> LeaderboardRuns:
    """The leaderboard in the folder `path`.

    Raises: StudyError if there is none; RecordError if a file is missing, damaged or another one.
    """
    if not (path / TAIL).exists():
        raise StudyError(f"{path}: holds no leaderboard; {repair_line(path)}")
    tail = open_run(path / TAIL)
    stored = tail.file.schema_arrow
    missing = [name for name in KEYS if name not in stored.names]
    if missing:
        raise RecordError(f"{tail.path}: has no column {missing[0]}; {repair_line(path)}")
    names = _listed(tail, RUNS_KEY, str)
    runs = [open_run(path / Path(name).name) for name in names]
    for run in runs:
        if not run.file.schema_arrow.equals(stored):
            raise RecordError(f"{run.path}: has other columns than {TAIL}; {repair_line(path)}")
    kinds = dict(COLUMNS)
    derived = [pa.field(name, kinds[name]) for name in DERIVED]
    order = [name for name, _ in COLUMNS] + stored.names
    fields = {field.name: field for field in (*derived, *stored)}
    schema = pa.schema([fields[name] for name in dict.fromkeys(order) if name in fields])
    return LeaderboardRuns(
        path=path,
        schema=schema.with_metadata(stored.metadata),
        runs=(*runs, tail),
        front=frozenset(_listed(tail, FRONT_KEY, int)),
    )


def _listed(tail: Run, key: bytes, kind: type[_Item]) -> list[_Item]:
    """The list of texts or numbers that the tail holds under `key`.

    Raises: RecordError if it is no such list.
    """
    text = (tail.file.schema_arrow.metadata or {}).get(key, b"[]")
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, list) or any(type(each) is not kind for each in found):
        raise RecordError(
            f"{tail.path}: expected a list in {key.decode()}; {repair_line(tail.path.parent)}"
        )
    return found


def _in_rank_order(runs: Sequence[Run], columns: Sequence[str], objective: Any) -> Iterator[Any]:
    """The rows of all runs in rank order, in blocks; a row group is read once it is needed."""
    left = {place: iter(range(run.file.metadata.num_row_groups)) for place, run in enumerate(runs)}
    pool: pa.Table | None = None
    while left or (pool is not None and pool.num_rows):
        owners = set() if pool is None else set(np.unique(pool[_RUN].to_numpy()).tolist())
        loaded = [] if pool is None else [pool]
        for place in sorted(left.keys() - owners):
            group = next(left[place], None)
            if group is None:
                del left[place]
                continue
            rows = runs[place].read(columns, [group])
            mark = pa.array(np.full(rows.num_rows, place, np.int16))
            loaded.append(rows.append_column(_RUN, mark))
        if not loaded:
            return
        pool = pa.concat_tables(loaded)
        pool = pool.take(rank_order(pool, objective))
        n_final = _n_final(pool[_RUN].to_numpy(), left)
        yield pool.slice(0, n_final).drop_columns([_RUN])
        pool = pool.slice(n_final)


def _n_final(owners: Any, left: Collection[int]) -> int:
    """How many rows of the pool come before any row that has not been read yet.

    `owners` is the run of each row, `left` the runs that may have more: what follows the last row
    of such a run may have to wait for the next rows of it.
    """
    ends = [int(np.flatnonzero(owners == place)[-1]) + 1 for place in left]
    return min([*ends, len(owners)])
