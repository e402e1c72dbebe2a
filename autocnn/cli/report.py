"""`autocnn report`: one HTML page about studies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import autocnn.api as api
import autocnn.terminal as terminal
from autocnn.cli.options import ResultsOption, TrustOption


def report(
    studies: Annotated[
        list[str] | None, typer.Argument(help="Names of studies; by default the latest one.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write; by default report.html in the study."),
    ] = None,
    results: ResultsOption = Path("results"),
    trust: TrustOption = False,
) -> None:
    """Write a page about studies: what was tried, what won and why, with figures and all trials.

    The page needs no other file and no network.
    """
    names = studies or []
    if trust:
        api.trust_studies(results, names)
    if output is not None:
        api.check_report_file(output)
    views = [api.load_study(results, name) for name in names] or [api.load_study(results)]
    target = views[0].paths.root / "report.html" if output is None else output
    terminal.print_line(str(api.write_report(views, target)))
