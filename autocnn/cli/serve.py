"""`autocnn serve`: a model behind an address on this machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

import autocnn.api as api
import autocnn.terminal as terminal
from autocnn.cli.options import ResultsOption


def serve(
    model: Annotated[
        str,
        typer.Argument(
            help=f"A model's file ({api.either(api.MODEL_FILES)}), or the name of a study, whose "
            "shipped winner is taken."
        ),
    ],
    trial: Annotated[
        int | None, typer.Option(help="Number of a trial of the study instead of the winner.")
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address; 0.0.0.0 lets other machines in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 is any free one.")] = 8000,
    dockerfile: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write the Dockerfile of a small image that serves the .onnx or .tflite file, and "
            "end; - is standard output.",
        ),
    ] = None,
    results: ResultsOption = Path("results"),
) -> None:
    """Serve a page that classifies images which are dropped or drawn, and POST /predict.

    Only programs of this machine reach it, if --host does not say otherwise.
    """
    if dockerfile is not None:
        target = None if dockerfile == "-" else Path(dockerfile)
        text = api.write_dockerfile(model, target)
        print(text if target is None else target, end="" if target is None else "\n")
        return
    api.serve(model, results, trial, host, port, lambda text: terminal.print_line(text, sys.stderr))
