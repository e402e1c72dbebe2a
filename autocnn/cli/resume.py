"""`autocnn resume`: go on with a study."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from autocnn.cli.options import (
    JsonOption,
    QuietOption,
    ResultsOption,
    StudyArgument,
    VerboseOption,
    given_values,
)
from autocnn.cli.running import run_study

STARTED = time.monotonic()  # about when the process began: the time budget counts from here


def resume(
    study: StudyArgument = None,
    trials: Annotated[
        int | None, typer.Option(help="End after so many trials, those on record included.")
    ] = None,
    time_budget: Annotated[
        str | None, typer.Option(help="Such as 90s, 12m or 1h30m; the study's own by default.")
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    results: ResultsOption = Path("results"),
) -> None:
    """Go on with a study, as it was set up; the time budget starts anew."""
    import autocnn.api as api

    given = given_values(
        trials=trials,
        time_budget_s=None if time_budget is None else api.parse_duration(time_budget),
    )
    settings = api.resume_settings(results, study, given)
    run_study(settings, STARTED, verbosity=-1 if quiet else int(verbose), as_json=as_json)
