"""`autocnn leaderboard`: the ranked trials of a study, or of several together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autocnn.cli.options import ResultsOption

MOST_ROWS = 200  # of a table on a screen, unless more are asked for


def leaderboard(
    studies: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="study",
            help="Names of studies, to be ranked together; the latest one by default.",
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Only rows such as state=complete or 'parameters<200000' (= != < <= > >=); may be "
            "given again, then all must hold. A row without a value never matches.",
        ),
    ] = None,
    top: Annotated[int | None, typer.Option(min=1, help="Only so many rows.")] = None,
    sort: Annotated[str | None, typer.Option(help="Column to sort by; rank by default.")] = None,
    columns: Annotated[
        str | None, typer.Option(help="Columns to show, separated by commas; all: every one.")
    ] = None,
    form: Annotated[
        str, typer.Option("--format", help="table, json, csv or md.", show_default=True)
    ] = "table",
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make the file again from the study's record first.")
    ] = False,
    results: ResultsOption = Path("results"),
) -> None:
    """Show the ranked trials of a study, or of several studies of the same images together."""
    import autocnn.api as api
    from autocnn.report.leaderboard_text import render_text
    from autocnn.terminal.leaderboard_table import render_table
    from autocnn.terminal.printing import print_wide

    api.check_choice("--format", form, ("table", "json", "csv", "md"))
    if rebuild:
        for view in api.load_studies(results, studies or []):
            api.rebuild_leaderboard(view)
    wanted = None if columns is None else [name.strip() for name in columns.split(",")]
    rows = api.select_rows(results, studies or [], sort, wanted, top, where or [])
    if form == "table":
        title = ", ".join(f"{name} ({n_trials} trials)" for name, n_trials in rows.trials.items())
        shown = rows.table.slice(0, top or MOST_ROWS)
        print_wide(render_table(shown, title, asked=columns is not None))
        if not any(rows.trials.values()):
            print(f"no trial has ended yet in {', '.join(rows.trials)}")
        if shown.num_rows < rows.table.num_rows:
            print(f"{rows.table.num_rows - shown.num_rows:,} more rows: --top N, or --format csv")
    else:
        print(render_text(rows.table, form))
