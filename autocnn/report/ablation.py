"""What each change of a trial did, as a table for the terminal or for a report in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group
from rich.text import Text

from autocnn.finals.ablation import AblationRow
from autocnn.report.formatting import count, percent
from autocnn.report.tables import Column, FittedTable

TITLES = ("change", "score", "effect (points)", "95 % interval", "seconds", "parameters", "verdict")
TEXTS = ("change", "verdict")  # the others are numbers
STYLES = {"helps": "green", "hurts": "red"}
SHORT = {"effect (points)": "effect", "seconds": "s", "parameters": "params"}  # on a terminal
SPARE = ("parameters", "seconds")  # the least needed first
FOLDS = {"change": 34, "verdict": 9}  # characters down to which they may be folded
UNDECIDED, BRIEFLY = "no difference seen at n=", "none, n="


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationHead:
    """What the rows are about."""

    study: str
    trial: int
    dataset: str
    n_train: int  # images
    epochs: int  # the horizon
    n_seeds: int


def render_ablation(rows: Sequence[AblationRow], head: AblationHead) -> Group:
    """The rows for a terminal, with a line on what their words mean."""
    lines = [[cell.replace(UNDECIDED, BRIEFLY) for cell in _cells(row)] for row in rows]
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
        title=_title(head),
        columns=columns,
        spare=SPARE,
        elsewhere="ablation.md has them",
        styles=[STYLES.get(row.verdict, "") for row in rows],
    )
    return Group(table, Text("effect in points; none: no difference seen with n seeds"))


def ablation_markdown(rows: Sequence[AblationRow], head: AblationHead) -> str:
    """The rows as a Markdown page with what is needed to read them."""
    lines = [
        f"# {_title(head)}",
        "",
        f"One thing of trial {head.trial} is changed at a time; everything else stays, the seeds "
        f"too. Trained on {head.n_train:,} images for at most {head.epochs} epochs, "
        f"up to {head.n_seeds} seed{'s' if head.n_seeds > 1 else ''} each; the score is the "
        "validation accuracy of the best epoch, the mean over the seeds. The effect is the mean "
        "difference from the reference with the same seed, in percentage points, with Student's "
        "95 % interval. *Helps* and *hurts* are said where that interval does not hold zero. With "
        "so many rows about one in twenty would be so by chance alone.",
        "",
        "| " + " | ".join(TITLES) + " |",
        "|" + "|".join("---" if t in TEXTS else "---:" for t in TITLES) + "|",
        *("| " + " | ".join(_escape(cell) for cell in _cells(row)) + " |" for row in rows),
        "",
    ]
    return "\n".join(lines)


def _title(head: AblationHead) -> str:
    return f"What did it: study {head.study}, trial {head.trial}, {head.dataset}"


def _cells(row: AblationRow) -> tuple[str, ...]:
    if row.low is None or row.high is None:
        interval = "–"
    else:
        interval = f"{100 * row.low:+.2f} to {100 * row.high:+.2f}"
    return (
        row.change,
        percent(row.score),
        "–" if row.effect is None else f"{100 * row.effect:+.2f}",
        interval,
        "–" if row.seconds is None else f"{row.seconds:.0f}",
        "–" if row.parameters is None else count(row.parameters),
        row.verdict + (f" ({row.failed} failed)" if row.failed and row.n else ""),
    )


def _escape(text: str) -> str:
    return text.replace("|", "\\|")
