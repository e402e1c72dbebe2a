"""`autocnn export`: write a model to files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

import autocnn.api as api
import autocnn.terminal as terminal
from autocnn.cli.options import JsonOption, ResultsOption, StudyArgument, TrustOption, split_names

FILES = api.either(f"FILE{ending}" for ending in api.EXPORT_FILES)
QuantizeOption = Annotated[
    str | None,
    typer.Option(
        help=f"Fewer bits, for LiteRT: {api.either(api.QUANTIZATIONS)}; int8 is calibrated on "
        "training images of the study."
    ),
]


def export(
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help=f"File to write: {FILES}. With --format, also a name without an ending, or a "
            "folder.",
        ),
    ],
    study: StudyArgument = None,
    trial: Annotated[
        int | None, typer.Option(help="Number of a trial; by default the shipped winner.")
    ] = None,
    formats: Annotated[
        str | None,
        typer.Option(
            "--format",
            help=f"Formats, with commas between them: {api.either(api.FORMAT_KEYS)}; by default "
            "what --output ends in.",
        ),
    ] = None,
    quantize: QuantizeOption = None,
    views: Annotated[
        str,
        typer.Option(
            help="Views of each image, whose predictions the file averages: "
            f"{api.either(api.VIEWS)}."
        ),
    ] = "none",
    report: Annotated[
        bool,
        typer.Option(
            "--report",
            help="Print a table of the files, with the time of a call for one image on this "
            "machine.",
        ),
    ] = False,
    card: Annotated[
        bool,
        typer.Option("--card", help="Write a model card, README.md, beside the files."),
    ] = False,
    results: ResultsOption = Path("results"),
    trust: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write the winner, or the network of a trial, to a file; its ending chooses the format.

    Each file is run and compared with the network before it appears. NAME.json beside it has the
    classes in the order of the outputs, and what the network expects.
    """
    if trust:
        api.trust_studies(results, [study] if study else [])
    view = api.load_study(results, study)
    settings = api.ExportSettings(
        output=output,
        formats=tuple(split_names(formats)) if formats is not None else (),
        trial=trial,
        quantize=quantize,
        report=report,
        views=views,
    )
    outcome = api.export_files(view, settings)
    _print_files(outcome, report=report)
    if card:
        files = [file.path for file in outcome.files]
        terminal.print_line(str(api.write_card(view, files, outcome.contract)))
    for line in terminal.describe_contract(outcome.contract):
        terminal.print_line(line)
    for note in api.export_notes(view, outcome, trial):
        terminal.print_line(f"autocnn: {note}", sys.stderr)
    if as_json:
        print(json.dumps(api.report_to_json(outcome)))


def _print_files(outcome: api.ExportOutcome, *, report: bool) -> None:
    if report:
        terminal.print_wide(terminal.render_files(outcome.files))
        return
    for file in outcome.files:
        terminal.print_line(str(file.path))
        if file.is_converted:
            terminal.print_line(terminal.describe_file(file))
