"""Texts from files, such as names of classes, cannot move the cursor or fake a line."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment


def escape_controls(text: str) -> str:
    """`text` with every character that is not printed as an escape sequence of Python."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def print_line(text: str, stream: TextIO | None = None) -> None:
    """Print one line to `stream`, by default standard output."""
    print(escape_controls(text), file=stream or sys.stdout)


class SafeConsole(Console):
    """A console that escapes what is not printed in all texts; its own colours are no texts."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The segments of `renderable`; the end of a line stays."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            if control or text.isprintable() or text == "\n":
                yield segment
            else:
                lines = "\n".join(map(escape_controls, text.split("\n")))
                yield Segment(lines, style)
