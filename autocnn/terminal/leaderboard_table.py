"""The leaderboard as a table, JSON, CSV or Markdown."""

from __future__ import annotations

import pyarrow as pa

from autocnn.leaderboard.table import PARAMETER_PREFIX
from autocnn.report.leaderboard_text import short_cell
from autocnn.terminal.tables import Column, FittedTable

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


def render_leaderboard(table: pa.Table, title: str, *, asked: bool = False) -> FittedTable:
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
        cells=[short_cell(name, value) for value in table[name].to_pylist()],
        is_number=pa.types.is_integer(kind) or pa.types.is_floating(kind),
        fold=FOLD if name in FOLDED or pa.types.is_list(kind) else 0,
    )
