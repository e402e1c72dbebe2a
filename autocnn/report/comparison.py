"""Known networks side by side, as a table for the terminal or in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from autocnn.report.formatting import count, percent
from autocnn.report.tables import Column, FittedTable

if TYPE_CHECKING:  # it imports Keras, which prints lines of its own unless it is loaded with care
    from autocnn.finals.comparison import ComparedRow

TITLES = (
    "network", "test", "published", "validation", "epochs", "seconds", "parameters", "MACs", "n",
)  # fmt: skip
SHORT = {"validation": "valid.", "seconds": "s", "parameters": "params"}  # on a terminal
SPARE = ("MACs", "seconds", "epochs", "parameters", "validation")  # the least needed first


def render_comparison(rows: Sequence[ComparedRow], title: str) -> Group:
    """The rows for a terminal."""
    lines = [_cells(row) for row in rows]
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
    return Group(table, *(Text(line) for row in rows for line in _augmented(row) if line))


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
