"""`autocnn compare`: known networks, all trained in the same way, beside the published figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

import autocnn.api as api
import autocnn.terminal as terminal
from autocnn.cli.options import (
    Given,
    JsonOption,
    QuietOption,
    ResultsOption,
    VerboseOption,
    WorkersOption,
    image_options,
)
from autocnn.cli.running import Interrupt, end_plan


@image_options
def compare(
    given: Given,
    dataset: Annotated[str, typer.Option(help="Name of a data set, or path of your own images.")],
    baseline: Annotated[
        list[str] | None,
        typer.Option(help="A name from `autocnn baselines`; may be given several times."),
    ] = None,
    study: Annotated[
        list[str] | None,
        typer.Option(help="A study whose winner is trained too; may be given several times."),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Trainings of each network.")] = 1,
    epochs: Annotated[int, typer.Option(help="Largest number of epochs of each training.")] = 30,
    patience: Annotated[
        int, typer.Option(help="Epochs without a better score after which a training stops.")
    ] = 5,
    workers: WorkersOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    results: ResultsOption = Path("results"),
) -> None:
    """Train known networks in the same way, and print them beside the published figures."""
    settings = api.CompareSettings(
        dataset=dataset,
        baselines=tuple(dict.fromkeys(baseline or ())),
        studies=tuple(dict.fromkeys(study or ())),
        seeds=seeds,
        epochs=epochs,
        patience=patience,
        results=str(results),
        workers=workers,
        images=api.ImageOptions(**given),
    )
    api.check_comparison(settings)
    with terminal.open_reading_bar(quiet=quiet) as on_read:
        api.read_images(settings.dataset, settings.images, on_read)
    interrupt = Interrupt()
    with terminal.open_screen(-1 if quiet else int(verbose)) as screen:
        outcome = api.compare(settings, screen, interrupt.is_set)
    if as_json:
        print(json.dumps(api.plan_json(outcome)))
    else:
        terminal.print_wide(terminal.render_networks(outcome.rows, outcome.title))
        terminal.print_line(f"written to {outcome.folder / 'compare.md'} and compare.parquet")
    end_plan(interrupt, [row.test for row in outcome.rows])
