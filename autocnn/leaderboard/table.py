"""The leaderboard: all trials of a study, ranked, as one Parquet file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from autocnn.errors import SettingsError, did_you_mean
from autocnn.files import write_atomic
from autocnn.leaderboard.file import (
    COLUMNS,
    OBJECTIVE_KEY,
    RECORD_KEY,
    SCHEMA_VERSION,
    STUDY_KEY,
    VERSION_KEY,
    objective_of,
    open_leaderboard,
)
from autocnn.leaderboard.pareto import pareto_front
from autocnn.leaderboard.ranking import rank_trials
from autocnn.objectives import Objective
from autocnn.records.goals import DEFAULT_COSTS
from autocnn.records.trial_record import TrialRecord
from autocnn.space.config import TrialConfig, config_to_dict
from autocnn.space.parameters import Categorical, Float, Parameter, Value, is_number
from autocnn.space.space import SearchSpace

PARAMETER_PREFIX = "param."
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

CURVES = {  # column: field of an epoch
    "train_loss": "train_loss",
    "train_accuracy": "train_accuracy",
    "val_loss": "val_loss",
    "val_accuracy": "val_accuracy",
    "val_score": "score",
    "epoch_seconds": "seconds",
}


def leaderboard_schema(space: SearchSpace, objective: Objective) -> pa.Schema:
    """The columns of every trial, then `param.<name>` for every varying parameter.

    The metadata name the objective of the column `score`.
    """
    fields = [pa.field(name, kind) for name, kind in COLUMNS]
    fields += [
        pa.field(PARAMETER_PREFIX + name, _parameter_type(parameter))
        for name, parameter in space.varying()
    ]
    metadata = {
        VERSION_KEY: str(SCHEMA_VERSION).encode(),
        OBJECTIVE_KEY: objective.name.encode(),
    }
    return pa.schema(fields, metadata=metadata)


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
    text_parameters = {
        name
        for name, _ in space.varying()
        if pa.types.is_string(schema.field(PARAMETER_PREFIX + name).type)
    }
    rows, ranked = [], rank_trials(records, objective)
    front = pareto_front(ranked, objective, costs or DEFAULT_COSTS)
    for rank, record in enumerate(ranked, start=1):
        is_best = record.number in front
        row = {"rank": rank, "pareto": is_best, **_proposal_cells(record), **_result_cells(record)}
        for name, value in record.values.items():
            cell = as_text(value) if name in text_parameters else value
            row[PARAMETER_PREFIX + name] = cell
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=schema)


def write_leaderboard(path: Path, table: pa.Table, n_bytes: int | None = None) -> None:
    """Write `table` to `results/<study>/leaderboard.parquet`.

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
    write_atomic(path, sink.getvalue().to_pybytes())


def read_leaderboard(path: Path, columns: Iterable[str] | None = None) -> pa.Table:
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


def _parameter_type(parameter: Parameter) -> pa.DataType:
    """int64, float64 or bool where all values are such (numbers of both kinds: float64)."""
    if not isinstance(parameter, Categorical):
        return pa.float64() if isinstance(parameter, Float) else pa.int64()
    choices = parameter.choices
    if all(isinstance(choice, bool) for choice in choices):
        return pa.bool_()
    if not all(is_number(choice) for choice in choices):
        return pa.string()
    whole = all(isinstance(choice, int) for choice in choices)
    return pa.int64() if whole else pa.float64()


def as_text(value: Value) -> str:
    """The cell of a value in a column of texts."""
    return value if isinstance(value, str) else json.dumps(value)


def _proposal_cells(record: TrialRecord) -> dict[str, Any]:
    return {
        "trial": record.number,
        "state": str(record.state),
        "parameters": record.parameters,
        "macs": record.macs,
        "seed": record.seed,
        "origin": record.origin,
        "first_epoch": record.first_epoch,
        "parent": record.parent,
        "promoted_from": record.promoted_from,
        "config": _config_text(record.config),
    }


@lru_cache(maxsize=32768)  # the table is written again and again
def _config_text(config: TrialConfig) -> str:
    return json.dumps(config_to_dict(config), separators=(",", ":"))


def _result_cells(record: TrialRecord) -> dict[str, Any]:
    result = record.result
    if result is None:
        return {}
    return {
        "score": result.score,
        "best_epoch": result.best_epoch,
        "epochs": result.epochs,
        "latency_ms": result.latency_ms,
        "seconds": result.seconds,
        "cpu_seconds": result.cpu_seconds,
        "precision": result.precision or None,
        "duplicate_of": result.duplicate_of,
        "attempts": result.attempts,
        "reduced_batch_size": result.batch_size,
        "cause": None if result.cause is None else str(result.cause),
        "message": result.message or None,
        **{
            column: [getattr(epoch, field) for epoch in result.curve]
            for column, field in CURVES.items()
        },
    }
