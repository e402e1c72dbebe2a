"""Does a long search grow? Resident memory of all its processes, trial by trial.

    python benchmarks/memory.py --trials 200

Runs a digits study of the default space, two epochs a trial, and weighs the process tree five times
a second. The largest memory over the last 20 trials must be at most 10 % above that over trials 10
to 30. Memory that processes share is counted for each of them. Leaves with exit code 1 beyond.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict

import psutil
from rich.console import Console
from rich.table import Table

EVERY_S = 0.2
ALLOWED = 1.1


def main() -> None:
    """Run the study and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--space", default="cnn")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="autocnn-memory-") as folder:
        peaks = weigh_search(options, folder)
    windows = [(10, 30), *((low, low + 30) for low in range(30, options.trials - 49, 30))]
    windows.append((options.trials - 20, options.trials))
    first = peak_over(peaks, *windows[0])
    table = Table("trials", "supervisor MiB", "workers MiB", "together MiB", "against trials 10-30")
    for low, high in windows:
        total = peak_over(peaks, low, high)
        own, theirs = (peak_over(peaks, low, high, part) for part in (0, 1))
        table.add_row(
            f"{low}-{high}", f"{own:.0f}", f"{theirs:.0f}", f"{total:.0f}", f"{total / first:.3f}"
        )
    Console().print(table)
    sys.exit(1 if peak_over(peaks, *windows[-1]) > ALLOWED * first else 0)


Peaks = dict[int, list[tuple[float, float]]]  # supervisor's and workers' MiB, by trials ended


def weigh_search(options: argparse.Namespace, folder: str) -> Peaks:
    """What the processes of one search took while so many trials had ended."""
    command = ["search", "--dataset", "digits", "--space", options.space, "--study", "memory"]
    command += ["--results", folder, "--no-recipes", "--epochs", str(options.epochs)]
    command += ["--trials", str(options.trials), "--workers", str(options.workers)]
    process = subprocess.Popen(
        [sys.executable, "-m", "autocnn", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    n_ended = 0

    def count() -> None:
        nonlocal n_ended
        assert process.stderr is not None
        for line in process.stderr:
            n_ended += line.startswith("trial ")

    counter = threading.Thread(target=count)
    counter.start()
    peaks: Peaks = defaultdict(list)
    while process.poll() is None and n_ended < options.trials:
        peaks[n_ended].append(weigh(psutil.Process(process.pid)))
        threading.Event().wait(EVERY_S)
    process.wait()
    counter.join()
    if process.returncode != 0:
        raise SystemExit(f"the search ended with exit code {process.returncode}")
    return peaks


def weigh(process: psutil.Process) -> tuple[float, float]:
    """MiB of the process, and of its children together."""

    def rss(one: psutil.Process) -> float:
        try:
            return float(one.memory_info().rss) / 2**20
        except psutil.NoSuchProcess:
            return 0.0

    return rss(process), sum(rss(child) for child in process.children(recursive=True))


def peak_over(peaks: Peaks, low: int, high: int, part: int | None = None) -> float:
    """The largest memory while `low` to `high` trials had ended: of one part, or together."""
    weights = [pair for n, pairs in peaks.items() if low <= n < high for pair in pairs]
    return max(sum(pair) if part is None else pair[part] for pair in weights)


if __name__ == "__main__":
    main()
