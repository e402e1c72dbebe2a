"""`autocnn ensemble`: the networks of a study that are best together."""

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


def ensemble(
    study: StudyArgument = None,
    most: Annotated[int, typer.Option(help="Largest number of different networks.")] = 5,
    views: Annotated[
        str,
        typer.Option(
            help=f"Views of each image, whose predictions are averaged: {api.either(api.VIEWS)}."
        ),
    ] = "none",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help=f"Write the ensemble as one network: {FILES}. Without it nothing is written.",
        ),
    ] = None,
    results: ResultsOption = Path("results"),
    trust: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Choose the networks of a study that are best together, and write them as one file.

    They are chosen on the validation images; `autocnn evaluate FILE DATA --split test` scores the
    file on images that had no part in it.
    """
    if trust:
        api.trust_studies(results, [study] if study else [])
    settings = api.EnsembleSettings(most=most, views=views, output=output)
    outcome = api.ensemble(api.load_study(results, study), settings)
    terminal.print_wide(terminal.render_members(outcome))
    for line in terminal.describe_ensemble(outcome):
        terminal.print_line(line)
    if outcome.file is not None:
        terminal.print_line(f"file           {outcome.file.path}")
        terminal.print_line(f"               {terminal.describe_file(outcome.file)}")
        for line in terminal.describe_contract(outcome.contract):
            terminal.print_line(line)
        terminal.print_line(
            "autocnn: each network has its trial's own weights, while the winner that a search "
            "ships may be refitted on more images: compare them with `autocnn evaluate`",
            sys.stderr,
        )
    if as_json:
        print(json.dumps(outcome.as_json()))
