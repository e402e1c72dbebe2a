"""Trials as rows of a leaderboard, column by column."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from operator import attrgetter
from typing import Any

import pyarrow as pa

from autocnn.leaderboard.columns import (
    COLUMNS,
    DERIVED,
    OBJECTIVE_KEY,
    SCHEMA_VERSION,
    VERSION_KEY,
)
from autocnn.objectives import Objective
from autocnn.records.trial_record import TrialRecord
from autocnn.space.config import config_to_text
from autocnn.space.parameters import Categorical, Float, Parameter, Value, is_number
from autocnn.space.space import SearchSpace
from autocnn.trial import TrialResult

PARAMETER_PREFIX = "param."
CURVES = {  # column: field of an epoch
    "train_loss": "train_loss",
    "train_accuracy": "train_accuracy",
    "val_loss": "val_loss",
    "val_accuracy": "val_accuracy",
    "val_score": "score",
    "epoch_seconds": "seconds",
}

_OF_RECORD: Mapping[str, Callable[[TrialRecord], Any]] = {
    "trial": attrgetter("number"),
    "state": lambda record: record.state.value,
    "parameters": attrgetter("parameters"),
    "macs": attrgetter("macs"),
    "seed": attrgetter("seed"),
    "origin": attrgetter("origin"),
    "first_epoch": attrgetter("first_epoch"),
    "parent": attrgetter("parent"),
    "promoted_from": attrgetter("promoted_from"),
    "config": lambda record: config_to_text(record.config),
}
_OF_RESULT: Mapping[str, Callable[[TrialResult], Any]] = {
    "score": attrgetter("score"),
    "best_epoch": attrgetter("best_epoch"),
    "best_epoch_loss": attrgetter("val_loss"),
    "epochs": lambda result: len(result.curve),
    "latency_ms": attrgetter("latency_ms"),
    "seconds": attrgetter("seconds"),
    "cpu_seconds": attrgetter("cpu_seconds"),
    "precision": lambda result: result.precision or None,
    "duplicate_of": attrgetter("duplicate_of"),
    "attempts": attrgetter("attempts"),
    "reduced_batch_size": attrgetter("batch_size"),
    "cause": lambda result: None if result.cause is None else result.cause.value,
    "message": lambda result: result.message or None,
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


def stored_schema(schema: pa.Schema) -> pa.Schema:
    """`schema` without the columns that follow from all rows together: rank and Pareto front."""
    fields = [field for field in schema if field.name not in DERIVED]
    return pa.schema(fields, metadata=schema.metadata)


def trial_rows(records: Sequence[TrialRecord], schema: pa.Schema) -> pa.Table:
    """One row for each of `records`, in their order, with the columns of `stored_schema`.

    A cell is null if the trial has no such value.
    """
    results = [record.result for record in records]
    cells = {name: [read(each) for each in records] for name, read in _OF_RECORD.items()}
    for name, of in _OF_RESULT.items():
        cells[name] = [None if each is None else of(each) for each in results]
    schema = stored_schema(schema)
    columns = {**_curves(results), **_values(records, schema)}
    for name, values in cells.items():
        columns[name] = pa.array(values, schema.field(name).type)
    return pa.Table.from_arrays([columns[name] for name in schema.names], schema=schema)


def _values(records: Sequence[TrialRecord], schema: pa.Schema) -> dict[str, pa.Array]:
    """The columns of the parameters."""
    kinds = {
        field.name.removeprefix(PARAMETER_PREFIX): field.type
        for field in schema
        if field.name.startswith(PARAMETER_PREFIX)
    }
    texts = [name for name, kind in kinds.items() if kind == pa.string()]
    points = [_point(record.values, texts) for record in records]
    arrays = pa.array(points, pa.struct(list(kinds.items()))).flatten()
    return {PARAMETER_PREFIX + name: each for name, each in zip(kinds, arrays, strict=True)}


def _point(values: Mapping[str, Value], texts: Iterable[str]) -> dict[str, Value]:
    """`values`, with a text for each of another type in the columns `texts`."""
    point = dict(values)
    for name in texts:
        value = point.get(name)
        if value is not None and value.__class__ is not str:
            point[name] = as_text(value)
    return point


def _curves(results: Sequence[TrialResult | None]) -> dict[str, pa.Array]:
    """The columns of the learning curves; null for a trial without a result."""
    lengths = [0 if result is None else len(result.curve) for result in results]
    offsets = pa.array([0, *accumulate(lengths)], pa.int32())
    mask = pa.array([result is None for result in results], pa.bool_())
    epochs = [epoch for result in results if result is not None for epoch in result.curve]
    return {
        column: pa.ListArray.from_arrays(
            offsets, pa.array(list(map(attrgetter(field), epochs)), pa.float64()), mask=mask
        )
        for column, field in CURVES.items()
    }


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
