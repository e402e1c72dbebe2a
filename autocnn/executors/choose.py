"""The table of executors by name."""

from __future__ import annotations

from collections.abc import Callable

from autocnn.executors.local import open_local
from autocnn.executors.protocol import Executor, ExecutorSetup

OpenExecutor = Callable[[ExecutorSetup], Executor]

EXECUTORS: dict[str, OpenExecutor] = {"local": open_local}


def open_executor(setup: ExecutorSetup) -> Executor:
    """The default executor, for `setup`."""
    return EXECUTORS["local"](setup)
