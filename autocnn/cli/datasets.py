"""`autocnn datasets`: the data sets known by name, and one of them in full or as a picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

import autocnn.api as api
import autocnn.terminal as terminal
from autocnn.cli.options import Given, JsonOption, image_options
from autocnn.errors import SettingsError


@image_options
def datasets(
    given: Given,
    name: Annotated[
        str | None, typer.Argument(help="Name of one data set, or path of your own images.")
    ] = None,
    grid: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png",
            help="Draw training images of every class, original and augmented, to this file.",
        ),
    ] = None,
    flip: Annotated[
        bool | None,
        typer.Option("--flip/--no-flip", help="Flip images of --grid at random (default)."),
    ] = None,
    shift: Annotated[
        int | None,
        typer.Option(min=0, help="Largest shift of an image of --grid, in pixels; by default 2."),
    ] = None,
    per_class: Annotated[
        int | None,
        typer.Option(min=1, help="Largest number of images of a class in --grid; by default 8."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the data sets and whether they are on this machine, or describe one of them."""
    drawn: dict[str, Any] = {"flip": flip, "shift": shift, "per_class": per_class}
    picture = {key: value for key, value in drawn.items() if value is not None}
    if grid is None and picture:
        raise SettingsError("--flip, --shift and --per-class are for --grid FILE.png: add it")
    options = api.ImageOptions(**given)
    if name is None:
        names = {key: api.option_name(key).partition("/")[0] for key in given}
        _refuse({"--grid": grid, **{names[key]: value for key, value in given.items()}})
        if as_json:
            print(json.dumps(api.datasets_json(api.list_datasets())))
        else:
            terminal.print_wide(terminal.render_datasets(api.list_datasets()))
        return
    with terminal.open_reading_bar(quiet=False) as on_read:
        api.read_images(name, options, on_read)
    if grid is not None:
        file = str(api.write_grid(name, grid, options, **picture))
        terminal.print_line(json.dumps({"file": file}) if as_json else file)
    elif as_json:
        print(json.dumps(api.dataset_json(api.dataset_facts(name, options))))
    else:
        terminal.print_wide(terminal.render_dataset(api.dataset_facts(name, options)))


def _refuse(options: dict[str, Any]) -> None:
    """Raise SettingsError for an option that needs the name of a data set."""
    for option in (option for option, value in options.items() if value is not None):
        raise SettingsError(
            f"{option} needs the NAME of a data set, or a path; `autocnn datasets` lists names"
        )
