"""The cells of `any_images.py` as JSON lines, and their tables in Markdown.

A cell is one arm on one set with one seed and one time. A cell that failed stays in the file and
is run again; the last line of a cell counts.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from measuring import TRUSTED


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """What is run once."""

    budget_s: float
    image_set: str
    arm: str
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a cell gave. `wall_s`, `cpu_s`: of the whole process and all that it started."""

    test: float | None  # accuracy; None: it failed
    wall_s: float
    cpu_s: float
    others: float  # the share of the machine that other processes took
    machine: str
    error: str = ""  # why there is no accuracy
    details: dict[str, Any] = field(default_factory=dict)  # what the arm said of itself


Outcomes = dict[Cell, Outcome]


def read_outcomes(file: Path) -> Outcomes:
    """All cells in the file, by the last line of each; none if there is no file."""
    found: Outcomes = {}
    if file.is_file():
        for line in file.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            found[Cell(**entry["cell"])] = Outcome(**entry["outcome"])
    return found


def append_outcome(file: Path, cell: Cell, outcome: Outcome) -> None:
    """Add a line to the file."""
    line = json.dumps({"cell": asdict(cell), "outcome": asdict(outcome)})
    with open(file, "a", encoding="utf-8") as lines:
        lines.write(f"{line}\n")


def cells_left(cells: Iterable[Cell], found: Outcomes) -> list[Cell]:
    """Those without an accuracy."""
    return [cell for cell in cells if cell not in found or found[cell].test is None]


def report(found: Outcomes) -> list[str]:
    """Lines of Markdown: for each time a table of accuracies and one of seconds, then remarks."""
    lines: list[str] = []
    for budget in sorted({cell.budget_s for cell in found}):
        some = {cell: outcome for cell, outcome in found.items() if cell.budget_s == budget}
        for title, describe in (
            ("test accuracy in %, mean ± standard deviation (number of seeds)", accuracy),
            ("wall s, CPU s (means)", seconds),
        ):
            lines += [f"Time {budget:g} s: {title}", "", *_table(some, describe), ""]
    return [*lines, *remarks(found)]


def _table(found: Outcomes, describe: Callable[[Sequence[Outcome]], str]) -> list[str]:
    """A row for each set and a column for each arm, in the order of the file."""
    sets = list(dict.fromkeys(cell.image_set for cell in found))
    arms = list(dict.fromkeys(cell.arm for cell in found))
    lines = [f"| set | {' | '.join(arms)} |", f"|---|{'---|' * len(arms)}"]
    for name in sets:
        groups = [
            [o for cell, o in found.items() if (cell.image_set, cell.arm) == (name, arm)]
            for arm in arms
        ]
        lines.append(f"| {name} | {' | '.join(describe(group) for group in groups)} |")
    return lines


def accuracy(outcomes: Sequence[Outcome]) -> str:
    """`97.2 ± 0.4 (3)`, with the number of those that failed."""
    scores = [100 * outcome.test for outcome in outcomes if outcome.test is not None]
    n_failed = len(outcomes) - len(scores)
    failed = f"{n_failed} failed" if n_failed else ""
    if not scores:
        return failed or "–"
    spread = f" ± {statistics.stdev(scores):.1f}" if len(scores) > 1 else ""
    text = f"{statistics.fmean(scores):.1f}{spread} ({len(scores)})"
    return f"{text}, {failed}" if failed else text


def seconds(outcomes: Sequence[Outcome]) -> str:
    """`238, 431`: of those that have an accuracy."""
    done = [outcome for outcome in outcomes if outcome.test is not None]
    if not done:
        return "–"
    wall, cpu = ([getattr(each, name) for each in done] for name in ("wall_s", "cpu_s"))
    return f"{statistics.fmean(wall):.0f}, {statistics.fmean(cpu):.0f}"


def remarks(found: Outcomes) -> list[str]:
    """The machines, the failures, and the number of cells that others disturbed."""
    lines = list(dict.fromkeys(outcome.machine for outcome in found.values()))
    for cell, outcome in found.items():
        if outcome.test is None:
            lines.append(f"{cell.image_set}, {cell.arm}, seed {cell.seed}: {outcome.error}")
    busy = [outcome for outcome in found.values() if outcome.others > TRUSTED]
    if busy:
        most = 100 * max(outcome.others for outcome in busy)
        lines.append(
            f"In {len(busy)} of {len(found)} cells other processes took more than "
            f"{100 * TRUSTED:.0f} % of the machine, at most {most:.0f} %: do not trust their times "
            "and the accuracies that hang on them."
        )
    return lines
