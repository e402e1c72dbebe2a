"""The effect of each change of an ablation, as a table on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.text import Text

from autocnn.plans.ablation import AblationHead, AblationRow
from autocnn.report.ablation_page import TEXTS, TITLES, ablation_cells, ablation_title
from autocnn.terminal.tables import Column, FittedTable

STYLES = {"helps": "green", "hurts": "red"}
SHORT = {"seconds": "s", "parameters": "params"}  # on a terminal
SPARE = ("parameters", "seconds")  # columns that may be left out, the last one first
FOLDS = {"change": 34, "verdict": 9}  # least width of a folded column, in characters
UNDECIDED, BRIEFLY = "no difference seen at n=", "none, n="


def render_ablation(rows: Sequence[AblationRow], head: AblationHead) -> Group:
    """The rows for a terminal, and a line that explains their words."""
    cells = [ablation_cells(row, head.scoring) for row in rows]
    lines = [[cell.replace(UNDECIDED, BRIEFLY) for cell in line] for line in cells]
    columns = [
        Column(
            name=name,
            title=SHORT.get(name, ""),
            cells=[line[i] for line in lines],
            is_number=name not in TEXTS,
            fold=FOLDS.get(name, 0),
        )
        for i, name in enumerate(TITLES)
    ]
    table = FittedTable(
        title=ablation_title(head),
        columns=columns,
        spare=SPARE,
        elsewhere="ablation.md has them",
        styles=[STYLES.get(row.verdict, "") for row in rows],
    )
    unit = " in points" if head.scoring.is_fraction else ""
    return Group(
        table,
        Text(f"effect{unit}; none: no difference seen with n seeds"),
        Text("intervals: of each row alone; verdicts: corrected for the number of rows"),
    )
