"""`autocnn evaluate`: the scores of a trained network on a data set with the same classes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

import autocnn.api as api
import autocnn.terminal as terminal
from autocnn.cli.options import Given, JsonOption, ResultsOption, setting_option, with_settings

_OPTIONS = ("skip_corrupt", "label_column", "file_column", "follow_links")  # of own images


@with_settings(**{key: setting_option(key) for key in _OPTIONS})
def evaluate(
    given: Given,
    model: Annotated[
        str,
        typer.Argument(
            help=f"A model's file ({api.either(api.MODEL_FILES)}), or the name of a study, whose "
            "shipped winner is taken."
        ),
    ],
    data: Annotated[
        str, typer.Argument(help="Name of a data set, or path of your own labelled images.")
    ],
    split: Annotated[
        str | None,
        typer.Option(help="Part of a data set that has parts: train (with validation) or test."),
    ] = None,
    trial: Annotated[
        int | None, typer.Option(help="Number of a trial of the study instead of the winner.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            help="Write confusion.png, reliability.png and mistakes.png into this folder.",
        ),
    ] = None,
    results: ResultsOption = Path("results"),
    as_json: JsonOption = False,
) -> None:
    """Score a trained network on labelled images: accuracy, classes, calibration, mistakes.

    The images are prepared as the training images were; their classes are found by name.
    """
    loaded, note = api.open_model(model, results, trial)
    outcome = api.evaluate(loaded, data, split, api.ImageOptions(**given))
    for line in filter(None, (note, outcome.note)):
        terminal.print_line(f"autocnn: {line}", sys.stderr)
    files = [] if output is None else api.write_evaluation(outcome, output)
    if as_json:
        print(json.dumps({**outcome.as_json(), "files": [str(file) for file in files]}))
        return
    terminal.print_wide(terminal.render_evaluation(outcome.evaluation, outcome.title))
    for file in files:
        terminal.print_line(str(file))
