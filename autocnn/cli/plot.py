"""`autocnn plot`: figures of a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import autocnn.api as api
import autocnn.terminal as terminal
from autocnn.cli.options import ResultsOption, StudyArgument, TrustOption, split_names

KINDS = (*api.PLOTS, *api.PICTURES)
FILES = api.either(f"FILE{ending}" for ending in api.PLOT_FILES)


def plot(
    kind: Annotated[str, typer.Argument(help=f"{api.either(KINDS)}.")],
    study: StudyArgument = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help=f"File to write: {FILES}.")
    ] = None,
    params: Annotated[
        str | None,
        typer.Option(
            help="Parameters of a figure that needs a file, separated by commas; by default the "
            "most important ones."
        ),
    ] = None,
    results: ResultsOption = Path("results"),
    trust: TrustOption = False,
) -> None:
    """Draw a study: on the terminal (history, curves, importance, confusion), or to a file.

    Confusion is of the test images, as the finals recorded it. Calibration, mistakes, features and
    filters are of the winner's own weights, and of validation images.
    """
    if trust:
        api.trust_studies(results, [study] if study else [])
    api.check_choice("KIND", kind, KINDS)
    wanted = None if params is None else split_names(params)
    view = api.load_study(results, study)
    if output is None:
        terminal.print_wide(api.draw_study(view, kind, wanted))
    else:
        terminal.print_line(str(api.plot_study(view, kind, output, wanted)))
