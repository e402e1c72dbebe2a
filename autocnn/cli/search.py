"""`autocnn search`: find, refit, test and export the best network."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

import autocnn.api as api
import autocnn.terminal as terminal
from autocnn.cli.options import (
    SEARCH,
    Given,
    setting_option,
    with_settings,
)
from autocnn.cli.running import Shown, run_study, with_shown

STARTED = time.monotonic()  # about when the process began: the time budget counts from here


OPTIONS = {
    key: setting_option(key, grouped=True) for key, each in api.SETTINGS.items() if each.help
}


@with_settings(**OPTIONS)
@with_shown
def search(
    given: Given,
    shown: Shown,
    baseline: Annotated[
        str | None,
        typer.Option(
            envvar="AUTOCNN_BASELINE",
            show_envvar=False,
            rich_help_panel=SEARCH,
            help="Train a network from the literature as it was published (see autocnn baselines).",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=SEARCH,
            help="TOML file of settings, such as the study.toml of another study, whose name is "
            "not used.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print what the search space holds.")
    ] = False,
) -> None:
    """Search, prune and rank networks, refit and test the winner once, and export it.

    Two minutes on scikit-learn's digits: autocnn search

    Ten minutes on a folder of photos: autocnn search --dataset photos --time-budget 10m

    What a space holds, without training: autocnn search --dataset cifar10 --dry-run

    A setting that no option gives is read from the environment: AUTOCNN_TIME_BUDGET=12m is the same
    as --time-budget 12m.
    """
    if baseline is not None:
        given["baseline"] = baseline
    found = api.resolve(given, {} if config is None else api.read_config(config))
    settings = found.settings
    if dry_run:
        api.check_survey(settings)
    else:
        api.check_search(settings, found.study)
        api.check_trackers(shown.trackers, found.study.paths.root)
    with terminal.open_reading_bar(quiet=shown.verbosity < 0) as on_read:
        options = api.ImageOptions.of(settings)
        info = api.read_images(settings.dataset, options, on_read)
    if dry_run:
        for note in info.notes:
            terminal.print_line(note, sys.stderr)
        survey = api.survey_settings(settings)
        lines = (
            [terminal.survey_json(*survey)] if shown.as_json else terminal.describe_survey(*survey)
        )
        for line in lines:
            terminal.print_line(line)
        return
    run_study(found, STARTED, shown)
