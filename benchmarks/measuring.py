"""What all measurements here share: the machine, how busy it was, medians with their spread.

Wall seconds are noisy where a machine is shared or throttled. So CPU seconds stand beside them,
sides are alternated, and a warning is printed where other processes took part of the machine.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import statistics
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psutil

PACKAGES = ("autocnn", "tensorflow", "jax", "keras", "keras-tuner", "optuna")
TRUSTED = 0.05  # of the machine's cores that others may take before a measurement is in doubt


def describe_machine() -> str:
    """Date, processor, cores, memory, versions and commit, in one line."""
    versions = [f"Python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    memory = psutil.virtual_memory().total / 2**30
    cores = len(os.sched_getaffinity(0))
    parts = [f"{date.today()}", f"{cores} cores of {_processor()}", f"{memory:.0f} GiB", *versions]
    return "; ".join([*parts, f"commit {_commit()}"])


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--abbrev=7"]
    here = Path(__file__).parent
    answer = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"


def median_and_spread(values: Sequence[float], digits: int = 2) -> str:
    """`1.20 (1.10-1.31)`: the median, and the least and the largest where there are several."""
    middle = f"{statistics.median(values):.{digits}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def alternate(
    sides: Mapping[str, Callable[[], Any]], n: int, told: Callable[[str], None] = print
) -> dict[str, list[Any]]:
    """What each side returns in `n` rounds; every other round goes through them backwards."""
    results: dict[str, list[Any]] = {name: [] for name in sides}
    for i in range(n):
        for name in list(sides)[:: 1 if i % 2 == 0 else -1]:
            told(f"round {i + 1} of {n}: {name}")
            results[name].append(sides[name]())
    return results


@dataclass(slots=True)
class Load:
    """The share of the machine that processes other than this one's took."""

    others: float = 0.0

    def warning(self) -> str:
        """A line for the reader, or "" where the figures can be trusted."""
        if self.others <= TRUSTED:
            return ""
        share = f"{100 * self.others:.0f} %"
        return (
            f"The machine was busy: other processes took {share} of it. Do not trust these times."
        )


@contextmanager
def watch_load() -> Iterator[Load]:
    """Measure, from start to end, what others than this process and its children used.

    Children count once they have ended and were waited for.
    """
    load = Load()
    start, own = psutil.cpu_times(), _own_seconds()
    yield load
    end = psutil.cpu_times()
    total = sum(end) - sum(start)
    idle = end.idle + end.iowait - start.idle - start.iowait
    busy = total - idle - (_own_seconds() - own)
    load.others = max(0.0, busy / total) if total else 0.0


def _own_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def tree_cpu_seconds(process: psutil.Process) -> float:
    """CPU seconds of a running process, its living children, and those that it waited for."""
    total = 0.0
    for each in [process, *process.children(recursive=True)]:
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total
