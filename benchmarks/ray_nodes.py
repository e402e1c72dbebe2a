"""Loses a process, a node and the search itself of a study on Ray, and counts what that cost.

    python benchmarks/ray_nodes.py faults --trials 30
    python benchmarks/ray_nodes.py overhead --epochs 200 --rounds 5

`faults` starts a Ray head without CPUs and three nodes of one CPU on this machine, searches the
digits with one thread for each trial, and at random moments kills (SIGKILL) a training actor, a
node, and the search, which is resumed. The same study is searched by one local worker. Each trial
must be there once and have ended, and its score must be that of the local worker. Leaves with exit
code 1 if not. `--storage URL` keeps the record of both studies in a database.

`overhead` trains the same job of tiny epochs by the local executor and by Ray in turn, and prints
the wall and CPU seconds of the supervisor for each report, and those of a whole job of one epoch.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from measuring import describe_machine
from ray_overhead import measure_overhead
from rich.console import Console
from rich.table import Table

import autocnn.api as api
from autocnn.trial import TrialState

SPACE = """
[parameters]
blocks = { low = 1, high = 2 }
filters = { low = 4, high = 16, step = 4 }
batch_size = { choices = [32, 64] }
learning_rate_scale = { low = 0.2, high = 5.0, log = true }
"""
ACTOR = "ray::TrainingActor"  # begins the title of an actor's process
N_NODES = 3
# Ray's own niceness of 15 starves an actor where other programs run; the other one is telemetry.
OF_RAY = {"RAY_worker_niceness": "0", "RAY_USAGE_STATS_ENABLED": "0"}
TOLERANCE = 0.0  # between the scores of two trainings with the same number of threads
START_TRIES = 4  # of a node
RUN_S = 3600.0  # for a search, on a busy machine


@dataclass(slots=True)
class Run:
    """One process of a search, and the lines that it prints."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @property
    def n_ended(self) -> int:
        """The trials that this process has put on record."""
        return sum(line.startswith("trial ") and "  epoch " not in line for line in self.lines)

    def wait_for(self, n: int) -> bool:
        """Wait until `n` trials have ended; False: the process has ended before."""
        end = time.monotonic() + RUN_S
        while self.n_ended < n and self.process.poll() is None:
            if time.monotonic() > end:
                self.process.kill()
            time.sleep(0.1)
        return self.process.poll() is None


