"""A link to a process that is not there."""

from __future__ import annotations

from collections import deque
from typing import Any

from autocnn.executors.resources import Share
from autocnn.executors.watch import Usage
from autocnn.trial import FailureCause


class FakeLink:
    """A process that is up as soon as `is_up` is set, and sends what `messages` holds."""

    def __init__(self) -> None:
        self.is_started = self.is_up = False
        self.messages: deque[Any] = deque()
        self.orders: list[Any] = []
        self.is_dead = False
        self.n_starts = 0
        self.share = Share()

    def start(self) -> None:
        """Start; the place comes later."""
        self.is_started, self.is_dead = True, False
        self.n_starts += 1

    def send(self, order: Any) -> None:
        """Record the order."""
        self.orders.append(order)

    def poll(self, timeout_s: float | None = 0.0) -> bool:
        """True if there is a message, or the process is dead."""
        return bool(self.messages) or self.is_dead

    def receive(self) -> Any:
        """The next message."""
        if not self.messages:
            raise EOFError
        return self.messages.popleft()

    def usage(self) -> Usage:
        """Nothing."""
        return Usage()

    def kill(self) -> None:
        """End it."""
        self.forget()

    def end(self, timeout_s: float) -> None:
        """End it."""
        self.forget()

    def death(self, timeout_s: float) -> tuple[FailureCause, str]:
        """Its node was lost."""
        return FailureCause.NODE_LOST, "node 10.0.0.3 was lost"

    def forget(self) -> None:
        """It is gone."""
        self.is_started = self.is_up = self.is_dead = False
