"""The columns of a leaderboard, and what its file says of itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from autocnn.errors import RecordError
from autocnn.objectives import DEFAULT, OBJECTIVES, Objective

SCHEMA_VERSION = 1
VERSION_KEY, STUDY_KEY = b"autocnn.schema_version", b"autocnn.study"
RECORD_KEY = b"autocnn.record_bytes"  # of the journal whose trials the file holds
OBJECTIVE_KEY = b"autocnn.objective"  # of the column `score`; missing in files of accuracies
SMALLEST_KEY = b"autocnn.smallest_from"  # in runs: the score from which the size ranks, if any

COLUMNS: tuple[tuple[str, pa.DataType], ...] = (
    ("rank", pa.int32()),
    ("trial", pa.int32()),
    ("state", pa.string()),
    ("score", pa.float64()),
    ("best_epoch", pa.int32()),
    ("best_epoch_loss", pa.float64()),
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
# Rank and Pareto front change with every trial: a leaderboard in runs has neither on disk.
DERIVED = ("rank", "pareto")
KEYS = ("state", "score", "best_epoch_loss", "parameters", "trial")  # that decide the rank


class RowFilter(Protocol):
    """A condition on the rows of a leaderboard."""

    @property
    def column(self) -> str:
        """The one column that it reads."""
        ...

    @property
    def accepts_null(self) -> bool:
        """True if a row without a value can match."""
        ...

    def mask(self, table: pa.Table) -> pa.ChunkedArray:
        """Of each row whether it matches: true, false, or null."""
        ...


def filter_rows(table: pa.Table, filters: Sequence[RowFilter]) -> pa.Table:
    """The rows for which all `filters` hold, in their order."""
    if not filters:
        return table
    return table.filter(reduce(pc.and_, [each.mask(table) for each in filters]))


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


def ranking_of(schema: pa.Schema) -> Objective:
    """The objective by which the rows of a run are ordered.

    Raises: RecordError if it is unknown, or if the score from which the size ranks is no number.
    """
    limit = (schema.metadata or {}).get(SMALLEST_KEY)
    found = objective_of(schema)
    try:
        return found if limit is None else replace(found, smallest_from=float(limit))
    except ValueError:
        key = SMALLEST_KEY.decode()
        raise RecordError(f"a leaderboard has no number in {key}, but {limit!r}") from None


def with_places(rows: pa.Table, front: Collection[int], n_before: int = 0) -> pa.Table:
    """`rows`, which are in rank order after `n_before` others, with the columns DERIVED.

    `front` has the numbers of the trials on the Pareto front.
    """
    ranks = pa.array(np.arange(n_before + 1, n_before + 1 + rows.num_rows, dtype=np.int32))
    on_front = pc.is_in(rows["trial"], pa.array(sorted(front), pa.int32()))
    return rows.append_column("rank", ranks).append_column("pareto", on_front)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what Arrow raises into one line.

    Raises: RecordError.
    """
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise RecordError(f"{path}: cannot be read ({reason}); {repair_line(path)}") from error


def repair_line(path: Path) -> str:
    """What to do about a leaderboard that cannot be read."""
    study = path.absolute().parent.name
    return f"`autocnn leaderboard {study} --rebuild` makes it again from the trials"
