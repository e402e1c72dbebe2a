"""`autocnn spaces`: the search spaces that come with autocnn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def spaces(
    name: Annotated[str | None, typer.Argument(help="A name, or a .toml file.")] = None,
    copy: Annotated[
        Path | None, typer.Option(help="Write the space to this file, to be changed.")
    ] = None,
) -> None:
    """List the search spaces, or show one of them."""
    import autocnn.api as api
    from autocnn.errors import SettingsError
    from autocnn.space.library import space_names
    from autocnn.space.toml import load_space
    from autocnn.terminal.printing import print_wide
    from autocnn.terminal.space_page import describe_explicit, render_space

    if name is None:
        if copy is not None:
            raise SettingsError(f"--copy needs the NAME of a space: {', '.join(space_names())}")
        for known in space_names():
            print(f"{known:<16} {load_space(known).description}")
        return
    space = load_space(name)
    if copy is not None:
        print(api.copy_space(space, copy))
        return
    for line in describe_explicit(space):
        print(line)
    print_wide(render_space(space))
