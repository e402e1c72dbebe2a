"""`autocnn datasets`: the data sets known by name, and any one in full or as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from autocnn.cli.options import ImageSizeOption, SkipCorruptOption


def datasets(
    name: Annotated[
        str | None, typer.Argument(help="Name of one data set, or path of images of your own.")
    ] = None,
    image_size: ImageSizeOption = None,
    skip_corrupt: SkipCorruptOption = None,
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
    from autocnn.terminal.dataset_page import render_dataset, render_datasets
    from autocnn.terminal.printing import print_wide
    from autocnn.terminal.reading_bar import reading_bar

    drawn: dict[str, Any] = {"flip": flip, "shift": shift, "per_class": per_class}
    given = {key: value for key, value in drawn.items() if value is not None}
    if grid is None and given:
        raise SettingsError("--flip, --shift and --per-class are for --grid FILE.png: add it")
    options = api.ImageOptions(image_size, skip_corrupt or False)
    if name is None:
        wishes = {"--grid": grid, "--image-size": image_size, "--skip-corrupt": skip_corrupt}
        for option in (option for option, wish in wishes.items() if wish is not None):
            raise SettingsError(
                f"{option} needs the NAME of a data set, or a path; `autocnn datasets` lists names"
            )
        print_wide(render_datasets(api.list_datasets()))
        return
    with reading_bar(quiet=False) as on_read:
        api.read_images(name, options, on_read)
    if grid is None:
        print_wide(render_dataset(api.dataset_facts(name, options)))
    else:
        print(api.write_grid(name, grid, options, **given))
