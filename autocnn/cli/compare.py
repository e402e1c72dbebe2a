"""`autocnn compare`: networks from the literature, trained alike, beside what was published."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autocnn.cli.options import (
    ImageSizeOption,
    QuietOption,
    ResultsOption,
    SkipCorruptOption,
    VerboseOption,
    WorkersOption,
)


def compare(
    dataset: Annotated[str, typer.Option(help="Name of a data set, or a path to images.")],
    baseline: Annotated[
        list[str] | None, typer.Option(help="A name from `autocnn baselines`; repeatable.")
    ] = None,
    study: Annotated[
        list[str] | None, typer.Option(help="A study whose winner is trained too; repeatable.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Trainings of each network.")] = 1,
    epochs: Annotated[int, typer.Option(help="Of each training, at most.")] = 30,
    patience: Annotated[int, typer.Option(help="Epochs without a better score, at most.")] = 5,
    image_size: ImageSizeOption = None,
    skip_corrupt: SkipCorruptOption = None,
    workers: WorkersOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    results: ResultsOption = Path("results"),
) -> None:
    """Train known networks alike, and print them beside what was published."""
    import autocnn.api as api
    from autocnn.cli.running import Interrupt, end_plan
    from autocnn.terminal.networks_table import render_comparison
    from autocnn.terminal.printing import print_wide
    from autocnn.terminal.reading_bar import reading_bar
    from autocnn.terminal.screen import open_screen

    settings = api.CompareSettings(
        dataset=dataset,
        baselines=tuple(dict.fromkeys(baseline or ())),
        studies=tuple(dict.fromkeys(study or ())),
        seeds=seeds,
        epochs=epochs,
        patience=patience,
        results=str(results),
        workers=workers,
        image_size=image_size,
        skip_corrupt=bool(skip_corrupt),
    )
    with reading_bar(quiet=quiet) as on_read:
        options = api.ImageOptions(settings.image_size, settings.skip_corrupt)
        api.read_images(settings.dataset, options, on_read)
    interrupt = Interrupt()
    with open_screen(-1 if quiet else int(verbose)) as screen:
        outcome = api.compare(settings, screen, interrupt.is_set)
    print_wide(render_comparison(outcome.rows, outcome.title))
    print(f"written to {outcome.folder / 'compare.md'} and compare.parquet")
    end_plan(interrupt, [row.test for row in outcome.rows])
