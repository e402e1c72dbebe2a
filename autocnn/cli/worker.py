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
    StudyArgument,
    VerboseOption,
    setting_option,
    with_settings,
)
from autocnn.cli.running import join_study
from autocnn.errors import SettingsError

STARTED = time.monotonic()  # about when the process began: the time budget counts from here


@with_settings(
    storage=setting_option(
        "storage",
        help="URL of its database: if a password is needed, or on a machine without its folder.",
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
    study: StudyArgument = None,
    named: Annotated[
        str | None, typer.Option("--study", help="Name of the study, as in the other commands.")
    ] = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    results: ResultsOption = Path("results"),
) -> None:
    """Train trials of a study whose record is in a database, beside other processes.

    A machine that does not see the folder of the study needs `--storage`: settings and space come
    from the database, and the images must lie where the search has them.
    """
    if study is not None and named is not None and study != named:
        raise SettingsError(f"two studies are named, {study} and {named}; leave one of them out")
    found = api.resume_worker(results, study or named, given)
    join_study(found, STARTED, verbosity=-1 if quiet else int(verbose))
