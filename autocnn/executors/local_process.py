"""A worker process of this machine, at the other end of a pipe."""

from __future__ import annotations

import contextlib
import multiprocessing
from pathlib import Path
from typing import Any

from autocnn.executors.resources import Share
from autocnn.executors.watch import Usage, read_usage
from autocnn.executors.worker_process import serve
from autocnn.spawning import signals_deferred, without_main
from autocnn.trial import FailureCause


class LocalProcess:
    """A spawned process, as `Link` describes; what it prints goes to the file `log`."""

    def __init__(self, log: Path, share: Share | None = None) -> None:
        self._log = log
        self.share = Share() if share is None else share  # of the next process that is started
        self._process: Any = None
        self._connection: Any = None

    @property
    def is_started(self) -> bool:
        """True while the process lives."""
        return self._process is not None and self._process.is_alive()

    @property
    def is_up(self) -> bool:
        """True: an order waits in the pipe until the process has started."""
        return True

    @property
    def connection(self) -> Any:
        """The connection on which messages of the process arrive."""
        return self._connection

    def start(self) -> None:
        """Spawn the process."""
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        arguments = (other, self._log, self.share)
        process = context.Process(target=serve, args=arguments, daemon=True)
        with signals_deferred(), without_main():  # a half-started process prints a traceback
            process.start()
        self._process = process
        other.close()

    def send(self, order: Any) -> None:
        """Send an order through the pipe."""
        self._connection.send(order)

    def poll(self, timeout_s: float | None = 0.0) -> bool:
        """True if a message is in the pipe, or if its other end is closed."""
        return bool(self._connection.poll(timeout_s))

    def receive(self) -> Any:
        """The next message in the pipe."""
        return self._connection.recv()

    def usage(self) -> Usage:
        """What the process takes now."""
        return Usage() if self._process is None else read_usage(self._process.pid)

    def kill(self) -> None:
        """End the process by force, and wait for its end."""
        self._process.kill()
        self._process.join()

    def end(self, timeout_s: float) -> None:
        """Ask the process to end, and end it by force after `timeout_s`."""
        with contextlib.suppress(OSError, ValueError):  # the process may have ended already
            self._connection.send(None)
        self._process.join(timeout_s)
        if self._process.is_alive():
            self.kill()

    def death(self, timeout_s: float) -> tuple[FailureCause, str]:
        """Crashed, with the signal or the exit code."""
        self._process.join(timeout_s)
        code = self._process.exitcode
        reason = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        return FailureCause.CRASHED, f"the worker process ended with {reason}; see {self._log}"

    def forget(self) -> None:
        """Close the pipe, if there is one."""
        if self._connection is not None:
            self._connection.close()
        self._process = self._connection = None
