"""The leaderboard as JSON, CSV or Markdown."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

import pyarrow as pa

from autocnn.leaderboard.columns import objective_of
from autocnn.leaderboard.table import SCORES
from autocnn.objectives import ACCURACY, Objective
from autocnn.report.formatting import count

SECONDS = ("seconds", "cpu_seconds")  # columns with one decimal
COUNTS = ("parameters", "macs")  # columns of large numbers that a person reads with a unit


def render_text(table: pa.Table, form: str) -> str:
    """The rows in one of `TEXT_FORMATS`, numbers in full; "json" is a list of objects."""
    return {"json": _json, "csv": _csv, "md": _markdown}[form](table)


def short_cell(name: str, value: Any, objective: Objective = ACCURACY) -> str:
    """A value of the column `name` as text with short numbers; scores are those of `objective`."""
    if value is None:
        return "–"
    if name in SCORES:
        return objective.text(value)
    if name in COUNTS:
        return count(value)
    if name in SECONDS:
        return f"{value:.1f}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return " ".join(short_cell("", item) for item in value)
    return str(value)


def _json(table: pa.Table) -> str:
    return json.dumps([{k: _plain(v) for k, v in row.items()} for row in table.to_pylist()])


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _csv(table: pa.Table) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(table.column_names)
    for row in table.to_pylist():
        writer.writerow([json.dumps(v) if isinstance(v, list) else v for v in row.values()])
    return buffer.getvalue().rstrip("\n")


def _markdown(table: pa.Table) -> str:
    lines = [table.column_names, ["---"] * table.num_columns]
    objective = objective_of(table.schema)
    rows = (row.items() for row in table.to_pylist())
    lines += [[short_cell(name, value, objective) for name, value in row] for row in rows]
    return "\n".join(
        "| " + " | ".join(c.replace("|", "\\|") for c in line) + " |" for line in lines
    )
