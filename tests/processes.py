"""Actions of tests on processes of autocnn."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil


@contextmanager
def held(search: subprocess.Popen[str]) -> Iterator[None]:
    """Stop the trainings of a search during the block; its own process, with the record, runs."""
    children = psutil.Process(search.pid).children(recursive=True)
    trainings = [child for child in children if "spawn_main" in str(child.cmdline())]
    for training in trainings:
        training.suspend()
    yield
    for training in trainings:
        with suppress(psutil.NoSuchProcess):  # the search may have ended
            training.resume()
