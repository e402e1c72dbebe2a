"""A study in a notebook: its test score and its best trials."""

from __future__ import annotations

import autocnn.api as api
from autocnn.api.studies import StudyView
from autocnn.errors import AutocnnError
from autocnn.leaderboard.columns import objective_of
from autocnn.python import html
from autocnn.report.formatting import percent
from autocnn.report.leaderboard_text import short_cell

TOP = 10  # trials
COLUMNS = ["rank", "trial", "state", "score", "epochs", "parameters", "seconds", "origin"]
LEFT = ("state", "origin")
FAINT_STATES = ("pruned", "failed")


def study_html(view: StudyView, state: str) -> str:
    """The study as HTML: one head, lines on its test and its model, and the ten best trials."""
    n = len(view.records)
    parts = [html.line(f"Study {view.paths.name}", style="font-weight:bold")]
    scored = "" if view.objective.name == "accuracy" else f", scored by {view.objective.title}"
    parts.append(html.line(f"{state}, {n} trial{'' if n == 1 else 's'}{scored}"))
    try:
        parts += [html.line(text) for text in _finals(view)]
        parts += _trials(view)
    except AutocnnError as error:  # a damaged study is shown, too
        parts.append(html.line(error))
    parts.append(html.line(view.paths.root, style=html.FAINT))
    return html.box(*parts)


def _finals(view: StudyView) -> list[str]:
    finals = view.finals
    if finals is None:
        return ["not tested yet; autocnn.resume goes on"]
    test = finals.test
    lines = [
        f"test accuracy {percent(test.accuracy)} ({test.errors} errors in {test.n} images; 95 % "
        f"interval {percent(test.low)} to {percent(test.high)})",
        f"winner: trial {finals.winner}, validation {finals.scoring.text(finals.val_best)}",
    ]
    return lines


def _trials(view: StudyView) -> list[str]:
    if not view.records:
        return []
    table = api.leaderboard_rows(view, columns=COLUMNS, top=TOP)
    objective = objective_of(table.schema)
    rows = table.to_pylist()
    cells = [[short_cell(name, row[name], objective) for name in COLUMNS] for row in rows]
    styles = [html.FAINT if row["state"] in FAINT_STATES else "" for row in rows]
    hidden = len(view.records) - len(rows)
    parts = [html.table(COLUMNS, cells, LEFT, styles)]
    if hidden > 0:
        parts.append(html.line(f"{hidden} more trials in leaderboard()", style=html.FAINT))
    return parts
