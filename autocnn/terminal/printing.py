"""Printing to stdout: within the width of a terminal, at full width to a pipe or a file."""

from __future__ import annotations

from rich.console import RenderableType

from autocnn.terminal.escaping import SafeConsole

NO_LIMIT = 1_000_000  # columns: more than any table needs


def print_wide(renderable: RenderableType) -> None:
    """Print to stdout; no text is cut off or folded in a pipe or a file."""
    console = SafeConsole(highlight=False)
    if not console.is_terminal:
        options = console.options.update(max_width=NO_LIMIT)
        width = console.measure(renderable, options=options).maximum
        console = SafeConsole(highlight=False, width=max(1, width))
    console.print(renderable)
