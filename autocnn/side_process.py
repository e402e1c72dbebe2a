"""A process beside a search, which may be slow, hang or fail without any effect on the search."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Protocol

from autocnn.errors import AutocnnError
from autocnn.spawning import signals_deferred, without_main

NICENESS = 10  # processes that train come first; a tenth of a core that is busy is left
KILL_S = 1.0  # for a process that was asked to end by a signal


class Say(Protocol):
    """Sends a line to the process that began this one, with the traceback of an internal error."""

    def __call__(self, text: str, traceback: str = "") -> None:
        """Send them."""
        ...


Work = Callable[..., None]  # called with what arrives, with a `Say`, and with the arguments


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A line from the process, or why it has ended before it was asked to."""

    text: str
    is_failure: bool = False
    traceback: str = ""  # of an internal error


class SideProcess:
    """A process that runs `work(inbox, say, *arguments)`, and which the search never waits for.

    `work` is a function of a module, and its arguments can be pickled. `inbox` yields what is sent,
    and ends at `close`, or if this process has died. What the process prints is dropped.
    """

    def __init__(self, work: Work, *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_run, args=(theirs, work, arguments), daemon=True, name=work.__name__
        )
        with signals_deferred(), without_main():
            self._process.start()
        theirs.close()
        self._outbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._has_ended = False
        self._sender = threading.Thread(target=self._send_all, daemon=True)
        self._sender.start()

    def send(self, item: object) -> None:
        """Send an object, without waiting; it is dropped if the process has ended."""
        self._outbox.put((item,))

    def received(self) -> list[Said]:
        """What the process has said since the last call."""
        found: list[Said] = []
        while not self._has_ended and self._connection.poll():
            try:
                found.append(self._connection.recv())
            except (EOFError, OSError):
                self._has_ended = True
                self._process.join(KILL_S)
                if self._process.exitcode:
                    text = f"its process ended with code {self._process.exitcode}"
                    found.append(Said(text=text, is_failure=True))
        return found

    def finish(self) -> None:
        """Let the process end once all that was sent is handled."""
        self._outbox.put(None)

    def close(self, wait_s: float) -> bool:
        """Finish, and end the process by force if it takes more than `wait_s` seconds.

        Returns: True if it ended by itself.
        """
        self.finish()
        self._process.join(wait_s)
        is_complete = self._process.exitcode is not None
        if not is_complete:
            self._process.terminate()
            self._process.join(KILL_S)
            self._process.kill()
            self._process.join(KILL_S)
        return is_complete

    def _send_all(self) -> None:
        """Send what is in the outbox; the pipe is full while the process is busy."""
        with contextlib.suppress(OSError):  # the process has ended: `received` says so
            while (item := self._outbox.get()) is not None:
                self._connection.send(item)
            self._connection.send(None)


def _run(connection: Connection, work: Work, arguments: tuple[Any, ...]) -> None:
    """What the process does: the work, and the reason if it fails."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the search, which ends this one
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM,))  # blocked as it was started
    os.nice(NICENESS)
    sink = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):  # standard output and error
        os.dup2(sink, stream)

    def say(text: str, traceback: str = "") -> None:
        connection.send(Said(text=text, traceback=traceback))

    try:
        work(_inbox(connection), say, *arguments)
    except Exception as error:
        is_known = isinstance(error, AutocnnError)
        text = str(error) if is_known else f"{type(error).__name__}: {error}"
        trace = "" if is_known else traceback.format_exc()
        with contextlib.suppress(OSError):  # the search has ended
            connection.send(Said(text=" ".join(text.split()), is_failure=True, traceback=trace))


def _inbox(connection: Connection) -> Iterator[Any]:
    with contextlib.suppress(EOFError, OSError):
        while (item := connection.recv()) is not None:
            yield item[0]
