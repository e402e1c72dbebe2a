"""The seam between a worker's handle and the process that does its work, wherever that runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from autocnn.executors.watch import Usage
from autocnn.trial import FailureCause


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChanged:
    """A file in the folder of the job that a process on another machine trains."""

    name: str
    content: bytes | None  # None: it was deleted


class Link(Protocol):
    """A worker process and the channel to it; what it does is in `worker_process.py`.

    Orders are sent and messages received in order. After the end of the process the messages that
    it has sent can still be received.
    """

    @property
    def is_started(self) -> bool:
        """True from `start` until `forget`, if the process has not ended by itself."""
        ...

    @property
    def is_up(self) -> bool:
        """True if an order can be sent without waiting for a place; a local process has one."""
        ...

    def start(self) -> None:
        """Start a process; it loads its backend while the caller goes on."""
        ...

    def send(self, order: Any) -> None:
        """Send an order. Raises: ConnectionError if the process is known to have ended."""
        ...

    def poll(self, timeout_s: float | None = 0.0) -> bool:
        """True if `receive` would not wait, after `timeout_s` at most; None: wait for ever."""
        ...

    def receive(self) -> Any:
        """The next message. Raises: EOFError or ConnectionError if the process has ended."""
        ...

    def usage(self) -> Usage:
        """What the process takes, as of the last reading."""
        ...

    def kill(self) -> None:
        """End the process by force."""
        ...

    def end(self, timeout_s: float) -> None:
        """Let the process end by itself within `timeout_s`, then end it by force."""
        ...

    def death(self, timeout_s: float) -> tuple[FailureCause, str]:
        """The cause of the end of the process; waits for it for at most `timeout_s`."""
        ...

    def forget(self) -> None:
        """Release what belongs to a process that has ended, or was never started."""
        ...
