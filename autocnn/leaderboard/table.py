"""The leaderboard: all trials of a study, ranked, and the views of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from autocnn.errors import SettingsError, did_you_mean
from autocnn.files import delete_folder, write_atomic
from autocnn.leaderboard.columns import RECORD_KEY, STUDY_KEY, objective_of, with_places
from autocnn.leaderboard.file import open_leaderboard
from autocnn.leaderboard.pareto import pareto_front
from autocnn.leaderboard.ranking import rank_order
from autocnn.leaderboard.rows import PARAMETER_PREFIX, leaderboard_schema, trial_rows
from autocnn.objectives import Objective
from autocnn.records.goals import DEFAULT_COSTS
from autocnn.records.trial_record import TrialRecord
from autocnn.space.space import SearchSpace

DEFAULT_COLUMNS = (
    "rank",
    "trial",
    "state",
    "score",
    "best_epoch",
    "epochs",
    "parameters",
    "macs",
    "seconds",
    "origin",
)
SCORES = ("score",)  # the columns that are sorted with the best first


def build_leaderboard(
    records: Iterable[TrialRecord],
    space: SearchSpace,
    objective: Objective,
    costs: Sequence[str] = (),
) -> pa.Table:
    """One row a trial, in rank order; null if a trial has no such value.

    The column `pareto` marks the trials that no other one beats in the score and in all `costs`;
    without any in the score and the number of parameters.
    """
    schema = leaderboard_schema(space, objective)
    trials = list(records)
    rows = trial_rows(trials, schema)
    front = pareto_front(trials, objective, costs or DEFAULT_COSTS)
    return with_places(rows.take(rank_order(rows, objective)), front).select(schema.names)


def write_leaderboard(path: Path, table: pa.Table, n_bytes: int | None = None) -> None:
    """Write `table` to `results/<study>/leaderboard.parquet`, as one file.

    The name of the study, which is the folder's, goes into the file's metadata, and so does
    `n_bytes`, the `record_bytes` of the journal before the trials were read. The same table and
    size give the same bytes.

    Raises: RecordError if the file cannot be written.
    """
    metadata = {**(table.schema.metadata or {}), STUDY_KEY: path.absolute().parent.name.encode()}
    metadata.pop(RECORD_KEY, None)  # of the file that `table` was read from
    if n_bytes is not None:
        metadata[RECORD_KEY] = str(n_bytes).encode()
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(metadata), sink)
    delete_folder(path)  # of runs, if there were more trials
    write_atomic(path, sink.getvalue().to_pybytes())


def read_leaderboard(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The leaderboard as it was written, or some of its columns, by their whole names.

    Raises: StudyError if there is none; RecordError if the file is damaged or something else.
    """
    return open_leaderboard(path).read(columns)


def view_leaderboard(
    table: pa.Table,
    sort: str | None = None,
    columns: Sequence[str] | None = None,
    top: int | None = None,
) -> pa.Table:
    """The rows and columns that a person asks for.

    Sorting by the score puts the best first, by anything else the smallest; nulls come last
    and ties keep the order of the ranks. A parameter may be named without its `param.`.

    Raises: SettingsError on an unknown column, on a column without an order, or if top < 1.
    """
    if top is not None and top < 1:
        raise SettingsError(f"--top must be at least 1, got {top}")
    names = _shown(table.schema, columns)
    if sort is not None:
        table = _sorted(table, find_column(table.schema, sort, "--sort"))
    n_rows = table.num_rows if top is None else min(top, table.num_rows)  # Arrow takes 64 bits
    return table.slice(0, n_rows).select(names)


def viewed_columns(
    schema: pa.Schema, sort: str | None = None, columns: Sequence[str] | None = None
) -> list[str]:
    """What `view_leaderboard` needs of a table with this schema.

    Raises: SettingsError on an unknown column.
    """
    names = _shown(schema, columns)
    return names if sort is None else [*names, find_column(schema, sort, "--sort"), "rank"]


def find_column(schema: pa.Schema, name: str, option: str) -> str:
    """The column that a person calls `name`: a parameter perhaps without its `param.`.

    Raises: SettingsError, naming `option` and all columns, where there is none.
    """
    for candidate in (name, PARAMETER_PREFIX + name):
        if candidate in schema.names:
            return candidate
    hint = did_you_mean(name, schema.names)
    known = ", ".join(schema.names)
    raise SettingsError(f"{option}: no column is named {name!r}; {hint}known: {known}")


def _shown(schema: pa.Schema, columns: Sequence[str] | None) -> list[str]:
    chosen = DEFAULT_COLUMNS if columns is None else columns
    return list(dict.fromkeys(find_column(schema, name, "--columns") for name in chosen))


def _sorted(table: pa.Table, name: str) -> pa.Table:
    column = table[name]
    if pa.types.is_list(column.type):
        raise SettingsError(f"--sort: {name} holds a curve, which has no order; use score")
    if pa.types.is_boolean(column.type):  # Arrow sorts numbers and text only
        column = column.cast(pa.int8())
    is_falling = name in SCORES and objective_of(table.schema).maximize
    order = "descending" if is_falling else "ascending"
    keys = pa.table({"key": column, "rank": table["rank"]})
    return table.take(pc.sort_indices(keys, [("key", order), ("rank", "ascending")]))
