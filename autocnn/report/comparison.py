"""Known networks side by side, as a table for the terminal or in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from autocnn.report.formatting import count, percent

if TYPE_CHECKING:  # it imports Keras, which prints lines of its own unless it is loaded with care
    from autocnn.finals.comparison import ComparedRow

TITLES = (
    "network", "test", "published", "validation", "epochs", "seconds", "parameters", "MACs", "n",
)  # fmt: skip


def render_comparison(rows: Sequence[ComparedRow], title: str) -> Table:
    """The rows for a terminal."""
    table = Table(title=Text(title), title_justify="left", header_style="bold")
    for name in TITLES:
        table.add_column(name, justify="left" if name == "network" else "right")
    for row in rows:
        table.add_row(*(Text(cell) for cell in _cells(row)))
    notes = [line for row in rows for line in _augmented(row) if line]
    table.caption = Text("\n".join(notes)) if notes else None
    table.caption_justify = "left"
    return table


def comparison_markdown(rows: Sequence[ComparedRow], title: str, how: str) -> str:
    """The rows as a Markdown page; `how` says how they were trained."""
    lines = [
        f"# {title}",
        "",
        how,
        "",
        "| " + " | ".join(TITLES) + " |",
        "|" + "|".join("---" if name == "network" else "---:" for name in TITLES) + "|",
        *("| " + " | ".join(_cells(row)) + " |" for row in rows),
        "",
        *(line for row in rows for line in _augmented(row)),
        "Published figures:",
        "",
        *(f"- {row.name}: {row.source}" for row in rows if row.source),
        "",
    ]
    return "\n".join(lines)


def _augmented(row: ComparedRow) -> list[str]:
    """What its published test-time augmentation adds, apart from the table: it is no fair row."""
    if row.augmented is None:
        return []
    what = f"{row.name}: {percent(row.augmented)} with its published test-time augmentation"
    return [f"{what}, which the published figure has and no other row.", ""]


def _cells(row: ComparedRow) -> tuple[str, ...]:
    test = percent(row.test)
    if row.test_sd is not None:
        test += f" ± {100 * row.test_sd:.2f}"
    return (
        row.name,
        test,
        percent(row.published),
        percent(row.validation),
        "–" if row.epochs is None else f"{row.epochs:.0f}",
        "–" if row.seconds is None else f"{row.seconds:.0f}",
        "–" if row.parameters is None else f"{row.parameters:,}",
        "–" if row.macs is None else count(row.macs),
        f"{row.n}" + (f" ({row.failed} failed)" if row.failed else ""),
    )
