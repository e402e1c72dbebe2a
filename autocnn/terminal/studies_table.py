"""The studies of a results folder as a table."""

from __future__ import annotations

from collections.abc import Sequence

from autocnn.leaderboard.studies import StudySummary
from autocnn.objectives import find_objective
from autocnn.terminal.tables import Column, FittedTable

TITLES = ("study", "state", "data set", "proposer", "trials", "best", "size", "created")
NUMBERS = ("trials", "best", "size")
SPARE = ("created", "proposer")  # columns that may be left out, the last one first
PATH_FOLD = 13  # least width of a folded path of images, in characters


def render_studies(summaries: Sequence[StudySummary], where: str) -> FittedTable:
    """One row a study, in the given order, and a last row with the sum of their sizes."""
    total = ["total", *[""] * 5, size_text(sum(s.size for s in summaries)), ""]
    lines = [*map(_cells, summaries), total]
    columns = [
        Column(
            name=name,
            cells=[line[i] for line in lines],
            is_number=name in NUMBERS,
            fold=PATH_FOLD if name == "data set" else 0,
        )
        for i, name in enumerate(TITLES)
    ]
    styles = [*[""] * len(summaries), "bold"]
    return FittedTable(title=where, columns=columns, spare=SPARE, styles=styles)


def _cells(summary: StudySummary) -> list[str]:
    return [
        summary.name,
        summary.state,
        summary.dataset or "–",
        summary.proposer or "–",
        "–" if summary.trials is None else str(summary.trials),
        find_objective(summary.objective).text(summary.best),
        size_text(summary.size),
        summary.created[:16].replace("T", " "),
    ]


def size_text(size: int) -> str:
    """A number of bytes in decimal units, such as 999 B, 1.0 kB or 34.5 MB."""
    value, units = float(size), ["B", "kB", "MB", "GB", "TB"]
    while value >= 999.95 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{size} B" if units[0] == "B" else f"{value:.1f} {units[0]}"
