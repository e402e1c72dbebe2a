"""`autocnn datasets`: the data sets known by name, and one of them in full or as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def datasets(
    name: Annotated[str | None, typer.Argument(help="Name of one data set.")] = None,
    grid: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png",
            help="Draw training images of every class, original and augmented, to this file.",
        ),
    ] = None,
    flip: Annotated[
        bool | None, typer.Option("--flip/--no-flip", help="Flip at random in --grid; by default.")
    ] = None,
    shift: Annotated[
        int | None, typer.Option(min=0, help="Most pixels of a shift in --grid; 2 by default.")
    ] = None,
    per_class: Annotated[
        int | None, typer.Option(min=1, help="Images of a class in --grid; 8 by default.")
    ] = None,
) -> None:
    """List the data sets and whether they are on this machine, or look at one of them."""
    import autocnn.api as api
    from autocnn.errors import SettingsError
    from autocnn.report.datasets import render_dataset, render_datasets
    from autocnn.report.terminal import print_wide

    wishes: dict[str, Any] = {"flip": flip, "shift": shift, "per_class": per_class}
    given = {key: value for key, value in wishes.items() if value is not None}
    if grid is None and given:
        raise SettingsError("--flip, --shift and --per-class are for --grid FILE.png: add it")
    if grid is None:
        table = render_datasets(api.list_datasets())
        print_wide(table if name is None else render_dataset(api.dataset_facts(name)))
    elif name is None:
        raise SettingsError("--grid needs the NAME of a data set; `autocnn datasets` lists them")
    else:
        print(api.write_grid(name, grid, **given))
