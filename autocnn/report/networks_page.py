"""Known networks side by side, as a Markdown page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from autocnn.report.formatting import count, percent

if TYPE_CHECKING:  # this module imports Keras, which only `load_keras` may do first
    from autocnn.plans.networks import ComparedRow


TITLES = (
    "network", "test", "published", "validation", "epochs", "seconds", "parameters", "MACs", "n",
)  # fmt: skip


def comparison_markdown(rows: Sequence[ComparedRow], title: str, how: str) -> str:
    """The rows as a Markdown page; the paragraph `how` describes the training."""
    lines = [
        f"# {title}",
        "",
        how,
        "",
        "| " + " | ".join(TITLES) + " |",
        "|" + "|".join("---" if name == "network" else "---:" for name in TITLES) + "|",
        *("| " + " | ".join(network_cells(row)) + " |" for row in rows),
        "",
        *(line for row in rows for line in augmented_lines(row)),
        "Published figures:",
        "",
        *(f"- {row.name}: {row.source}" for row in rows if row.source),
        "",
    ]
    return "\n".join(lines)


def augmented_lines(row: ComparedRow) -> list[str]:
    """A line on the score with published test-time augmentation, which no other row has."""
    if row.augmented is None:
        return []
    what = f"{row.name}: {percent(row.augmented)} with its published test-time augmentation"
    return [f"{what}, which the published figure has and no other row.", ""]


def network_cells(row: ComparedRow) -> tuple[str, ...]:
    """The cells of a row, one for each of `TITLES`."""
    test = percent(row.test)
    if row.test_sd is not None:
        test += f" ± {100 * row.test_sd:.2f}"
    return (
        row.name,
        test,
        percent(row.published),
        percent(row.validation),
        "–" if row.epochs is None else f"{row.epochs:.0f}",
        "–" if row.seconds is None else f"{row.seconds:.1f}",
        "–" if row.parameters is None else f"{row.parameters:,}",
        "–" if row.macs is None else count(row.macs),
        f"{row.n}" + (f" ({row.failed} failed)" if row.failed else ""),
    )
