"""The leaderboard as a table on the terminal."""

from __future__ import annotations

import pyarrow as pa

from autocnn.leaderboard.columns import objective_of
from autocnn.leaderboard.rows import PARAMETER_PREFIX
from autocnn.objectives import ACCURACY
from autocnn.report.leaderboard_text import short_cell
from autocnn.terminal.tables import Column, FittedTable

TITLES = {  # of columns whose name is wider than their cells
    "best_epoch": "best ep",
    "first_epoch": "first ep",
    "parameters": "params",
    "seconds": "s",
    "cpu_seconds": "CPU s",
}
# The columns that may be left out for want of width, the last one first.
SPARE = ("best_epoch", "macs", "seconds", "epochs", "parameters")
FOLDED = ("message", "config")
FOLD = 24  # least width of a folded column of long texts or curves, in characters


def render_leaderboard(table: pa.Table, title: str, *, asked: bool = False) -> FittedTable:
    """The rows for a terminal, with short numbers and headers.

    The title names the objective of the scores if it is not the accuracy. `asked`: the command
    names these columns, so that none is left out for want of width.
    """
    objective = objective_of(table.schema)
    scored = "" if objective.name == ACCURACY.name else f", scored by {objective.title}"
    return FittedTable(
        title=title + scored,
        columns=[_column(table, name) for name in table.column_names],
        spare=() if asked else SPARE,
        elsewhere="--columns shows them, or a wider terminal",
    )


def _column(table: pa.Table, name: str) -> Column:
    kind, objective = table.schema.field(name).type, objective_of(table.schema)
    bare = name.removeprefix(PARAMETER_PREFIX)
    return Column(
        name=name,
        title=TITLES.get(name, name if bare in table.column_names else bare),
        cells=[short_cell(name, value, objective) for value in table[name].to_pylist()],
        is_number=pa.types.is_integer(kind) or pa.types.is_floating(kind),
        fold=FOLD if name in FOLDED or pa.types.is_list(kind) else 0,
    )
