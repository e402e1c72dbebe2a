"""Kills what comes before and after a search again and again, and compares the ends.

    python benchmarks/chaos_commands.py --kills 6

Five commands on digits, with the smallest networks: a search with two workers, the finals with
retrainings, an ablation, a comparison and an export. Each is killed with all its processes
(kill -9) at a random change of the files that it writes, and given again, until there were as many
kills as were asked for; then it may end. After each kill every trial and retraining that had ended
must be on record as it was, and every file be readable. At its end each command must have the
trials and the scores of one that was never killed. Leaves with exit code 1 otherwise.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from chaos import SPACE, unreadable
from chaos_facts import Facts, comparison, exported, retrainings_and_finals, trials
from rich.console import Console
from rich.table import Table

from autocnn.errors import StudyError
from autocnn.records.study_folder import StudyPaths

POLL_S = 0.01  # between two looks at the files
LATER_S = 0.3  # after a change, within which the kill comes
PATIENCE = 3  # runs in a row that end before the kill comes, after which a command is begun anew


@dataclass(frozen=True, slots=True)
class Command:
    """One command that is killed, and what it leaves on record."""

    name: str
    words: str
    facts: Callable[[Path], Facts]  # of the folder of all studies
    n: int  # facts that the command gives
    prepare: Callable[[Path], object] = lambda results: None


@dataclass(slots=True)
class Damage:
    """What the kills of one command cost."""

    kills: int = 0
    ends: int = 0  # commands that came to their end after kills
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)  # not as without kills


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=6, help="of each command")
    parser.add_argument("--commands", nargs="+", choices=list(COMMANDS), default=list(COMMANDS))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    table = Table(
        "command", "kills", "lost", "twice", "unreadable", "ends", "other scores", "minutes"
    )
    has_failed = False
    with tempfile.TemporaryDirectory(prefix="autocnn-chaos-") as place:
        base, n_changes = make_base(Path(place))
        for name in options.commands:
            start = time.monotonic()
            rng = random.Random(f"{options.seed}/{name}")
            damage = torment(COMMANDS[name], (base, n_changes), rng, options.kills)
            faults = (damage.lost, damage.twice, damage.unreadable, damage.other)
            has_failed |= any(faults)
            for line in (line for lines in faults for line in lines):
                print(line)
            counts = [damage.kills, *map(len, faults[:3]), damage.ends, len(damage.other)]
            cells = [name, *map(str, counts), f"{(time.monotonic() - start) / 60:.1f}"]
            print("|", *cells, flush=True)
            table.add_row(*cells)
    Console().print(table)
    sys.exit(1 if has_failed else 0)


def make_base(place: Path) -> tuple[Path, int]:
    """The folder of a finished study, with which each command begins, and the changes it took."""
    base = place / "base"
    base.mkdir()
    (place / "chaos.toml").write_text(SPACE, encoding="utf-8")
    return base, run(base, _SEARCH) or 1


def torment(command: Command, made: tuple[Path, int], rng: random.Random, kills: int) -> Damage:
    """Run the command once in peace, then kill it so many times and let it end.

    `made` is the finished study, and the changes of its files that the search made.
    """
    damage, (base, n_changes), calm = Damage(), made, made[0]
    if command.name != "search":
        calm = fresh(base, command, "calm")
        n_changes = run(calm, command.words) or 1
    expected = command.facts(calm)
    assert len(expected) == command.n, expected
    while damage.kills < kills:
        results, known = fresh(base, command, "killed"), Facts()
        for _ in range(PATIENCE):
            left = rng.randrange(n_changes)
            if run(results, command.words, changes=left, later_s=rng.uniform(0, LATER_S)) is None:
                damage.kills += 1
                known = check(command, results, known, damage)
                print(f"{command.name}: kill {damage.kills} at change {left}", flush=True)
            if damage.kills == kills:
                break
        run(results, command.words)
        check(command, results, known, damage)
        found = command.facts(results)
        damage.ends += 1
        for name in sorted(expected.keys() | found.keys()):
            if name not in expected:
                damage.twice.append(f"{command.name}: {name} is one too many: {found[name]}")
            elif found.get(name) != expected[name]:
                damage.other.append(f"{command.name}: {name} {found.get(name)}: {expected[name]}")
    return damage


def fresh(base: Path, command: Command, name: str) -> Path:
    """A copy of the finished study, as the command finds it."""
    results = base.parent / name
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir() if command.name == "search" else shutil.copytree(base, results)
    command.prepare(results)
    return results


def run(results: Path, words: str, changes: int | None = None, later_s: float = 0.0) -> int | None:
    """Run autocnn; return the number of changes of files that were seen.

    After the change number `changes`, if given, all its processes are killed `later_s` later, and
    the answer is None, unless it ended before.
    """
    words = words.replace("RESULTS", str(results)).replace("PLACE", str(results.parent))
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "autocnn", *words.split(), "--results", str(results)],
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        seen, n = _state(results), 0
        while process.poll() is None and (changes is None or n <= changes):
            time.sleep(POLL_S)
            now = _state(results)
            n += len(now ^ seen) > 0
            seen = now
        if process.poll() is None:
            time.sleep(later_s)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return None
        if process.returncode != 0:
            output.seek(0)
            raise SystemExit(f"autocnn {words} failed:\n{output.read().decode()[-2000:]}")
    return n


def _state(folder: Path) -> frozenset[tuple[str, int, int]]:
    return frozenset(_walk(str(folder)))


def _walk(folder: str) -> Iterator[tuple[str, int, int]]:
    try:
        for entry in os.scandir(folder):
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path)
            else:
                stat = entry.stat(follow_symlinks=False)
                yield entry.path, stat.st_size, stat.st_ino
    except FileNotFoundError:  # deleted between two calls
        return


def check(command: Command, results: Path, known: Facts, damage: Damage) -> Facts:
    """What is on record now; what is missing, changed or unreadable goes into `damage`."""
    try:
        now = command.facts(results)
    except StudyError:  # it has just begun
        now = {}
    for name, fact in known.items():
        if now.get(name) != fact:
            damage.lost.append(f"{command.name}: {name} was {fact} and is {now.get(name)}")
    for path in (path for path in results.rglob("*") if path.is_file()):
        reason = None if path.name.endswith(".tmp") else unreadable(path)
        if reason is not None:
            damage.unreadable.append(f"{command.name}: {path.name}: {reason}")
    return now


def without_finals(results: Path) -> None:
    """Take the finals away."""
    paths = StudyPaths(results / "base")
    shutil.rmtree(paths.finals)
    paths.manifest.unlink()


_SEARCH = (
    "search --study base --dataset digits --folds 1 --space PLACE/chaos.toml --no-recipes "
    "--trials 5 --epochs 3 --sampler random --pruner none --workers 2 --finals 1"
)
COMMANDS = {
    command.name: command
    for command in (
        Command("search", _SEARCH, lambda results: trials(results, "base"), 5),
        Command(
            "finals",
            "resume base --finals 2 --seeds 2",
            retrainings_and_finals,
            6,  # four retrainings, the finals, and the hashes
            without_finals,
        ),
        Command(
            "ablate",
            "ablate base --trial 0 --seeds 2 --factors optimizer,activation --workers 1",
            lambda results: trials(results / "base", "ablation-0"),
            6,
        ),
        Command(
            "compare",
            "compare --dataset digits --study base --seeds 2 --epochs 2 --workers 1",
            comparison,
            2,
        ),
        Command("export", "export base --output RESULTS/model.keras", exported, 2),
    )
}


if __name__ == "__main__":
    main()
