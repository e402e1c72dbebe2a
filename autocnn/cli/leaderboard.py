"""`autocnn leaderboard`: the ranked trials of a study, or of several together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

import autocnn.api as api
import autocnn.terminal as terminal
from autocnn.cli.options import JsonOption, ResultsOption, TrustOption, split_names

MOST_ROWS = 200  # of a table on a screen without --top
FORMATS = ("table", *api.TEXT_FORMATS)


def leaderboard(
    studies: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="study",
            help="Names of studies that are ranked together; by default the latest study.",
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Only rows such as state=complete or 'parameters<200000' (= != < <= > >=). Of "
            "several conditions all must hold; a row without a value meets none.",
        ),
    ] = None,
    pareto: Annotated[
        bool,
        typer.Option(
            "--pareto",
            help="Only trials that no other one of their study beats in the score and in what the "
            "network costs (--objective; by default its number of parameters).",
        ),
    ] = False,
    top: Annotated[int | None, typer.Option(min=1, help="Largest number of rows.")] = None,
    sort: Annotated[str | None, typer.Option(help="Column to sort by; by default rank.")] = None,
    columns: Annotated[
        str | None, typer.Option(help="Columns to show, separated by commas, or all.")
    ] = None,
    form: Annotated[
        str, typer.Option("--format", help=f"{api.either(FORMATS)}.", show_default=True)
    ] = "table",
    every: Annotated[
        bool, typer.Option("--all", help="Also trials that repeat a configuration.")
    ] = False,
    as_json: JsonOption = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="First make the file again from the study's record.")
    ] = False,
    results: ResultsOption = Path("results"),
    trust: TrustOption = False,
) -> None:
    """Show the ranked trials of a study, or of several studies of the same images together."""
    if trust:
        api.trust_studies(results, studies or [])
    api.check_choice("--format", form, FORMATS)
    where = [*(where or []), *(["pareto=true"] if pareto else [])]
    wanted = None if columns is None else split_names(columns)
    names, hides = studies or [], not every and not any(api.REPEAT_COLUMN in text for text in where)
    conditions = [*where, api.NO_REPEATS] if hides else where
    is_table = form == "table" and not as_json
    most = MOST_ROWS if top is None and is_table else top  # no more is read than is shown
    if rebuild:
        views = api.load_studies(results, names)
        for view in views:
            api.rebuild_leaderboard(view)
        rows = api.rows_of(views, sort, wanted, most, conditions)
    else:
        rows = api.select_rows(results, names, sort, wanted, most, conditions)
    if as_json:
        print(json.dumps(api.leaderboard_json(rows)))
        return
    if form != "table":
        print(terminal.render_text(rows.table, form))
        return
    title = ", ".join(f"{name} ({n_trials} trials)" for name, n_trials in rows.trials.items())
    terminal.print_wide(terminal.render_leaderboard(rows.table, title, asked=columns is not None))
    if not any(rows.trials.values()):
        terminal.print_line(f"no trial has ended yet in {', '.join(rows.trials)}")
    n_more = rows.count() - rows.table.num_rows if rows.table.num_rows == MOST_ROWS else 0
    if top is None and n_more:
        print(f"{n_more:,} more rows: --top N, or --format csv")
    if rows.n_hidden:
        hidden = "1 repeat is" if rows.n_hidden == 1 else f"{rows.n_hidden} repeats are"
        print(f"{hidden} hidden: --all shows every trial")
