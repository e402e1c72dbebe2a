"""`autocnn plot`: figures of a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autocnn.cli.options import ResultsOption, StudyArgument


def plot(
    kind: Annotated[str, typer.Argument(help="history, curves, importance, parallel or slice.")],
    study: StudyArgument = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write: FILE.html, FILE.png or FILE.svg."),
    ] = None,
    params: Annotated[
        str | None,
        typer.Option(
            help="Parameters that parallel and slice show, separated by commas; "
            "the most important ones by default."
        ),
    ] = None,
    results: ResultsOption = Path("results"),
) -> None:
    """Draw a study: on the terminal (history, curves, importance), or to a file."""
    import autocnn.api as api
    from autocnn.terminal.printing import print_wide

    api.check_choice("KIND", kind, api.PLOTS)
    wanted = None if params is None else [name.strip() for name in params.split(",")]
    view = api.load_study(results, study)
    if output is None:
        print_wide(api.draw_study(view, kind, wanted))
    else:
        print(api.plot_study(view, kind, output, wanted))
