"""The effect of each change of an ablation, as a Markdown page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from autocnn.objectives import ACCURACY, Objective
from autocnn.plans.ablation import AblationHead, AblationRow
from autocnn.plans.effects import FEWEST
from autocnn.report.formatting import count

TITLES = ("change", "score", "effect", "95 % interval", "seconds", "parameters", "verdict")
TEXTS = ("change", "verdict")  # the other columns are numbers


def ablation_markdown(rows: Sequence[AblationRow], head: AblationHead) -> str:
    """The rows as a Markdown page, with a paragraph that explains them."""
    objective = head.scoring
    points = ", in percentage points" if objective.is_fraction else ""
    titles = ablation_titles(objective)
    lines = [
        f"# {ablation_title(head)}",
        "",
        f"Each row changes one part of trial {head.trial}; everything else, the seeds included, "
        f"stays the same. Trained on {head.n_train:,} images for at most {head.epochs} epochs, "
        f"up to {head.n_seeds} seed{'s' if head.n_seeds > 1 else ''} each; the score is the "
        f"validation {head.scoring.title} of the best epoch, the mean over the seeds. The effect "
        f"is the mean difference from the reference with the same seed{points}, with Student's "
        "95 % interval of that row alone, not corrected. The verdict is *helps* or *hurts* if the "
        "paired t-test finds a difference at 5 %, corrected for the number of rows "
        "(Holm-Bonferroni): so an interval without zero may have no verdict. With fewer than "
        f"{FEWEST} seeds a row has no verdict.",
        "",
        _line(titles),
        "|" + "|".join("---" if t in TEXTS else "---:" for t in titles) + "|",
        *(_line(_escape(cell) for cell in ablation_cells(row, objective)) for row in rows),
        "",
    ]
    return "\n".join(lines)


def ablation_titles(objective: Objective) -> tuple[str, ...]:
    """`TITLES` with the unit of the effect."""
    unit = " (points)" if objective.is_fraction else ""
    return tuple(f"effect{unit}" if title == "effect" else title for title in TITLES)


def ablation_title(head: AblationHead) -> str:
    """The title of the table, for the page and the terminal."""
    return f"What did it: study {head.study}, trial {head.trial}, {head.dataset}"


def ablation_cells(row: AblationRow, objective: Objective = ACCURACY) -> tuple[str, ...]:
    """The cells of a row, one for each of `TITLES`."""
    if row.low is None or row.high is None:
        interval = "–"
    else:
        ends = (objective.difference_text(row.low), objective.difference_text(row.high))
        interval = " to ".join(ends)
    return (
        row.change,
        objective.text(row.score),
        "–" if row.effect is None else objective.difference_text(row.effect),
        interval,
        "–" if row.seconds is None else f"{row.seconds:.1f}",
        "–" if row.parameters is None else count(row.parameters),
        row.verdict + (f" ({row.failed} failed)" if row.failed and row.n else ""),
    )


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _escape(text: str) -> str:
    return text.replace("|", "\\|")
