"""`autocnn export`: write a model to a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

import autocnn.api as api
from autocnn.cli.options import ResultsOption, StudyArgument

FILES = api.either(f"FILE{ending}" for ending in api.MODEL_FILES)


def export(
    output: Annotated[Path, typer.Option("--output", "-o", help=f"File to write: {FILES}.")],
    study: StudyArgument = None,
    trial: Annotated[
        int | None, typer.Option(help="Number of a trial; by default the shipped winner.")
    ] = None,
    results: ResultsOption = Path("results"),
) -> None:
    """Write the winner, or the network of a trial, to a file; its ending chooses the format."""
    view = api.load_study(results, study)
    print(api.export_model(view, output, trial))
    note = api.export_note(view, trial)
    if note:
        print(f"autocnn: {note}", file=sys.stderr)
