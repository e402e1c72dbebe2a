"""`autocnn ablate`: the effect of each part of a network on its score."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

import autocnn.api as api
import autocnn.terminal as terminal
from autocnn.cli.options import (
    JsonOption,
    QuietOption,
    ResultsOption,
    StudyArgument,
    VerboseOption,
    WorkersOption,
    split_names,
)
from autocnn.cli.running import Interrupt, end_plan


def ablate(
    study: StudyArgument = None,
    trial: Annotated[
        int | None, typer.Option(help="Number of the trial; by default the winner.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Trainings of each change.")] = 3,
    factors: Annotated[
        str | None,
        typer.Option(
            help="What is changed, such as dropout,optimizer; by default the most common factors."
        ),
    ] = None,
    subset: Annotated[
        int | None, typer.Option(help="Training images that are used; by default all.")
    ] = None,
    workers: WorkersOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    results: ResultsOption = Path("results"),
) -> None:
    """Change one part of a trial's network at a time, and report the effect on the score."""
    settings = api.AblationSettings(
        trial=trial,
        seeds=seeds,
        factors=tuple(name for name in split_names(factors or "") if name),
        subset=subset,
        workers=workers,
    )
    view = api.load_study(results, study)
    interrupt = Interrupt()
    with terminal.open_screen(-1 if quiet else int(verbose), objective=view.objective) as screen:
        outcome = api.ablate(view, settings, screen, interrupt.is_set)
    if as_json:
        print(json.dumps(api.plan_json(outcome)))
    else:
        terminal.print_wide(terminal.render_ablation(outcome.rows, outcome.head))
        terminal.print_line(f"written to {outcome.folder / 'ablation.md'} and ablation.parquet")
    end_plan(interrupt, [row.score for row in outcome.rows])
