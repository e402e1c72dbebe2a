"""Printing rich tables: fitted to a terminal, in full width where the output goes to a file."""

from __future__ import annotations

from rich.console import Console, RenderableType

FILE_WIDTH = 240  # columns, where no terminal sets a width


def print_wide(renderable: RenderableType) -> None:
    """Print to stdout; nothing is cut off in a pipe or file."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=FILE_WIDTH)
    console.print(renderable)
