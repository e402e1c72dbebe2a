"""`autocnn worker`: train trials of a study that another terminal or machine began."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

import autocnn.api as api
from autocnn.cli.options import (
    Given,
    QuietOption,
    ResultsOption,
    VerboseOption,
    setting_option,
    with_settings,
)
from autocnn.cli.running import join_study

STARTED = time.monotonic()  # about when the process began: the time budget counts from here


@with_settings(
    storage=setting_option(
        "storage",
        help="URL of its database, if it cannot be opened without a password.",
        environment=False,
    ),
    workers=setting_option("workers"),
    executor=setting_option("executor"),
    ray_address=setting_option("ray_address"),
    cpus_per_trial=setting_option("cpus_per_trial"),
    gpus_per_trial=setting_option("gpus_per_trial"),
    gpus=setting_option("gpus"),
    workers_per_gpu=setting_option("workers_per_gpu"),
    time_budget_s=setting_option(
        "time_budget_s",
        help="Time from now on, such as 90s, 12m or 1h30m; by default the study's own.",
        environment=False,
    ),
)
def worker(
    given: Given,
    study: Annotated[
        str | None, typer.Option(help="Name of the study; by default the latest one.")
    ] = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    results: ResultsOption = Path("results"),
) -> None:
    """Train trials of a study whose record is in a database, beside other processes."""
    found = api.resume(results, study, given)
    join_study(found, STARTED, verbosity=-1 if quiet else int(verbose))
