"""`autocnn resume`: continue a study."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import autocnn.api as api
from autocnn.cli.options import (
    CopyOption,
    Given,
    JsonOption,
    MlflowOption,
    QuietOption,
    ReportOption,
    ResultsOption,
    StudyArgument,
    TensorboardOption,
    TrustOption,
    VerboseOption,
    WatchOption,
    WatchPortOption,
    setting_option,
    with_settings,
)
from autocnn.cli.running import Shown, run_study

STARTED = time.monotonic()  # about when the process began: the time budget counts from here


@with_settings(
    trials=setting_option(
        "trials",
        help="End after this number of trials, those on record included.",
        environment=False,
    ),
    time_budget_s=setting_option(
        "time_budget_s",
        help="Time from now on, such as 90s, 12m or 1h30m; by default the study's own.",
        environment=False,
    ),
    finals=setting_option("finals", environment=False),
    seeds=setting_option("seeds", environment=False),
    workers=setting_option("workers", environment=False),
    executor=setting_option("executor", environment=False),
    ray_address=setting_option("ray_address", environment=False),
    cpus_per_trial=setting_option("cpus_per_trial", environment=False),
    gpus_per_trial=setting_option("gpus_per_trial", environment=False),
)
def resume(
    given: Given,
    study: StudyArgument = None,
    as_json: JsonOption = False,
    report: ReportOption = True,
    watch: WatchOption = False,
    watch_port: WatchPortOption = None,
    tensorboard: TensorboardOption = None,
    mlflow: MlflowOption = None,
    copy_to: CopyOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    results: ResultsOption = Path("results"),
    trust: TrustOption = False,
) -> None:
    """Continue a study with its own settings; the time budget starts anew."""
    if trust:
        api.trust_studies(results, [study] if study else [])
    found = api.resume(results, study, given)
    if "/" in found.settings.dataset and not quiet:  # a study that was received may name any path
        print(f"images: {found.settings.dataset!r}", file=sys.stderr)
    trackers = api.TrackerSettings(tensorboard=tensorboard, mlflow=mlflow)
    api.check_trackers(trackers, found.study.paths.root)
    verbosity = -1 if quiet else int(verbose)
    port = api.WATCH_PORT if watch and watch_port is None else watch_port
    shown = Shown(
        verbosity=verbosity,
        as_json=as_json,
        report=report,
        watch_port=port,
        trackers=trackers,
        copy_to=copy_to,
    )
    run_study(found, STARTED, shown)
