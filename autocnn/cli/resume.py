"""`autocnn resume`: continue a study."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import autocnn.api as api
from autocnn.cli.options import (
    Given,
    ResultsOption,
    StudyArgument,
    TrustOption,
    setting_option,
    with_settings,
)
from autocnn.cli.running import Shown, run_study, with_shown

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
    gpus=setting_option("gpus", environment=False),
    workers_per_gpu=setting_option("workers_per_gpu", environment=False),
    executor=setting_option("executor", environment=False),
    ray_address=setting_option("ray_address", environment=False),
    cpus_per_trial=setting_option("cpus_per_trial", environment=False),
    gpus_per_trial=setting_option("gpus_per_trial", environment=False),
)
@with_shown
def resume(
    given: Given,
    shown: Shown,
    study: StudyArgument = None,
    results: ResultsOption = Path("results"),
    trust: TrustOption = False,
) -> None:
    """Continue a study with its own settings; the time budget starts anew."""
    if trust:
        api.trust_studies(results, [study] if study else [])
    found = api.resume(results, study, given)
    is_path = "/" in found.settings.dataset  # a study that was received may name any path
    if is_path and shown.verbosity >= 0:
        print(f"images: {found.settings.dataset!r}", file=sys.stderr)
    api.check_trackers(shown.trackers, found.study.paths.root)
    run_study(found, STARTED, shown)
