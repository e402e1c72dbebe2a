"""`autocnn studies`: the studies of the results folder; `clean` deletes one, `fetch` copies one."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import autocnn.api as api
import autocnn.terminal as terminal
from autocnn.cli.options import JsonOption, ResultsOption
from autocnn.errors import SettingsError

studies = typer.Typer(help="List the studies of the results folder, delete one, or fetch a copy.")


@studies.callback(invoke_without_command=True)
def show_studies(
    context: typer.Context,
    results: ResultsOption = Path("results"),
    as_json: JsonOption = False,
) -> None:
    """List the studies with their states, best scores and sizes."""
    context.obj = results
    if context.invoked_subcommand is not None:
        return
    summaries = api.list_summaries(results)
    if as_json:
        print(json.dumps({"studies": [asdict(summary) for summary in summaries]}))
    elif summaries:
        terminal.print_wide(terminal.render_studies(summaries, str(results)))
    else:
        terminal.print_line(f"{results}: holds no study yet; `autocnn search` starts one")


@studies.command()
def clean(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the study.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without a question.")] = False,
    results: Annotated[
        Path | None,
        typer.Option(help="Folder of all studies; by default that of `autocnn studies`."),
    ] = None,
) -> None:
    """Delete a study: its record, leaderboard, weights and models."""
    results = context.obj if results is None else results
    summary = api.summarise_study(results, name)
    if not yes:
        if sys.stdin is None or not sys.stdin.isatty():
            raise SettingsError("no terminal to ask on: give --yes to delete without asking")
        size = terminal.size_text(summary.size)
        what = f"{results / name} ({summary.trials or 0} trials, {size})"
        typer.confirm(f"Delete {what} for good?", abort=True, err=True)
    untouched = api.untouched_database(api.find_study(results, name))
    freed = api.delete_study(results, name)
    terminal.print_line(f"{results / name}: deleted, {terminal.size_text(freed)} freed")
    if untouched is not None:
        terminal.print_line(
            f"{untouched}: was not named on this machine before, and was left as it is"
        )


@studies.command()
def fetch(
    context: typer.Context,
    url: Annotated[
        str, typer.Argument(metavar="URL", help="Of the copy, such as s3://bucket/results/STUDY.")
    ],
    results: Annotated[
        Path | None,
        typer.Option(help="Folder of all studies; by default that of `autocnn studies`."),
    ] = None,
) -> None:
    """Bring back a study that `search --copy-to` has copied; then `autocnn resume` goes on."""
    folder = api.fetch_copy(url, context.obj if results is None else results)
    terminal.print_line(f"{folder}: fetched")
