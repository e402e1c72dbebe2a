"""`autocnn ensemble`: the networks of a study that are best together."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

import autocnn.api as api
import autocnn.terminal as terminal
from autocnn.cli.export import QuantizeOption
from autocnn.cli.options import JsonOption, ResultsOption, StudyArgument, TrustOption
from autocnn.errors import SettingsError

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
    quantize: QuantizeOption = None,
    card: Annotated[
        bool,
        typer.Option("--card", help="Write a model card, README.md, beside the file."),
    ] = False,
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
    if card and output is None:
        raise SettingsError("--card: give --output, the file beside which the card is written")
    settings = api.EnsembleSettings(most=most, views=views, output=output, quantize=quantize)
    view = api.load_study(results, study)
    outcome = api.ensemble(view, settings)
    terminal.print_wide(terminal.render_members(outcome))
    for line in terminal.describe_ensemble(outcome):
        terminal.print_line(line)
    if outcome.file is not None:
        terminal.print_line(f"file           {outcome.file.path}")
        terminal.print_line(f"               {terminal.describe_file(outcome.file)}")
        if card:
            written = api.write_card(view, [outcome.file.path], outcome.contract, outcome)
            terminal.print_line(f"card           {written}")
        for line in terminal.describe_contract(outcome.contract):
            terminal.print_line(line)
        terminal.print_line(
            "autocnn: each network has its trial's own weights, while the winner that a search "
            "ships may be refitted on more images: compare them with `autocnn evaluate`",
            sys.stderr,
        )
    if as_json:
        print(json.dumps(outcome.as_json()))
