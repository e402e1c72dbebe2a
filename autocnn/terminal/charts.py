"""A study on a terminal: scores by trial, the best learning curves, importances."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from autocnn.leaderboard.ranking import rank_trials, winner
from autocnn.objectives import ACCURACY, FINISHED, Objective
from autocnn.records.trial_record import TrialRecord
from autocnn.report.formatting import BARS, find_fence, first_hint, percent
from autocnn.trial import TrialState

WIDTH, HEIGHT = 60, 13  # columns and rows; a label at every fourth row
ROWS_BETWEEN_LABELS = 4
MIN_SPAN = 0.01  # least range of a plot's axis: one percentage point
SHOWN_CURVES = 5
CURVE_WIDTH = 40
MAX_REPEATS = 4  # largest number of columns of one epoch
SHOWN_BARS = 15
BAR_WIDTH = 30
TRIAL, PRUNED, BELOW = "●", "○", "▾"
STYLES = {TRIAL: "green", PRUNED: "dim", BELOW: "dim"}
TURNED = str.maketrans("╯╭▾", "╮╰▴")  # the marks of a grid that is turned over
LINE = "cyan"


# scores by trial


@dataclass(frozen=True, slots=True)
class Scale:
    """A mapping of values to `steps` levels, 0 the lowest; values outside get the nearest one."""

    low: float
    high: float
    steps: int

    def level(self, value: float) -> int:
        """The level nearest to `value`."""
        place = (value - self.low) / (self.high - self.low)
        return round(min(1.0, max(0.0, place)) * (self.steps - 1))

    def value(self, level: int) -> float:
        """The value in the middle of `level`."""
        return self.low + (self.high - self.low) * level / (self.steps - 1)


def fit_scale(values: Sequence[float], steps: int, span: float = MIN_SPAN) -> Scale:
    """A scale over `values` without those far below the others, which would hide differences.

    The scale covers at least `span`.
    """
    fence, high = find_fence(values), max(values)
    return Scale(min(high - span, *(v for v in values if v >= fence)), high, steps)


@dataclass(frozen=True, slots=True)
class Point:
    """One trial in a history."""

    number: int
    state: TrialState
    merit: float  # the score, or the negated score if a smaller one is better


def render_history(
    records: Sequence[TrialRecord], name: str, objective: Objective = ACCURACY
) -> RenderableType:
    """Scores by number of trial, and the best so far; at least one trial must have a score.

    The grid is drawn in merits, level 0 the worst, and turned over if a smaller score is better.
    """
    points = _points(records, objective)
    finished = [p for p in points if p.state in FINISHED]
    pruned = [p for p in points if p.state is TrialState.PRUNED]
    best = max(p.merit for p in finished)
    better = [p for p in pruned if p.merit > best]
    scale = fit_scale([p.merit for p in (*finished, *better)], HEIGHT)
    last = max(p.number for p in (*finished, *pruned))
    grid = [[" "] * WIDTH for _ in range(HEIGHT)]
    _place(grid, scale, pruned, last, PRUNED)
    _draw_best(grid, scale, finished, last)
    _place(grid, scale, finished, last, TRIAL)
    return Group(
        Text(f"{name}: validation {objective.title} by trial", "bold"),
        *_frame(grid, scale, last, objective),
        _legend(grid, scale, objective),
        _summary(records, objective),
    )


def _points(records: Sequence[TrialRecord], objective: Objective) -> list[Point]:
    """The trials with a finite score, by number."""
    points = [
        Point(r.number, r.state, objective.advantage(r.score, 0.0))
        for r in records
        if r.score is not None and math.isfinite(r.score)
    ]
    return sorted(points, key=lambda point: point.number)


def _merit_text(merit: float, objective: Objective) -> str:
    """The score of this merit as text."""
    return objective.text(objective.advantage(merit, 0.0))


def _column(number: int, last: int) -> int:
    return round(number / last * (WIDTH - 1)) if last else 0


def _place(
    grid: list[list[str]], scale: Scale, points: Sequence[Point], last: int, mark: str
) -> None:
    for point in points:
        shown = mark if point.merit >= scale.low else BELOW
        grid[scale.level(point.merit)][_column(point.number, last)] = shown


def _draw_best(grid: list[list[str]], scale: Scale, finished: Sequence[Point], last: int) -> None:
    """Draw a line of steps from the first score to the last trial."""
    reached: dict[int, int] = {}
    for point in finished:
        column = _column(point.number, last)
        reached[column] = max(reached.get(column, 0), scale.level(point.merit))
    level = None
    for column in range(min(reached), WIDTH if last else 1):
        target = max(reached.get(column, 0), level or 0)
        if level is None or target == level:
            grid[target][column] = "─"
        else:
            grid[level][column], grid[target][column] = "╯", "╭"
            for between in range(level + 1, target):
                grid[between][column] = "│"
        level = target


def _frame(grid: list[list[str]], scale: Scale, last: int, objective: Objective) -> list[Text]:
    """The rows from the top with their labels, and the axis of trial numbers."""
    lines = []
    for level in reversed(range(HEIGHT)) if objective.maximize else range(HEIGHT):
        labelled = level % ROWS_BETWEEN_LABELS == 0
        label = _merit_text(scale.value(level), objective) if labelled else ""
        line = Text(f"{label:>9} ", no_wrap=True)
        line.append("┤" if labelled else "│")
        for mark in grid[level]:
            shown = mark if objective.maximize else mark.translate(TURNED)
            line.append(shown, STYLES.get(mark, LINE))
        lines.append(line)
    numbers = sorted({round(last * share / 4) for share in range(5)})
    axis, labels = ["─"] * WIDTH, [" "] * (WIDTH + 8)
    for number in numbers:
        at = _column(number, last)
        axis[at] = "┬"
        labels[at : at + len(str(number))] = str(number)
    lines.append(Text(f"{'':>10}└{''.join(axis)}", no_wrap=True))
    lines.append(Text(f"{'trial':>10} {''.join(labels).rstrip()}", no_wrap=True))
    return lines


def _legend(grid: list[list[str]], scale: Scale, objective: Objective) -> Text:
    """The meaning of each mark in the grid."""
    seen = {mark for row in grid for mark in row}
    side = "below" if objective.maximize else "above"
    meanings = {
        TRIAL: "trial",
        PRUNED: "pruned (its best epoch)",
        BELOW: f"{side} {_merit_text(scale.low, objective)}",
    }
    marks = {mark: mark if objective.maximize else mark.translate(TURNED) for mark in meanings}
    parts = [f"{marks[mark]} {text}" for mark, text in meanings.items() if mark in seen]
    return Text("   ".join([*parts, "─ best so far"]))


def _summary(records: Sequence[TrialRecord], objective: Objective) -> Text:
    counts = Counter(record.state for record in records)
    parts = [f"{counts[state]} {state}" for state in TrialState if counts[state]]
    text = f"{len(records)} trial{'' if len(records) == 1 else 's'}: {', '.join(parts)}"
    best = winner(records, objective)
    if best is not None:
        text += f"; best {objective.text(best.score)} (trial {best.number})"
    return Text(text)


# learning curves


def render_curves(
    records: Sequence[TrialRecord], name: str, objective: Objective = ACCURACY
) -> RenderableType:
    """The curves of the best trials on one scale; at least one trial must have an epoch."""
    drawn = (r for r in rank_trials(records, objective) if any(map(math.isfinite, _curve(r))))
    shown = list(drawn)[:SHOWN_CURVES]
    curves = [_curve(record) for record in shown]
    longest = max(len(curve) for curve in curves)
    scale = _curve_scale([v for curve in curves for v in curve if math.isfinite(v)], objective)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("trial", "score", "best epoch"):
        table.add_column(title, justify="right")
    table.add_column("state")
    table.add_column(f"epoch 1 to {longest}", no_wrap=True)
    for record, curve in zip(shown, curves, strict=True):
        table.add_row(
            str(record.number),
            objective.text(record.score),
            f"{record.best_epoch or '–'} of {len(curve)}",
            str(record.state),
            draw_bars(curve, scale, longest),
        )
    head = Text(f"{name}: validation {objective.title} by epoch, the best trials", "bold")
    low, high = objective.text(scale.low), objective.text(scale.high)
    ends = (f"{low} or less", high) if objective.maximize else (low, f"{high} or more")
    return Group(head, table, Text(f"{BARS[0]} {ends[0]}   {BARS[-1]} {ends[1]}"))


def _curve_scale(values: Sequence[float], objective: Objective) -> Scale:
    """A scale over `values` without those far worse than the others."""
    if objective.maximize:
        return fit_scale(values, len(BARS), objective.least_span(max(values)))
    span = objective.least_span(min(values))
    turned = fit_scale([-value for value in values], len(BARS), span)
    return Scale(-turned.high, -turned.low, len(BARS))


def draw_bars(values: Sequence[float], scale: Scale, longest: int) -> str:
    """One bar for each value, as wide as the bars of the longest curve; NaN gives a blank.

    If the longest curve has more than CURVE_WIDTH values, each bar is the last of several values.
    """
    repeats = max(1, min(MAX_REPEATS, CURVE_WIDTH // longest))
    together = math.ceil(longest / CURVE_WIDTH)
    last_ones = [values[i : i + together][-1] for i in range(0, len(values), together)]
    bars = (BARS[scale.level(v)] if math.isfinite(v) else " " for v in last_ones)
    return "".join(bar * repeats for bar in bars)


def _curve(record: TrialRecord) -> list[float]:
    return [] if record.result is None else [e.score for e in record.result.curve]


# importance of parameters


def render_importances(shares: dict[str, float], name: str, n_trials: int) -> RenderableType:
    """The importances of the first parameters as bars, from `n_trials` complete trials."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("parameter", no_wrap=True)
    table.add_column("importance", justify="right")
    table.add_column("")
    most = max(shares.values())
    for parameter, share in list(shares.items())[:SHOWN_BARS]:
        bar = BARS[-1] * round(share / most * BAR_WIDTH)
        table.add_row(Text(parameter), percent(share), Text(bar or BARS[0], LINE))
    rest = list(shares.values())[SHOWN_BARS:]
    if rest:
        table.add_row(f"{len(rest)} others", percent(sum(rest)), "")
    head = Text(f"{name}: importance of parameters, from {n_trials} complete trials", "bold")
    return Group(head, table, *map(Text, first_hint(n_trials)))