def start_search(arguments: list[str]) -> Run:
    """A process of autocnn, with a thread that reads its lines."""
    process = subprocess.Popen(
        [sys.executable, "-m", "autocnn", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    run = Run(process)

    def read() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            run.lines.append(line)
            if not line.startswith("trial ") or "  epoch " not in line:
                print("   ", line.rstrip(), flush=True)

    threading.Thread(target=read, daemon=True).start()
    return run


def search_arguments(folder: Path, study: str, options: argparse.Namespace) -> list[str]:
    """The command of a search that draws the same configurations wherever it trains."""
    (folder / "tiny.toml").write_text(SPACE, encoding="utf-8")
    found = ["search", "--dataset", "digits", "--space", str(folder / "tiny.toml")]
    found += ["--study", study, "--results", str(folder), "--no-recipes", "--sampler", "random"]
    found += ["--pruner", "none", "--trials", str(options.trials), "--epochs", str(options.epochs)]
    found += ["--finals", "1", "--no-report", "-v"]
    return found + (["--storage", options.storage] if options.storage else [])


def search_locally(folder: Path, options: argparse.Namespace) -> None:
    """Search the study `local` by one worker process."""
    run = start_search([*search_arguments(folder, "local", options), "--workers", "1"])
    if run.wait_for(sys.maxsize) or run.process.returncode:
        raise SystemExit(f"the local search failed:\n{''.join(run.lines[-20:])}")


def search_on_ray(folder: Path, options: argparse.Namespace, rng: random.Random) -> list[str]:
    """Search the study `nodes` on Ray, and lose what can be lost; returns what was lost when."""
    os.environ.update(OF_RAY)
    from ray.cluster_utils import Cluster

    cluster: Any = Cluster()
    patiently(lambda: cluster.add_node(num_cpus=0, **node_options()))
    for _ in range(N_NODES):
        patiently(lambda: cluster.add_node(num_cpus=1, **node_options()))
    events: list[str] = []
    try:
        arguments = search_arguments(folder, "nodes", options)
        arguments += ["--executor", "ray", "--ray-address", cluster.address]
        arguments += ["--workers", str(N_NODES), "--cpus-per-trial", "1"]
        first, second, third = sorted(rng.sample(range(2, max(5, options.trials * 3 // 4)), 3))
        losses: list[tuple[int, str, Callable[[Run], None]]] = [
            (first, "an actor", lambda run: kill_actor(rng)),
            (second, "a node", lambda run: lose_node(cluster, rng)),
            (third, "the search", lambda run: os.killpg(run.process.pid, signal.SIGKILL)),
        ]
        run = start_search(arguments)
        for n_ended, what, lose in losses:
            if not run.wait_for(n_ended):
                raise SystemExit(f"the search on Ray failed:\n{''.join(run.lines[-20:])}")
            time.sleep(rng.uniform(0.0, options.max_wait))
            lose(run)
            events.append(f"{what} was killed after {run.n_ended} trials")
            print(events[-1], flush=True)
        run.process.wait()
        run = start_search(["resume", "nodes", "--results", str(folder), "--no-report", "-v"])
        if run.wait_for(sys.maxsize) or run.process.returncode:
            raise SystemExit(f"the resumed search failed:\n{''.join(run.lines[-20:])}")
    finally:
        cluster.shutdown()
    return events


def node_options() -> dict[str, Any]:
    """The arguments of a node: a small object store, no dashboard."""
    return {"object_store_memory": 100 * 2**20, "include_dashboard": False}


def kill_actor(rng: random.Random) -> None:
    """Kill one of the processes of this cluster that train."""
    ours = psutil.Process().children(recursive=True)
    actors = [each for each in ours if ACTOR in " ".join(safe_title(each))]
    rng.choice(actors).kill()


def safe_title(process: psutil.Process) -> list[str]:
    """The command line of a process, empty if it has ended."""
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def lose_node(cluster: Any, rng: random.Random) -> None:
    """Kill all processes of a node that trains."""
    cluster.remove_node(rng.choice(sorted(cluster.worker_nodes, key=str)), allow_graceful=False)


def patiently(start: Callable[[], object]) -> None:
    """Start a node; Ray gives one 30 s to come up, which a busy machine may not keep."""
    for attempt in range(START_TRIES):
        try:
            start()
            return
        except Exception:  # Ray raises no other class
            if attempt + 1 == START_TRIES:
                raise


def compare(folder: Path, options: argparse.Namespace) -> tuple[Table, bool]:
    """A table of what both studies have, and whether all is as it must be."""
    studies = {name: api.load_study(str(folder), name) for name in ("local", "nodes")}
    records = {name: view.records for name, view in studies.items()}
    keyed = {
        name: {(each.number, str(sorted(each.values.items())), each.seed): each for each in found}
        for name, found in records.items()
    }
    shared = keyed["local"].keys() & keyed["nodes"].keys()
    differences = [
        abs((keyed["local"][key].score or 0.0) - (keyed["nodes"][key].score or 0.0))
        for key in shared
    ]
    ended = {
        name: sum(each.state is TrialState.COMPLETE for each in found)
        for name, found in records.items()
    }
    again = sum(
        1 for each in records["nodes"] if each.result is not None and each.result.attempts > 1
    )
    table = Table("what", "local", "nodes")
    table.add_row("trials on record", *(str(len(found)) for found in records.values()))
    table.add_row("complete", *(str(n) for n in ended.values()))
    table.add_row("different numbers", *(str(len({e.number for e in f})) for f in records.values()))
    table.add_row("same number, configuration, seed", "", str(len(shared)))
    table.add_row("tried again", "", str(again))
    table.add_row("largest difference of scores", "", f"{max(differences, default=1.0):.2g}")
    is_whole = (
        ended == {"local": options.trials, "nodes": options.trials}
        and len(shared) == len(records["nodes"]) == len(records["local"])
        and max(differences, default=1.0) <= TOLERANCE
    )
    return table, is_whole


def lose_and_compare(options: argparse.Namespace) -> bool:
    """Both searches, and their table; True if nothing was lost."""
    with tempfile.TemporaryDirectory(prefix="autocnn-ray-nodes-") as name:
        folder = Path(name)
        start = time.monotonic()
        search_locally(folder, options)
        between = time.monotonic()
        events = search_on_ray(folder, options, random.Random(options.seed))
        table, is_whole = compare(folder, options)
    Console().print(table)
    for event in events:
        print(event)
    took = f"{between - start:.0f} s locally, {time.monotonic() - between:.0f} s on Ray"
    print(f"{took}; {describe_machine()}")
    return is_whole


def main() -> None:
    """Run a part of the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("part", choices=("faults", "overhead"))
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--max-wait", type=float, default=3.0, help="seconds after a trial's end")
    parser.add_argument("--storage", help="URL of a database for both records")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.part == "faults":
        sys.exit(0 if lose_and_compare(options) else 1)
    measure_overhead(options.epochs, options.rounds)


if __name__ == "__main__":
    main()
