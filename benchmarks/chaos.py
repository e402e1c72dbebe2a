"""Kills a study again and again, and counts what that cost: it must be nothing but time.

    python benchmarks/chaos.py --kills 100

A digits study with two workers is killed with all its processes (kill -9), 0 to 20 s after the
first epoch that it reports, and resumed, until there were as many kills as were asked for. After
each kill every trial that had ended must be on record as it was, and every file of the study must
be readable. `--at-once N` does that with N studies beside each other: most of the time goes into
starting processes. Leaves with exit code 1 if anything was lost.
chaos_commands.py does so with finals, ablations, comparisons and exports.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

import autocnn.api as api
from autocnn.errors import AutocnnError
from autocnn.trial import TrialState

SPACE = """
[parameters]
blocks = { low = 1, high = 2 }
filters = { low = 4, high = 32, step = 4 }
batch_size = { choices = [16, 32, 64] }
learning_rate_scale = { low = 0.2, high = 5.0, log = true }
"""
START_S = 300.0  # for the first report to come, on a busy machine


@dataclass(slots=True)
class Damage:
    """What the kills of one study cost."""

    kills: int = 0
    lost: list[str] = field(default_factory=list)  # trials that had ended
    unreadable: list[str] = field(default_factory=list)  # files
    leftovers: int = 0  # temporary files, which the next start clears away
    trials: int = 0
    continued: int = 0  # trials that a kill interrupted and that ended later

    def __iadd__(self, other: Damage) -> Damage:
        for name in ("kills", "lost", "unreadable", "leftovers", "trials", "continued"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--max-wait", type=float, default=20.0, help="seconds after a report")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--at-once", type=int, default=1, help="studies beside each other")
    parser.add_argument("--storage", choices=("journal", "sqlite"), default="journal")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    start = time.monotonic()
    shares = [options.kills // options.at_once] * options.at_once
    shares[0] += options.kills - sum(shares)
    damage = Damage()
    with ThreadPoolExecutor(options.at_once) as pool:
        runs = [pool.submit(torment, options, i, kills) for i, kills in enumerate(shares) if kills]
        for run in runs:
            damage += run.result()
    report(damage, time.monotonic() - start)
    sys.exit(1 if damage.lost or damage.unreadable else 0)


def torment(options: argparse.Namespace, index: int, kills: int) -> Damage:
    """Start, kill and check one study so many times; all its files are deleted at the end."""
    rng = random.Random(f"{options.seed}/{index}")
    folder = Path(tempfile.mkdtemp(prefix="autocnn-chaos-"))
    (folder / "chaos.toml").write_text(SPACE, encoding="utf-8")
    begin = ["search", "--dataset", "digits", "--space", str(folder / "chaos.toml")]
    begin += ["--study", "chaos", "--no-recipes", "--trials", "100000", "--epochs", "6"]
    begin += ["--workers", str(options.workers), "--seed", str(index)]
    if options.storage == "sqlite":
        begin += ["--storage", f"sqlite:///{folder / 'chaos.db'}"]
    damage, known = Damage(), dict[int, tuple[object, ...]]()
    for round_ in range(kills):
        command = begin if round_ == 0 else ["resume", "chaos"]
        wait_s = rng.uniform(0.0, options.max_wait)
        kill_after(wait_s, [*command, "-v", "--results", str(folder)])
        damage.kills += 1
        known = check(folder, known, damage)
        done = sum(state != TrialState.RUNNING for state, *_ in known.values())
        print(
            f"study {index}, kill {round_ + 1}: {wait_s:4.1f} s after a report, {done} trials "
            f"ended, {len(damage.lost)} lost, {len(damage.unreadable)} files unreadable",
            flush=True,
        )
    damage.trials = sum(state != TrialState.RUNNING for state, *_ in known.values())
    shutil.rmtree(folder)
    return damage


def kill_after(wait_s: float, command: list[str]) -> None:
    """Run autocnn, and kill all its processes `wait_s` after its first report of an epoch."""
    process = subprocess.Popen(
        [sys.executable, "-m", "autocnn", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    timer = threading.Timer(START_S, os.killpg, (process.pid, signal.SIGKILL))
    timer.start()
    lines = []
    for line in process.stderr:
        lines.append(line)
        if "  epoch " in line:
            break
    else:
        timer.cancel()
        raise SystemExit(f"autocnn {' '.join(command)} reported nothing:\n{''.join(lines[-20:])}")
    timer.cancel()
    drain = threading.Thread(target=process.stderr.read)  # a full pipe would stop it
    drain.start()
    time.sleep(wait_s)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    drain.join()


def check(
    folder: Path, known: dict[int, tuple[object, ...]], damage: Damage
) -> dict[int, tuple[object, ...]]:
    """Every trial by number as it is on record now; what is missing or damaged goes into `damage`.

    A trial that had ended must be as it was; one that was running may be running or have ended.
    """
    root = folder / "chaos"
    now: dict[int, tuple[object, ...]] = {}
    try:
        for record in api.load_study(folder, "chaos").records:
            curve = () if record.result is None else record.result.curve
            now[record.number] = (record.state, record.seed, record.config, record.score, curve)
    except AutocnnError as error:
        damage.unreadable.append(f"record: {error}")
    for number, before in known.items():
        was_running = before[0] == TrialState.RUNNING
        if number not in now or (not was_running and now[number] != before):
            damage.lost.append(f"trial {number}: {before} is now {now.get(number)}")
        elif was_running and now[number][0] != TrialState.RUNNING:
            damage.continued += 1
    for path in (path for path in root.rglob("*") if path.is_file()):
        if path.name.endswith(".tmp"):
            damage.leftovers += 1
        elif (reason := unreadable(path)) is not None:
            damage.unreadable.append(f"{path.name}: {reason}")
    return now or known


def unreadable(path: Path) -> str | None:
    """Why the file cannot be read to its end, or None."""
    try:
        if path.suffix == ".parquet":
            pq.ParquetFile(path).read()
        elif path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                for name in arrays.files:
                    arrays[name]
        elif path.suffix == ".toml":
            tomllib.loads(path.read_text("utf-8"))
        elif path.suffix == ".json":
            json.loads(path.read_text("utf-8"))
    except Exception as error:  # whatever it is, it goes into the table
        return f"{type(error).__name__}: {error}"
    return None


def report(damage: Damage, seconds: float) -> None:
    """Print the table, and what was lost."""
    table = Table("kills", "trials ended", "lost", "interrupted and ended later")
    for title in ("unreadable files", "temporary files left", "minutes"):
        table.add_column(title)
    table.add_row(
        str(damage.kills),
        str(damage.trials),
        str(len(damage.lost)),
        str(damage.continued),
        str(len(damage.unreadable)),
        str(damage.leftovers),
        f"{seconds / 60:.1f}",
    )
    Console().print(table)
    for line in (*damage.lost, *damage.unreadable):
        print(line)


if __name__ == "__main__":
    main()
