"""A progress bar for the decoding of own images."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from autocnn.terminal.escaping import SafeConsole


@contextmanager
def open_reading_bar(
    *, quiet: bool, stream: TextIO | None = None
) -> Iterator[Callable[[str, int, int], None] | None]:
    """A function to call with the progress of each pass over the images; None without a terminal.

    Its arguments are the name of the pass, the images done and all images. The bar appears with the
    first call and disappears at the end: images that need no decoding show none.
    """
    console = SafeConsole(file=sys.stderr if stream is None else stream)
    if quiet or not console.is_terminal or console.is_dumb_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description:<18}", style="bold cyan"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    progress = Progress(*columns, console=console, transient=True)
    tasks: dict[str, TaskID] = {}

    def on_read(what: str, done: int, total: int) -> None:
        if not tasks:
            progress.start()
        if what not in tasks:
            tasks[what] = progress.add_task(what, total=total)
        progress.update(tasks[what], completed=done)

    try:
        yield on_read
    finally:
        progress.stop()
