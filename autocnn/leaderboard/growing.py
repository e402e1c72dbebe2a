"""The leaderboard of a study that grows: trials that have ended are appended, none is made twice.

Up to ONE_FILE trials the leaderboard is one file, which is written anew; rows of trials that have
ended are kept in memory for that. With more trials it is a folder of runs.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa

from autocnn.files import Content, delete_file, write_atomic, write_folder
from autocnn.leaderboard.columns import RECORD_KEY, SMALLEST_KEY, STUDY_KEY, with_places
from autocnn.leaderboard.merging import merge_runs
from autocnn.leaderboard.pareto import pareto_front
from autocnn.leaderboard.ranking import rank_order
from autocnn.leaderboard.rows import leaderboard_schema, trial_rows
from autocnn.leaderboard.runs import (
    FRONT_KEY,
    LAST_GROUP,
    RUNS_KEY,
    TAIL,
    open_run,
    write_run,
    write_sorted,
)
from autocnn.leaderboard.table import write_leaderboard
from autocnn.objectives import Objective
from autocnn.records.goals import DEFAULT_COSTS
from autocnn.records.trial_record import TrialRecord
from autocnn.space.space import SearchSpace

ONE_FILE = 20_000  # trials up to which the leaderboard is one file, some 10 MB
TAIL_ROWS = 1000  # rows of the tail, which is written anew each time


class GrowingLeaderboard:
    """Writes the leaderboard of one study, again and again, as one process that searches does."""

    def __init__(
        self, path: Path, space: SearchSpace, objective: Objective, costs: Sequence[str] = ()
    ) -> None:
        self._path, self._objective = path, objective
        self._costs = costs or DEFAULT_COSTS
        self._schema = leaderboard_schema(space, objective)
        self._run_metadata = {**self._schema.metadata, STUDY_KEY: path.absolute().parent.name}
        if objective.smallest_from is not None:
            self._run_metadata[SMALLEST_KEY] = repr(objective.smallest_from)
        self._forget()

    def _forget(self) -> None:
        """Begin anew: the rows of all trials are made again."""
        self._ended: set[int] = set()  # the trials with a row that will not change
        self._rows = trial_rows([], self._schema)  # rows of these that are in no run yet
        self._front: dict[int, TrialRecord] = {}  # the trials of the Pareto front
        self._runs: list[tuple[str, int]] = []  # name and rows of each run but the tail
        self._tail: tuple[int, int] | None = None  # the file that this process wrote last

    def write(self, records: Sequence[TrialRecord], n_bytes: int | None = None) -> None:
        """Write the leaderboard of `records`, all trials on record.

        `n_bytes` is the `record_bytes` of the journal before the trials were read. A leaderboard
        that another process has changed meanwhile is written as a whole.

        Raises: RecordError if it cannot be written.
        """
        if self._runs and not self._is_own():
            self._forget()
        ended = [r for r in records if r.finished is not None and r.number not in self._ended]
        self.append(ended, [r for r in records if r.finished is None], n_bytes)

    def append(
        self,
        ended: Sequence[TrialRecord],
        unfinished: Sequence[TrialRecord] = (),
        n_bytes: int | None = None,
    ) -> None:
        """Add the trials `ended` for good; `unfinished` are all those that may still change."""
        self._ended.update(record.number for record in ended)
        for start in range(0, len(ended), LAST_GROUP):
            rows = trial_rows(ended[start : start + LAST_GROUP], self._schema)
            self._rows = pa.concat_tables([self._rows, rows])
        candidates = [*self._front.values(), *ended]
        numbers = pareto_front(candidates, self._objective, self._costs)
        self._front = {each.number: each for each in candidates if each.number in numbers}
        changing = trial_rows(unfinished, self._schema)
        front = pareto_front([*self._front.values(), *unfinished], self._objective, self._costs)
        if len(self._ended) + len(unfinished) <= ONE_FILE:
            self._write_file(changing, front, n_bytes)
        elif not self._runs:
            self._write_folder(changing, front, n_bytes)
        else:
            self._write_tail(changing, front, n_bytes)

    def _write_file(self, changing: pa.Table, front: frozenset[int], n_bytes: int | None) -> None:
        rows = pa.concat_tables([self._rows, changing])
        ranked = rows.take(rank_order(rows, self._objective))
        table = with_places(ranked, front).select(self._schema.names)
        write_leaderboard(self._path, table, n_bytes)

    def _write_folder(self, changing: pa.Table, front: frozenset[int], n_bytes: int | None) -> None:
        """Write all rows as one run, and a tail of those that may change."""
        name, rows = _new_name(), self._rows.replace_schema_metadata(self._run_metadata)
        self._runs, self._rows = [(name, rows.num_rows)], self._rows.slice(0, 0)
        order = rank_order(rows, self._objective)
        contents: dict[str, Content] = {
            name: lambda sink: write_sorted(sink, rows, order),
            TAIL: partial(write_run, rows=self._tail_rows(changing, front, n_bytes)),
        }
        write_folder(self._path, contents)
        self._tail = _identity(self._path / TAIL)

    def _write_tail(self, changing: pa.Table, front: frozenset[int], n_bytes: int | None) -> None:
        """Write the last rows; first make a run of them if there are many."""
        if self._rows.num_rows > TAIL_ROWS:
            self._seal()
        tail = self._tail_rows(changing, front, n_bytes)
        write_atomic(self._path / TAIL, partial(write_run, rows=tail))
        self._tail = _identity(self._path / TAIL)
        names = {name for name, _ in self._runs}
        for path in self._path.glob("run-*.parquet"):
            if path.name not in names:
                delete_file(path)

    def _tail_rows(
        self, changing: pa.Table, front: frozenset[int], n_bytes: int | None
    ) -> pa.Table:
        rows = pa.concat_tables([self._rows, changing])
        metadata = {
            **self._run_metadata,
            RUNS_KEY: json.dumps([name for name, _ in self._runs]),
            FRONT_KEY: json.dumps(sorted(front)),
        }
        if n_bytes is not None:
            metadata[RECORD_KEY] = str(n_bytes)
        ranked = rows.take(rank_order(rows, self._objective))
        return ranked.replace_schema_metadata(metadata)

    def _seal(self) -> None:
        """Make the rows of the tail a run, and merge runs until each is twice as large as the next.

        The runs that were merged stay until a tail that does not name them is written.
        """
        rows, name = self._rows.replace_schema_metadata(self._run_metadata), _new_name()
        ranked = rows.take(rank_order(rows, self._objective))
        write_atomic(self._path / name, partial(write_run, rows=ranked))
        self._runs.append((name, rows.num_rows))
        self._rows = self._rows.slice(0, 0)
        while len(self._runs) > 1 and self._runs[-2][1] < 2 * self._runs[-1][1]:
            (one, n_one), (other, n_other) = self._runs[-2:]
            merged = _new_name()
            sources = open_run(self._path / one), open_run(self._path / other)
            write_atomic(self._path / merged, partial(merge_runs, *sources))
            self._runs[-2:] = [(merged, n_one + n_other)]

    def _is_own(self) -> bool:
        """True if the runs on disk are those that this process wrote."""
        return self._tail is not None and _identity(self._path / TAIL) == self._tail


def write_records(
    path: Path,
    records: Sequence[TrialRecord],
    space: SearchSpace,
    objective: Objective,
    costs: Sequence[str] = (),
    n_bytes: int | None = None,
) -> None:
    """Write the leaderboard of `records` as a whole, in whichever form their number asks for.

    Raises: RecordError if it cannot be written.
    """
    GrowingLeaderboard(path, space, objective, costs).write(records, n_bytes)


def _new_name() -> str:
    return f"run-{uuid.uuid4().hex[:12]}.parquet"


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from one that another process put in its place; None if it is gone."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns
