"""`autocnn dashboard`: Optuna's dashboard of a study."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

import autocnn.api as api
import autocnn.terminal as terminal
from autocnn.cli.options import ResultsOption, StudyArgument, TrustOption


def dashboard(
    study: StudyArgument = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 is any free one.")] = 8080,
    opens: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in a browser (default).")
    ] = True,
    results: ResultsOption = Path("results"),
    trust: TrustOption = False,
) -> None:
    """Look at a study, also while it is searched, in Optuna's dashboard.

    Only browsers of this machine reach it, and the study cannot be changed there.
    """
    if trust:
        api.trust_studies(results, [study] if study else [])
    api.dashboard(
        study,
        results,
        port,
        opens=opens,
        message=lambda text: terminal.print_line(text, sys.stderr),
    )
