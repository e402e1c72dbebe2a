"""What do TensorBoard and MLflow cost a search? Made-up trials, real trackers.

    python benchmarks/tracker_cost.py --trials 20 --epochs 14 --rounds 3

A tracker has a process of its own, of a low priority (docs/decisions/0055). For each tracker two
searches without trainings are tracked in a fresh process, one without trials and one with
`--trials`: the first is what a tracker costs to start, and the difference, divided by the number of
epochs, is what an epoch costs, a trial's share of beginning and end included. CPU seconds of the
search and of the tracker's process are separate; a search sends and never waits. MLflow writes
into a new SQLite database, without a server.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from made_up import draw_curve, draw_proposals, end_trial
from measuring import alternate, describe_machine, median_and_spread
from rich.console import Console
from rich.table import Table

from autocnn.api.search_study import SilentListener
from autocnn.space.toml import load_space
from autocnn.trackers import tracking as module
from autocnn.trackers.protocol import TrackerSettings
from autocnn.trial import Progress, Running

TRACKERS = ("none", "tensorboard", "mlflow")
PATIENCE_S = 600.0  # for a tracker that shares its core


def main() -> None:
    """Measure every tracker and print the table, or track one search and print its CPU seconds."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", choices=TRACKERS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(track_one(arguments.one, arguments.trials, arguments.epochs)))
        return
    console = Console()
    console.print(describe_machine())
    sides = {
        f"{name} {trials}": lambda name=name, trials=trials: measure(name, trials, arguments.epochs)
        for name in TRACKERS
        for trials in (0, arguments.trials)
    }
    console.print(_table(alternate(sides, arguments.rounds, console.print), arguments))


def measure(tracker: str, trials: int, epochs: int) -> dict[str, float]:
    """CPU seconds of `search` and `tracker`, measured in a fresh process."""
    command = [sys.executable, __file__, "--one", tracker, "--trials", str(trials)]
    command += ["--epochs", str(epochs)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def track_one(tracker: str, n_trials: int, epochs: int) -> dict[str, float]:
    """Track made-up trials; returns the CPU seconds of this process and of its tracker."""
    proposals = list(draw_proposals(load_space("cnn"), n_trials, epochs))
    module.CLOSE_S = PATIENCE_S
    with tempfile.TemporaryDirectory() as folder:
        settings = TrackerSettings(
            tensorboard=str(Path(folder, "runs")) if tracker == "tensorboard" else None,
            mlflow=f"sqlite:///{folder}/mlflow.db" if tracker == "mlflow" else None,
        )
        before = _cpu_s(resource.RUSAGE_SELF)
        with module.tracking(SilentListener(), settings, "study") as listener:
            for proposal in proposals:
                curve = draw_curve(proposal.number, epochs)
                for n in range(1, epochs + 1):
                    running = (Running(proposal=proposal, curve=curve[:n]),)
                    listener.progress(Progress(phase="searching", counts={}, running=running))
                listener.trial_finished(proposal, end_trial(curve, is_pruned=False))
        return {
            "search": _cpu_s(resource.RUSAGE_SELF) - before,
            "tracker": _cpu_s(resource.RUSAGE_CHILDREN),
        }


def _cpu_s(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def _table(results: dict[str, list[dict[str, float]]], arguments: argparse.Namespace) -> Table:
    table = Table(title=f"{arguments.trials} trials of {arguments.epochs} epochs, CPU time")
    table.add_column("tracker")
    for title in ("start, search (ms)", "start, tracker (s)", "epoch, search", "epoch, tracker"):
        table.add_column(title, justify="right")
    n_epochs = arguments.trials * arguments.epochs
    for name in TRACKERS:
        empty, full = results[f"{name} 0"], results[f"{name} {arguments.trials}"]
        cells = [
            median_and_spread([1000 * one["search"] for one in empty], 0),
            median_and_spread([one["tracker"] for one in empty]),
        ]
        for side, digits in (("search", 2), ("tracker", 1)):
            pairs = zip(empty, full, strict=True)
            each = [1000 * (after[side] - before[side]) / n_epochs for before, after in pairs]
            cells.append(f"{median_and_spread(each, digits)} ms")
        table.add_row(name, *cells)
    return table


if __name__ == "__main__":
    main()
