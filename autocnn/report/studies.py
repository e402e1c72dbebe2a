"""The studies of a results folder as a table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from autocnn.records.overview import StudySummary
from autocnn.report.formatting import percent


def render_studies(summaries: Sequence[StudySummary], where: str) -> Table:
    """One row a study, in the order given; the sum of their sizes below."""
    table = Table(title=Text(where), title_justify="left", header_style="bold", show_footer=True)
    table.add_column("study", "total")
    for title in ("state", "data set", "proposer"):
        table.add_column(title)
    for title in ("trials", "best"):
        table.add_column(title, justify="right")
    table.add_column("size", size_text(sum(s.size for s in summaries)), justify="right")
    table.add_column("created")
    for s in summaries:
        cells = (s.name, s.state, s.dataset or "–", s.proposer or "–")
        trials = "–" if s.trials is None else str(s.trials)
        created = s.created[:16].replace("T", " ")
        row = (*cells, trials, percent(s.best), size_text(s.size), created)
        table.add_row(*(Text(cell) for cell in row))
    return table


def size_text(size: int) -> str:
    """Bytes in decimal units: 999 B, 1.0 kB, 34.5 MB."""
    value, units = float(size), ["B", "kB", "MB", "GB", "TB"]
    while value >= 999.95 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{size} B" if units[0] == "B" else f"{value:.1f} {units[0]}"
