"""`autocnn show`: one trial in full, or two side by side."""

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
    compare: Annotated[
        tuple[int, int] | None,
        typer.Option(metavar="A B", help="Show trials A and B side by side instead."),
    ] = None,
    results: ResultsOption = Path("results"),
) -> None:
    """Show a trial: its layers with shapes and parameters, its settings, its learning curve."""
    import autocnn.api as api
    from autocnn.errors import SettingsError
    from autocnn.report.compare import render_comparison
    from autocnn.report.terminal import print_wide
    from autocnn.report.trial_page import render_trial

    if compare is None:
        view = api.load_study(results, study)
        record = view.trial(trial)
        print_wide(render_trial(record, view.network(record)))
        return
    if trial is not None:
        raise SettingsError(f"--compare names both trials: leave out the TRIAL, got {trial}")
    if compare[0] == compare[1]:
        raise SettingsError(f"--compare needs two different trials, got {compare[0]} twice")
    view = api.load_study(results, study)
    first, second = (view.trial(number) for number in compare)
    print_wide(render_comparison(first, second, view.space))
