"""A study on a terminal: its scores by trial, its best learning curves, what mattered."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from autocnn.leaderboard.ranking import rank_trials, winner
from autocnn.records.trial_record import TrialRecord
from autocnn.report.formatting import BARS, first_hint, percent
from autocnn.trial import TrialState

WIDTH, HEIGHT = 60, 13  # columns and rows; a label at every fourth row
ROWS_BETWEEN_LABELS = 4
MIN_SPAN = 0.01  # a plot is never stretched over less than one point
SHOWN_CURVES = 5
CURVE_WIDTH = 40
MAX_REPEATS = 4  # columns of one epoch at most
SHOWN_BARS = 15
BAR_WIDTH = 30
FINISHED = (TrialState.COMPLETE, TrialState.STOPPED)
TRIAL, PRUNED, BELOW = "●", "○", "▾"
STYLES = {TRIAL: "green", PRUNED: "dim", BELOW: "dim"}
LINE = "cyan"


# scores by trial


@dataclass(frozen=True, slots=True)
class Scale:
    """From a value to one of `steps` levels, 0 the lowest; what lies outside is put on the rim."""

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


def fit_scale(values: Sequence[float], steps: int) -> Scale:
    """A scale over `values` without those far below the others, so that these can be told apart.

    Far below: under the lower quartile by more than 1.5 times the distance of the quartiles.
    """
    fence = -math.inf
    if len(values) > 3:
        lower, _, upper = statistics.quantiles(values, n=4, method="inclusive")
        fence = lower - 1.5 * (upper - lower)
    high = max(values)
    return Scale(min(high - MIN_SPAN, *(v for v in values if v >= fence)), high, steps)


def render_history(records: Sequence[TrialRecord], name: str) -> RenderableType:
    """Scores by number of trial, and the best so far; at least one trial must have a score."""
    finished = [r for r in _by_number(records) if r.state in FINISHED]
    pruned = [r for r in _by_number(records) if r.state is TrialState.PRUNED]
    best = max(_score(r) for r in finished)
    higher = [r for r in pruned if _score(r) > best]
    scale = fit_scale([_score(r) for r in (*finished, *higher)], HEIGHT)
    last = max(r.number for r in (*finished, *pruned))
    grid = [[" "] * WIDTH for _ in range(HEIGHT)]
    _place(grid, scale, pruned, last, PRUNED)
    _draw_best(grid, scale, finished, last)
    _place(grid, scale, finished, last, TRIAL)
    return Group(
        Text(f"{name}: validation accuracy by trial", "bold"),
        *_frame(grid, scale, last),
        _legend(grid, scale),
        _summary(records),
    )


def _by_number(records: Sequence[TrialRecord]) -> list[TrialRecord]:
    """Those with a score, in the order in which they ran."""
    scored = [r for r in records if r.score is not None and math.isfinite(r.score)]
    return sorted(scored, key=lambda record: record.number)


def _score(record: TrialRecord) -> float:
    assert record.score is not None
    return record.score


def _column(number: int, last: int) -> int:
    return round(number / last * (WIDTH - 1)) if last else 0


def _place(
    grid: list[list[str]], scale: Scale, records: Sequence[TrialRecord], last: int, mark: str
) -> None:
    for record in records:
        score = _score(record)
        shown = mark if score >= scale.low else BELOW
        grid[scale.level(score)][_column(record.number, last)] = shown


def _draw_best(
    grid: list[list[str]], scale: Scale, finished: Sequence[TrialRecord], last: int
) -> None:
    """A line of steps from the first score to the last trial."""
    reached: dict[int, int] = {}
    for record in finished:
        column = _column(record.number, last)
        reached[column] = max(reached.get(column, 0), scale.level(_score(record)))
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


def _frame(grid: list[list[str]], scale: Scale, last: int) -> list[Text]:
    """The rows from the top with their labels, and the axis of trial numbers."""
    lines = []
    for level in reversed(range(HEIGHT)):
        labelled = level % ROWS_BETWEEN_LABELS == 0
        line = Text(f"{percent(scale.value(level)) if labelled else '':>9} ", no_wrap=True)
        line.append("┤" if labelled else "│")
        for mark in grid[level]:
            line.append(mark, STYLES.get(mark, LINE))
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


def _legend(grid: list[list[str]], scale: Scale) -> Text:
    """What the marks mean, of those that are seen."""
    seen = {mark for row in grid for mark in row}
    meanings = {
        TRIAL: "trial",
        PRUNED: "pruned (its best epoch)",
        BELOW: f"below {percent(scale.low)}",
    }
    parts = [f"{mark} {text}" for mark, text in meanings.items() if mark in seen]
    return Text("   ".join([*parts, "─ best so far"]))


def _summary(records: Sequence[TrialRecord]) -> Text:
    counts = Counter(record.state for record in records)
    parts = [f"{counts[state]} {state}" for state in TrialState if counts[state]]
    text = f"{len(records)} trial{'' if len(records) == 1 else 's'}: {', '.join(parts)}"
    best = winner(records)
    if best is not None:
        text += f"; best {percent(best.score)} (trial {best.number})"
    return Text(text)


# learning curves


def render_curves(records: Sequence[TrialRecord], name: str) -> RenderableType:
    """The curves of the best trials on one scale; at least one trial must have an epoch."""
    drawn = (r for r in rank_trials(records) if any(map(math.isfinite, _curve(r))))
    shown = list(drawn)[:SHOWN_CURVES]
    curves = [_curve(record) for record in shown]
    longest = max(len(curve) for curve in curves)
    scale = fit_scale([v for curve in curves for v in curve if math.isfinite(v)], len(BARS))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("trial", "score", "best epoch"):
        table.add_column(title, justify="right")
    table.add_column("state")
    table.add_column(f"epoch 1 to {longest}", no_wrap=True)
    for record, curve in zip(shown, curves, strict=True):
        table.add_row(
            str(record.number),
            percent(record.score),
            f"{record.best_epoch or '–'} of {len(curve)}",
            str(record.state),
            draw_bars(curve, scale, longest),
        )
    head = Text(f"{name}: validation accuracy by epoch, the best trials", "bold")
    note = f"{BARS[0]} {percent(scale.low)} or less   {BARS[-1]} {percent(scale.high)}"
    return Group(head, table, Text(note))


def draw_bars(values: Sequence[float], scale: Scale, longest: int) -> str:
    """A bar a value; all curves get as many columns a value as the longest one has room for.

    Curves longer than CURVE_WIDTH show the last value of several; NaN is a blank.
    """
    repeats = max(1, min(MAX_REPEATS, CURVE_WIDTH // longest))
    together = math.ceil(longest / CURVE_WIDTH)
    last_ones = [values[i : i + together][-1] for i in range(0, len(values), together)]
    bars = (BARS[scale.level(v)] if math.isfinite(v) else " " for v in last_ones)
    return "".join(bar * repeats for bar in bars)


def _curve(record: TrialRecord) -> list[float]:
    return [] if record.result is None else [e.val_accuracy for e in record.result.curve]


# importance of parameters


def render_importances(shares: dict[str, float], name: str, n_trials: int) -> RenderableType:
    """Shares as bars, those of the first parameters; `n_trials` complete ones gave them."""
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
