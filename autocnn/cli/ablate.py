"""`autocnn ablate`: what each thing of a network did for its score."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autocnn.cli.options import (
    QuietOption,
    ResultsOption,
    StudyArgument,
    VerboseOption,
    WorkersOption,
)


def ablate(
    study: StudyArgument = None,
    trial: Annotated[int | None, typer.Option(help="Its number; the winner by default.")] = None,
    seeds: Annotated[int, typer.Option(help="Trainings of each change.")] = 3,
    factors: Annotated[
        str | None, typer.Option(help="Such as dropout,optimizer; those asked for most by default.")
    ] = None,
    subset: Annotated[
        int | None, typer.Option(help="Training images that are used; all by default.")
    ] = None,
    workers: WorkersOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    results: ResultsOption = Path("results"),
) -> None:
    """Change one thing of a trial at a time, and write down what it did."""
    import autocnn.api as api
    from autocnn.cli.running import Interrupt, end_plan
    from autocnn.terminal.ablation_table import render_ablation
    from autocnn.terminal.printing import print_wide
    from autocnn.terminal.screen import open_screen

    settings = api.AblationSettings(
        trial=trial,
        seeds=seeds,
        factors=tuple(name.strip() for name in (factors or "").split(",") if name.strip()),
        subset=subset,
        workers=workers,
    )
    view = api.load_study(results, study)
    interrupt = Interrupt()
    with open_screen(-1 if quiet else int(verbose)) as screen:
        outcome = api.ablate(view, settings, screen, interrupt.is_set)
    print_wide(render_ablation(outcome.rows, outcome.head))
    print(f"written to {outcome.folder / 'ablation.md'} and ablation.parquet")
    end_plan(interrupt, [row.score for row in outcome.rows])
