"""`autocnn show`: one trial in full."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autocnn.cli.options import ResultsOption, StudyArgument


def show(
    study: StudyArgument = None,
    trial: Annotated[
        int | None, typer.Argument(help="Number of the trial; the best one by default.")
    ] = None,
    results: ResultsOption = Path("results"),
) -> None:
    """Show a trial: its layers with shapes and parameters, its settings, its learning curve."""
    import autocnn.api as api
    from autocnn.report.terminal import print_wide
    from autocnn.report.trial_page import render_trial

    view = api.load_study(results, study)
    record = view.trial(trial)
    print_wide(render_trial(record, view.network(record)))
