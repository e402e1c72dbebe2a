"""The effect of each change of an ablation, as a Markdown page."""

from __future__ import annotations

from collections.abc import Sequence

from autocnn.plans.ablation import AblationHead, AblationRow
from autocnn.report.formatting import count, percent

TITLES = ("change", "score", "effect (points)", "95 % interval", "seconds", "parameters", "verdict")
TEXTS = ("change", "verdict")  # the other columns are numbers


def ablation_markdown(rows: Sequence[AblationRow], head: AblationHead) -> str:
    """The rows as a Markdown page, with a paragraph that explains them."""
    lines = [
        f"# {ablation_title(head)}",
        "",
        f"Each row changes one part of trial {head.trial}; everything else, the seeds included, "
        f"stays the same. Trained on {head.n_train:,} images for at most {head.epochs} epochs, "
        f"up to {head.n_seeds} seed{'s' if head.n_seeds > 1 else ''} each; the score is the "
        "validation accuracy of the best epoch, the mean over the seeds. The effect is the mean "
        "difference from the reference with the same seed, in percentage points, with Student's "
        "95 % interval. The verdict is *helps* or *hurts* if that interval does not contain zero; "
        "about one row in twenty has such a verdict by chance alone.",
        "",
        "| " + " | ".join(TITLES) + " |",
        "|" + "|".join("---" if t in TEXTS else "---:" for t in TITLES) + "|",
        *("| " + " | ".join(_escape(cell) for cell in ablation_cells(row)) + " |" for row in rows),
        "",
    ]
    return "\n".join(lines)


def ablation_title(head: AblationHead) -> str:
    """The title of the table, for the page and the terminal."""
    return f"What did it: study {head.study}, trial {head.trial}, {head.dataset}"


def ablation_cells(row: AblationRow) -> tuple[str, ...]:
    """The cells of a row, one for each of `TITLES`."""
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
