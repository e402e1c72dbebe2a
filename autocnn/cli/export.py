"""`autocnn export`: write a model to a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

import autocnn.api as api
import autocnn.terminal as terminal
from autocnn.cli.options import JsonOption, ResultsOption, StudyArgument, TrustOption

FILES = api.either(f"FILE{ending}" for ending in api.MODEL_FILES)


def export(
    output: Annotated[Path, typer.Option("--output", "-o", help=f"File to write: {FILES}.")],
    study: StudyArgument = None,
    trial: Annotated[
        int | None, typer.Option(help="Number of a trial; by default the shipped winner.")
    ] = None,
    results: ResultsOption = Path("results"),
    trust: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write the winner, or the network of a trial, to a file; its ending chooses the format.

    NAME.json beside it has the classes in the order of the outputs, and what the network expects.
    """
    if trust:
        api.trust_studies(results, [study] if study else [])
    view = api.load_study(results, study)
    model = api.export_model(view, output, trial)
    contract = api.read_contract(model)
    terminal.print_line(str(model))
    for line in terminal.describe_contract(contract):
        terminal.print_line(line)
    note = api.export_note(view, trial)
    if note:
        terminal.print_line(f"autocnn: {note}", sys.stderr)
    if as_json:
        print(json.dumps({"model": str(model), "contract": api.contract_to_json(contract)}))
