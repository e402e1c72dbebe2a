"""Printing to stdout: within the width of a terminal, at full width to a pipe or a file."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable
from typing import TextIO

from rich.console import RenderableType

from autocnn.terminal.escaping import SafeConsole, print_line

HANGING = 15  # columns of the names of closing lines, below which nothing of a text is printed
NO_LIMIT = 1_000_000  # columns: more than any table needs


def print_wide(renderable: RenderableType) -> None:
    """Print to stdout; no text is cut off or folded in a pipe or a file."""
    console = SafeConsole(highlight=False)
    if not console.is_terminal:
        options = console.options.update(max_width=NO_LIMIT)
        width = console.measure(renderable, options=options).maximum
        console = SafeConsole(highlight=False, width=max(1, width))
    console.print(renderable)


def print_closing(lines: Iterable[str], stream: TextIO | None = None) -> None:
    """Print lines of a name and a text; on a terminal they are folded between words.

    What follows a fold stands below the text, not below the name.
    """
    target = sys.stdout if stream is None else stream
    width = shutil.get_terminal_size().columns if target.isatty() else None
    for line in lines:
        for part in [line] if width is None else fold_line(line, width):
            print_line(part, target)


def fold_line(line: str, width: int) -> list[str]:
    """`line` in parts of at most `width` columns; a word, or a number and its %, stays whole."""
    folded = textwrap.wrap(
        line.replace(" %", "\N{NO-BREAK SPACE}%"),
        max(width, 2 * HANGING),
        subsequent_indent=" " * HANGING,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [part.replace("\N{NO-BREAK SPACE}", " ") for part in folded]
