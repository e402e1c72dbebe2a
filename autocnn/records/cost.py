"""What the runs of a study have cost: wall seconds and CPU seconds, one file a run.

A run is one process that searches, or that joins a shared study. Each process writes its own file
only: at its beginning, at its end, and with the events of the search, at most every WRITE_EVERY_S.
The cost of a run that was killed is the one at its last event.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from autocnn.errors import RecordError
from autocnn.files import make_folder_in, write_atomic
from autocnn.input_files import read_json
from autocnn.records.converter import from_json, to_json
from autocnn.records.manifest import read_manifest
from autocnn.records.study_folder import StudyPaths
from autocnn.trial import Progress, Relay

WRITE_EVERY_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCost:
    """What one run has cost so far."""

    seconds: float  # wall
    cpu_seconds: float  # of the process and its workers
    joined: bool = False  # the process joined a search, which counts the wall seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyCost:
    """What all runs of a study have cost together."""

    seconds: float = 0.0  # wall, of the searches one after another
    cpu_seconds: float = 0.0  # of the searches and of the processes that joined
    runs: int = 0  # searches


def read_cost(paths: StudyPaths) -> StudyCost:
    """The cost of all runs on record.

    Raises: RecordError if a file cannot be read.
    """
    runs = []
    for path in sorted(paths.costs.glob("*.json")):
        try:
            runs.append(from_json(read_json(path), RunCost))
        except (OSError, ValueError) as error:
            raise RecordError(
                f"{path}: cannot be read ({error}); delete it to go on without that run's cost"
            ) from error
    searches = [run for run in runs if not run.joined]
    return StudyCost(
        seconds=sum(run.seconds for run in searches),
        cpu_seconds=sum(run.cpu_seconds for run in runs),
        runs=len(searches),
    )


class CostMeter:
    """Measures this run and keeps its cost on record."""

    def __init__(
        self,
        paths: StudyPaths,
        start: float | None,
        *,
        joined: bool = False,
        clock: Callable[[], float] = time.monotonic,
        cpu_clock: Callable[[], float] | None = None,
    ) -> None:
        """`start`, by `clock`, is when this process began; None: the run begins now.

        `cpu_clock` gives the CPU seconds of this process, by default with those of its workers.
        """
        self._paths, self._joined, self._clock = paths, joined, clock
        self._cpu_clock = cpu_clock or cpu_seconds
        self.start = clock() if start is None else start
        self._cpu_start = self._cpu_clock() if start is None else 0.0
        self._file = paths.costs / f"{uuid.uuid4().hex}.json"
        self._written = -WRITE_EVERY_S

    @contextmanager
    def running(self) -> Iterator[None]:
        """Write the cost on entry and on exit, however the body ends.

        Raises: RecordError, before anything is written, if the cost of an earlier run cannot be
        read.
        """
        _adopt_manifest(self._paths)
        read_cost(self._paths)
        self.write()
        try:
            yield
        except BaseException:
            with suppress(RecordError):  # the error under way is the one to show
                self.write()
            raise
        self.write()

    def write(self) -> None:
        """Put the cost so far on record.

        Raises: RecordError if the file cannot be written.
        """
        now = self._clock()
        self._written = now
        cost = RunCost(
            seconds=now - self.start,
            cpu_seconds=self._cpu_clock() - self._cpu_start,
            joined=self._joined,
        )
        with suppress(OSError):  # `write_atomic` raises the error that is shown
            make_folder_in(self._paths.root, self._paths.costs)
        write_atomic(self._file, json.dumps(to_json(cost)) + "\n")

    def write_if_due(self) -> None:
        """Put the cost on record if the last time was WRITE_EVERY_S ago or earlier."""
        if self._clock() - self._written >= WRITE_EVERY_S:
            self.write()


def _adopt_manifest(paths: StudyPaths) -> None:
    """Keep the cost of a finished study of an earlier version, which only its manifest has."""
    if paths.costs.is_dir() or not paths.manifest.is_file():
        return
    outcome = read_manifest(paths.manifest).get("outcome", {})
    if "seconds" in outcome and "cpu_seconds" in outcome:
        cost = RunCost(seconds=outcome["seconds"], cpu_seconds=outcome["cpu_seconds"])
        make_folder_in(paths.root, paths.costs)
        write_atomic(paths.costs / "earlier.json", json.dumps(to_json(cost)) + "\n")


@dataclass(slots=True)
class MeteredListener(Relay):
    """Passes every event of a search on, and keeps the cost on record meanwhile."""

    meter: CostMeter

    def progress(self, progress: Progress) -> None:
        """Pass it on, after the cost is on record."""
        self.meter.write_if_due()
        Relay.progress(self, progress)


def cpu_seconds() -> float:
    """CPU seconds of this process since it began, and of its child processes, ended or alive."""
    import psutil

    total = sum(os.times()[:4])
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has just ended
            total += sum(child.cpu_times()[:4])
    return total
