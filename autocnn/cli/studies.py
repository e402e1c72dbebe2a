"""`autocnn studies`: what lies in the results folder; `clean` deletes a study."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from autocnn.cli.options import ResultsOption

studies = typer.Typer(help="List the studies of the results folder, or delete one.")


@studies.callback(invoke_without_command=True)
def show_studies(context: typer.Context, results: ResultsOption = Path("results")) -> None:
    """List the studies with their states, best scores and sizes."""
    context.obj = results
    if context.invoked_subcommand is not None:
        return
    import autocnn.api as api
    from autocnn.terminal.printing import print_wide
    from autocnn.terminal.studies_table import render_studies

    summaries = api.list_summaries(results)
    if summaries:
        print_wide(render_studies(summaries, str(results)))
    else:
        print(f"{results}: holds no study yet; `autocnn search` starts one")


@studies.command()
def clean(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the study.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    results: Annotated[
        Path | None, typer.Option(help="Folder of all studies, as before the command's name.")
    ] = None,
) -> None:
    """Delete a study: its record, leaderboard, weights and models."""
    import autocnn.api as api
    from autocnn.errors import SettingsError
    from autocnn.terminal.studies_table import size_text

    results = context.obj if results is None else results
    summary = api.summarise_study(results, name)
    if not yes:
        if sys.stdin is None or not sys.stdin.isatty():
            raise SettingsError("no terminal to ask on: give --yes to delete without asking")
        what = f"{results / name} ({summary.trials or 0} trials, {size_text(summary.size)})"
        typer.confirm(f"Delete {what} for good?", abort=True, err=True)
    freed = api.delete_study(results, name)
    print(f"{results / name}: deleted, {size_text(freed)} freed")
