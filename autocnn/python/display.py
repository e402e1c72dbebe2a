"""What a caller in Python sees while something trains: a live table, lines, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from autocnn.api.search_study import SilentListener
from autocnn.data.options import OnRead
from autocnn.objectives import ACCURACY, Objective
from autocnn.python.notebook import in_notebook
from autocnn.python.notebook_screen import NotebookScreen
from autocnn.python.wording import in_python
from autocnn.terminal.reading_bar import open_reading_bar
from autocnn.terminal.screen import open_screen
from autocnn.trial import Listener


class _InPython:
    """A listener that passes everything on, its lines in the words of Python."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.progress, self.trial_finished = listener.progress, listener.trial_finished

    def message(self, text: str) -> None:
        """Pass the line on."""
        self._listener.message(in_python(text))


class Display:
    """Where the progress of one call is shown.

    That is `listener` if one is given, and nothing without `progress`. Else it is a table in a
    notebook, a live screen on a terminal, and lines on stderr elsewhere.
    """

    def __init__(
        self,
        *,
        progress: bool,
        listener: Listener | None = None,
        objective: Objective = ACCURACY,
    ) -> None:
        self._listener = SilentListener() if listener is None and not progress else listener
        self._objective = objective
        is_table = self._listener is None and in_notebook()
        self._screen = NotebookScreen(objective) if is_table else None

    @contextmanager
    def reading(self) -> Iterator[OnRead | None]:
        """A function that receives the progress of the reading of images."""
        if self._screen is not None:
            yield self._screen.read
        else:
            with open_reading_bar(quiet=self._listener is not None) as on_read:
                yield on_read

    @contextmanager
    def training(self) -> Iterator[Listener]:
        """The listener for a search, or another call that trains."""
        if self._screen is not None:
            with self._screen.shown():
                yield _InPython(self._screen)
        elif self._listener is not None:
            yield _InPython(self._listener)
        else:
            with open_screen(0, objective=self._objective) as listener:
                yield _InPython(listener)
