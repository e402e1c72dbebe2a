"""The leaderboard as a table, JSON, CSV or Markdown."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

import pyarrow as pa

from autocnn.records.leaderboard import PARAMETER_PREFIX
from autocnn.report.formatting import count, percent
from autocnn.report.tables import Column, FittedTable

FORMATS = ("table", "json", "csv", "md")
PERCENTAGES = ("score",)
COUNTS = ("parameters", "macs")
TITLES = {  # on a terminal, where the column's name is wider than its cells
    "best_epoch": "best ep",
    "first_epoch": "first ep",
    "parameters": "params",
    "seconds": "s",
    "cpu_seconds": "CPU s",
}
SPARE = ("best_epoch", "macs", "seconds", "epochs", "parameters")  # the least needed first
FOLDED = ("message", "config")
FOLD = 24  # characters down to which long texts and curves may be folded


def render_table(table: pa.Table, title: str, *, asked: bool = False) -> FittedTable:
    """The rows for a terminal, numbers shortened, headers too.

    Where a person has `asked` for these columns, none of them is left out for want of width.
    """
    return FittedTable(
        title=title,
        columns=[_column(table, name) for name in table.column_names],
        spare=() if asked else SPARE,
        elsewhere="--columns shows them, or a wider terminal",
    )


def _column(table: pa.Table, name: str) -> Column:
    kind = table.schema.field(name).type
    bare = name.removeprefix(PARAMETER_PREFIX)
    return Column(
        name=name,
        title=TITLES.get(name, name if bare in table.column_names else bare),
        cells=[_short(name, value) for value in table[name].to_pylist()],
        is_number=pa.types.is_integer(kind) or pa.types.is_floating(kind),
        fold=FOLD if name in FOLDED or pa.types.is_list(kind) else 0,
    )


def render_text(table: pa.Table, form: str) -> str:
    """The rows as "json" (a list of objects), "csv" or "md", numbers in full."""
    return {"json": _json, "csv": _csv, "md": _markdown}[form](table)


def _short(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if name in PERCENTAGES:
        return percent(value)
    if name in COUNTS:
        return count(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return " ".join(_short("", item) for item in value)
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
    lines += [[_short(name, v) for name, v in row.items()] for row in table.to_pylist()]
    return "\n".join(
        "| " + " | ".join(c.replace("|", "\\|") for c in line) + " |" for line in lines
    )
