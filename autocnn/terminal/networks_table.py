"""Known networks side by side, as a table on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from autocnn.report.networks_page import TITLES, augmented_lines, network_cells
from autocnn.terminal.tables import Column, FittedTable

if TYPE_CHECKING:  # this module imports Keras, which only `load_keras` may do first
    from autocnn.plans.networks import ComparedRow

SHORT = {"validation": "valid.", "seconds": "s", "parameters": "params"}  # on a terminal
# The columns that may be left out for want of width, the last one first.
SPARE = ("MACs", "seconds", "epochs", "parameters", "validation")


def render_networks(rows: Sequence[ComparedRow], title: str) -> Group:
    """The rows for a terminal, and a line for each score with test-time augmentation."""
    lines = [network_cells(row) for row in rows]
    columns = [
        Column(
            name=name,
            title=SHORT.get(name, ""),
            cells=[line[i] for line in lines],
            is_number=name != "network",
        )
        for i, name in enumerate(TITLES)
    ]
    elsewhere = "compare.md has them"
    table = FittedTable(title=title, columns=columns, spare=SPARE, elsewhere=elsewhere)
    return Group(table, *(Text(line) for row in rows for line in augmented_lines(row) if line))
