"""Ctrl-C, or the interruption of a notebook's kernel, while something trains."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class _Interrupt:
    """The first signal asks for a clean end, once `is_set` has been polled; any other ends now."""

    def __init__(self) -> None:
        self._is_set = self._is_polled = False

    def is_set(self) -> bool:
        """True after the first signal."""
        self._is_polled = True
        return self._is_set

    def handle(self, *_: object) -> None:
        """Receive the signal."""
        ends_at_once = self._is_set or not self._is_polled
        self._is_set = True
        if ends_at_once:
            raise KeyboardInterrupt


@contextmanager
def interruption() -> Iterator[Callable[[], bool]]:
    """A function that is True once Ctrl-C was pressed; afterwards Ctrl-C means what it meant.

    The second Ctrl-C raises KeyboardInterrupt, and so does one that comes before the training,
    while libraries and images are loaded. Outside of the main thread no signal arrives.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    interrupt = _Interrupt()
    before = signal.signal(signal.SIGINT, interrupt.handle)
    try:
        yield interrupt.is_set
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler if before is None else before)
