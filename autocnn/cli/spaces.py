"""`autocnn spaces`: the search spaces that come with autocnn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

import autocnn.api as api
import autocnn.terminal as terminal
from autocnn.cli.options import JsonOption
from autocnn.errors import SettingsError


def spaces(
    name: Annotated[str | None, typer.Argument(help="A name, or a .toml file.")] = None,
    copy: Annotated[
        Path | None, typer.Option(help="Write the space to this new file, for you to change.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the search spaces, or show one of them."""
    if name is None:
        if copy is not None:
            known = ", ".join(api.space_names())
            raise SettingsError(f"--copy needs the NAME of a space: {known}")
        if as_json:
            found = {each: api.load_space(each).description for each in api.space_names()}
            print(json.dumps({"spaces": found}))
            return
        for each in api.space_names():
            print(f"{each:<16} {api.load_space(each).description}")
        return
    if as_json:
        raise SettingsError("--json is for the list of spaces; --copy FILE writes one as TOML")
    space = api.load_space(name)
    if copy is not None:
        terminal.print_line(str(api.copy_space(space, copy)))
        return
    for line in terminal.describe_explicit(space):
        terminal.print_line(line)
    terminal.print_wide(terminal.render_space(space))
