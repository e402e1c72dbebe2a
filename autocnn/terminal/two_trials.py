"""Two trials of a study side by side: facts, parameters and learning curves."""

from __future__ import annotations

import math
from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from autocnn.objectives import ACCURACY, Objective
from autocnn.records.trial_record import TrialRecord
from autocnn.space.parameters import Value, same
from autocnn.space.space import SearchSpace

MARK = "≠"
NOTHING = "–"
BAR_WIDTH = 14  # characters of the longest bar: a page fits into 80 columns
RARE = ("continues", "repeats", "reason")  # facts that are shown only if one trial has them

Row = tuple[str, str, str]  # a name, and its text in both trials


def render_two_trials(
    first: TrialRecord, second: TrialRecord, space: SearchSpace, objective: Objective = ACCURACY
) -> RenderableType:
    """Facts, then the parameters in the order of `space`, then both learning curves."""
    no_curves = Text("Neither trial finished an epoch: there is no learning curve.")
    curves = compare_curves(first, second, objective)
    tables = _side_by_side(first, second, space, objective)
    return Group(tables, no_curves if curves is None else curves)


def compare_facts(
    first: TrialRecord, second: TrialRecord, objective: Objective = ACCURACY
) -> list[Row]:
    """State, score, cost and origin of both trials; counts in full."""
    ours, theirs = _facts(first, objective), _facts(second, objective)
    rows = [(name, ours[name], theirs[name]) for name in ours]
    return [row for row in rows if row[0] not in RARE or row[1:] != (NOTHING, NOTHING)]


def compare_parameters(first: TrialRecord, second: TrialRecord, space: SearchSpace) -> list[Row]:
    """Every parameter of one trial or both, in the order of `space`; a dash if it is inactive.

    Two values that differ never have the same text: they get all their digits if needed.
    """
    ours, theirs = first.values, second.values
    names = [name for name in space.parameters if name in ours or name in theirs]
    return [(name, *_two_texts(ours.get(name), theirs.get(name))) for name in names]


def compare_curves(
    first: TrialRecord, second: TrialRecord, objective: Objective = ACCURACY
) -> Table | None:
    """Validation score by epoch as bars on one scale, and the second minus the first.

    Returns: None if neither trial has finished an epoch.
    """
    curves = [_scores(record) for record in (first, second)]
    n_epochs = max(map(len, curves))
    if n_epochs == 0:
        return None
    unit = "; difference in points" if objective.is_fraction else ""
    title = f"Validation {objective.title} (* best epoch{unit})"
    table = Table(title=title, title_justify="left")
    table.add_column("epoch", justify="right")
    for record in (first, second):
        table.add_column(f"trial {record.number}", no_wrap=True)
    table.add_column("difference", justify="right")
    low, high = _range(curves, objective)
    for epoch in range(1, n_epochs + 1):
        values = [curve[epoch - 1] if epoch <= len(curve) else None for curve in curves]
        cells = [
            _curve_cell(value, (low, high), objective, is_best=record.best_epoch == epoch)
            for value, record in zip(values, (first, second), strict=True)
        ]
        table.add_row(str(epoch), *cells, _difference(values[0], values[1], objective))
    return table


def _side_by_side(
    first: TrialRecord, second: TrialRecord, space: SearchSpace, objective: Objective
) -> Table:
    title = f"Trials {first.number} and {second.number} ({MARK} where they differ)"
    table = Table(title=title, title_justify="left", header_style="bold")
    table.add_column("", no_wrap=True)
    table.add_column("")
    for record in (first, second):
        table.add_column(f"trial {record.number}", overflow="fold")
    _add_rows(table, compare_facts(first, second, objective))
    table.add_section()
    _add_rows(table, compare_parameters(first, second, space))
    return table


def _add_rows(table: Table, rows: Iterable[Row]) -> None:
    for name, ours, theirs in rows:
        differs = ours != theirs
        style = "bold" if differs else ""
        table.add_row(MARK if differs else "", *(Text(t, style) for t in (name, ours, theirs)))


def _facts(record: TrialRecord, objective: Objective) -> dict[str, str]:
    result = record.result
    return {
        "state": str(record.state),
        "score": objective.text(record.score),
        "best epoch": str(record.best_epoch or NOTHING),
        "epochs": str(record.epochs),
        "seconds": NOTHING if result is None else f"{result.seconds:.1f}",
        "parameters": f"{record.parameters:,}",
        "MACs": f"{record.macs:,}",
        "origin": record.origin,
        "precision": (result.precision if result is not None else "") or NOTHING,
        "seed": str(record.seed),
        "continues": NOTHING if record.parent is None else f"trial {record.parent}",
        "repeats": _repeated(record),
        "reason": _reason(record),
    }


def _repeated(record: TrialRecord) -> str:
    result = record.result
    is_new = result is None or result.duplicate_of is None
    return NOTHING if is_new or result is None else f"trial {result.duplicate_of}"


def _reason(record: TrialRecord) -> str:
    """The cause and message of the trial's end, or a dash if the record has neither."""
    if record.result is None:
        return NOTHING
    cause = "" if record.cause is None else str(record.cause)
    return ": ".join(part for part in (cause, record.result.message) if part) or NOTHING


def _two_texts(ours: Value | None, theirs: Value | None) -> tuple[str, str]:
    texts = _text(ours), _text(theirs)
    if ours is None or theirs is None or same(ours, theirs) or texts[0] != texts[1]:
        return texts
    return repr(ours), repr(theirs)


def _text(value: Value | None) -> str:
    if value is None:
        return NOTHING
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _scores(record: TrialRecord) -> list[float]:
    return [] if record.result is None else [e.score for e in record.result.curve]


def _range(curves: list[list[float]], objective: Objective) -> tuple[float, float]:
    """The least and the largest score, as far apart as an axis needs."""
    known = [score for curve in curves for score in curve if math.isfinite(score)] or [0.0]
    return min(min(known), max(known) - objective.least_span(max(known))), max(known)


def _curve_cell(
    value: float | None, ends: tuple[float, float], objective: Objective, *, is_best: bool
) -> Text:
    if value is None or not math.isfinite(value):
        return Text(NOTHING)
    low, high = ends
    length = 1 + round((value - low) / (high - low) * (BAR_WIDTH - 1))
    text = f"{objective.text(value):>8} {'*' if is_best else ' '} {'█' * length:<{BAR_WIDTH}}"
    return Text(text, "bold" if is_best else "")


def _difference(ours: float | None, theirs: float | None, objective: Objective) -> str:
    """The second value minus the first one, in the unit of the objective's differences."""
    if ours is None or theirs is None:
        return NOTHING
    return objective.difference_text(theirs - ours)
