"""`autocnn leaderboard`: the ranked trials of a study, or of several together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autocnn.cli.options import ResultsOption


def leaderboard(
    studies: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="study",
            help="Names of studies, to be ranked together; the latest one by default.",
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
    from autocnn.report.leaderboard import render_table, render_text
    from autocnn.report.terminal import print_wide

    api.check_choice("--format", form, ("table", "json", "csv", "md"))
    views = api.load_studies(results, studies or [])
    if rebuild:
        for view in views:
            api.rebuild_leaderboard(view)
    wanted = None if columns is None else [name.strip() for name in columns.split(",")]
    table = api.merged_rows(views, sort, wanted, top)
    if form == "table":
        names = (f"{view.paths.name} ({len(view.records)} trials)" for view in views)
        print_wide(render_table(table, ", ".join(names)))
    else:
        print(render_text(table, form))
