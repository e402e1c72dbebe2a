"""`autocnn worker`: train trials of a study that another terminal or machine began."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from autocnn.cli.options import (
    GpusOption,
    QuietOption,
    ResultsOption,
    VerboseOption,
    WorkersOption,
    WorkersPerGpuOption,
    given_values,
)
from autocnn.cli.running import join_study

STARTED = time.monotonic()  # about when the process began: the time budget counts from here


def worker(
    study: Annotated[
        str | None, typer.Option(help="Name of the study; the latest one by default.")
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option(help="URL of its database, where it cannot be opened without a password."),
    ] = None,
    workers: WorkersOption = None,
    gpus: GpusOption = None,
    workers_per_gpu: WorkersPerGpuOption = None,
    time_budget: Annotated[
        str | None, typer.Option(help="Such as 90s, 12m or 1h30m; the study's own by default.")
    ] = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    results: ResultsOption = Path("results"),
) -> None:
    """Help to train a study whose record lies in a database."""
    import autocnn.api as api

    given = given_values(
        storage=storage,
        workers=workers,
        gpus=gpus,
        workers_per_gpu=workers_per_gpu,
        time_budget_s=None if time_budget is None else api.parse_duration(time_budget),
    )
    settings = api.resume_settings(results, study, given)
    join_study(settings, STARTED, verbosity=-1 if quiet else int(verbose))
