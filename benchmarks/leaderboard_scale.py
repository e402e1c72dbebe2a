"""Does a leaderboard of 100,000 trials open at once? And Optuna's own storage of the same trials?

    python benchmarks/leaderboard_scale.py --rows 100000

The trials are random points of a space with made-up curves. Each part has a fresh process:

- write: the table of all trials is built and written, which is done again and again while a search
  runs: nothing is appended. Reading the trials from the journal, which comes before, is in the
  last part.
- open: `select_rows`, which is all that `autocnn leaderboard` does before it prints: first its
  default view (every row, ten columns), then the best 100 of the complete trials below
  `--parameters`. The file says how large the journal was that it was made from; while that is so,
  the journal is not read, and one of a single line stands in for it here. Beside it the whole file,
  every column, and the command as a process of its own, with imports and printing.
- Optuna: a journal of the same trials (parameters, values, curves, and as attributes all that
  autocnn records), one line each, as `add_trials` writes it. Trials are not copied for the caller,
  which `Study.trials` would do.
- journal: a study as a search leaves it, some 50 lines a trial. `autocnn leaderboard` reads its
  journal where the file is behind: while a search runs, or after it was killed.

The last two parts have rows of their own; every row of the table says how many. Nothing is
extrapolated. MiB are of the whole process: before the step, and the most until its end. Imports are
outside the clock but for what says "a process". Leaves with exit code 1 where opening or filtering
the file takes longer than its limit.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import psutil
from measuring import alternate, describe_machine, median_and_spread, watch_load
from rich.console import Console
from rich.table import Table

from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings

T = TypeVar("T")
TOP = 100
OPEN, FILTER = "open the file", f"best {TOP}, filtered"
PROCESS = f"`autocnn leaderboard --top {TOP}`, a process"
LARGE, SEARCHED = "large", "searched"  # the studies of the parts open and journal
JOURNAL = "optuna.log"

Step = dict[str, Any]  # name, rows, wall and cpu in ms, before and most in MiB


def main() -> None:
    """Measure the parts and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--optuna-rows", type=int, default=100_000)
    parser.add_argument("--journal-rows", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=12, help="of a trial that is not pruned")
    parser.add_argument("--space", default="cnn")
    parser.add_argument("--parameters", type=int, default=200_000, help="the bound of the filter")
    parser.add_argument("--rounds", type=int, default=3, help="fresh processes for what reads")
    parser.add_argument("--open-limit", type=float, default=300, help="ms")
    parser.add_argument("--filter-limit", type=float, default=50, help="ms")
    parser.add_argument("--folder", type=Path, help="for the files; else a temporary one")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part is not None:
        print(json.dumps(PARTS[options.part](options)))
    else:
        sys.exit(measure_parts(options))


# --- in the processes that measure ---


def clocked(steps: list[Step], name: str, rows: int, run: Callable[[], T]) -> T:
    """What `run` returns; its time and the memory of the process are added to `steps`."""
    before = psutil.Process().memory_info().rss / 2**20
    start, start_cpu = time.perf_counter(), _cpu_seconds()
    answer = run()
    wall, cpu = time.perf_counter() - start, _cpu_seconds() - start_cpu
    found = {"wall": 1000 * wall, "cpu": 1000 * cpu, "before": before, "most": most_memory()}
    steps.append({"name": name, "rows": rows, **found})
    return answer


def _cpu_seconds() -> float:
    """Of this process, and of the children that it waited for."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def most_memory() -> float:
    """The most MiB that this process held.

    `ru_maxrss` is not asked: on Linux it begins with what the parent held.
    """
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def write(options: argparse.Namespace) -> list[Step]:
    """Build and write the table; then put the same trials into a journal, outside the clock."""
    from made_up import draw_records, write_optuna_journal

    from autocnn.leaderboard.file import record_bytes
    from autocnn.leaderboard.table import build_leaderboard, write_leaderboard
    from autocnn.objectives import ACCURACY
    from autocnn.records.optuna_record import silence_optuna
    from autocnn.records.settings_file import settings_to_toml
    from autocnn.space.toml import load_space

    silence_optuna()
    paths, space, steps = study_paths(options, LARGE), load_space(options.space), list[Step]()
    paths.root.mkdir()
    paths.study_toml.write_text(settings_to_toml(settings_of(options, LARGE)), encoding="utf-8")
    records = draw_records(space, max(options.rows, options.optuna_rows), options.epochs)
    rows, own = options.rows, records[: options.rows]
    table = clocked(steps, "build the table", rows, lambda: build_leaderboard(own, space, ACCURACY))
    paths.journal.write_text("no record: who reads this fails\n", encoding="utf-8")
    n_bytes = record_bytes(paths.journal)
    write_file = partial(write_leaderboard, paths.leaderboard, table, n_bytes)
    clocked(steps, "write the file", rows, write_file)
    write_optuna_journal(options.folder / JOURNAL, records[: options.optuna_rows], space)
    return steps


def study_paths(options: argparse.Namespace, study: str) -> StudyPaths:
    """Where the study lies."""
    return StudyPaths(options.folder / study)


def settings_of(options: argparse.Namespace, study: str) -> StudySettings:
    """Those of a study that is not searched."""
    return StudySettings(
        study=study,
        space=options.space,
        results=str(options.folder),
        created="2026-01-01T00:00:00+00:00",
    )


def command_line(options: argparse.Namespace, study: str) -> Callable[[], object]:
    """The command line, in a process of its own."""
    line = [sys.executable, "-m", "autocnn", "leaderboard", study, "--top", str(TOP)]
    line += ["--results", str(options.folder)]
    return partial(subprocess.run, line, stdout=subprocess.DEVNULL, check=True)


def read(options: argparse.Namespace) -> list[Step]:
    """Open the table as `autocnn leaderboard` does, and look at some rows."""
    import_module("autocnn.leaderboard.filters")  # and with it all that the clock would wait for
    from autocnn.api.leaderboard import select_rows
    from autocnn.leaderboard.file import open_leaderboard

    rows, steps, path = options.rows, list[Step](), study_paths(options, LARGE).leaderboard
    look = partial(select_rows, options.folder, [LARGE])
    where = ["state=complete", f"parameters<{options.parameters}"]
    clocked(steps, OPEN, rows, look)
    clocked(steps, FILTER, rows, lambda: look(top=TOP, where=where).table.to_pylist())
    clocked(
        steps,
        f"{FILTER}, by seconds",
        rows,
        lambda: look(top=TOP, where=where, sort="seconds").table.to_pylist(),
    )
    clocked(steps, "read every column", rows, lambda: open_leaderboard(path).read())
    clocked(steps, PROCESS, rows, command_line(options, LARGE))
    return steps


def load_optuna(options: argparse.Namespace) -> list[Step]:
    """Load the study, and ask it for the same."""
    import optuna
    from optuna.storages.journal import JournalFileBackend, JournalStorage

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    rows, steps = options.optuna_rows, list[Step]()
    path, complete = str(options.folder / JOURNAL), optuna.trial.TrialState.COMPLETE

    def load() -> optuna.Study:
        return optuna.load_study(study_name=None, storage=JournalStorage(JournalFileBackend(path)))

    def best() -> list[optuna.trial.FrozenTrial]:
        trials = study.get_trials(deepcopy=False, states=(complete,))
        wanted = [t for t in trials if t.user_attrs["proposal"]["parameters"] < options.parameters]
        return sorted(wanted, key=lambda trial: -(trial.value or 0.0))[:TOP]

    study = clocked(steps, "load the study", rows, load)
    trials = clocked(steps, "get_trials", rows, lambda: study.get_trials(deepcopy=False))
    clocked(steps, "best_trial", rows, lambda: study.best_trial)
    clocked(steps, FILTER, rows, best)
    clocked(steps, "one more trial", rows, lambda: study.add_trial(trials[0]))
    return steps


def search(options: argparse.Namespace) -> list[Step]:
    """What `autocnn leaderboard` does with a study whose journal a search has written."""
    from made_up import make_study

    import autocnn.api as api
    from autocnn.leaderboard.table import read_leaderboard, write_leaderboard
    from autocnn.records.optuna_record import silence_optuna

    silence_optuna()
    paths = study_paths(options, SEARCHED)
    if not paths.exists:
        make_study(settings_of(options, SEARCHED), options.journal_rows, options.epochs)
        api.rebuild_leaderboard(api.load_study(options.folder, SEARCHED))
        return []
    rows, steps = options.journal_rows, list[Step]()
    view = clocked(steps, "load_study", rows, lambda: api.load_study(options.folder, SEARCHED))
    clocked(steps, f"best {TOP}", rows, lambda: api.leaderboard_rows(view, top=TOP))
    clocked(steps, "rebuild the file", rows, lambda: api.rebuild_leaderboard(view))
    clocked(steps, PROCESS, rows, command_line(options, SEARCHED))
    write_leaderboard(paths.leaderboard, read_leaderboard(paths.leaderboard))  # of no journal
    clocked(steps, f"{PROCESS}, the file is behind", rows, command_line(options, SEARCHED))
    return steps


PARTS = {"write": write, "open": read, "Optuna": load_optuna, "journal": search}


# --- in the process that prints ---


def measure_parts(options: argparse.Namespace) -> int:
    """Write the files, read them in turn, print the table; the exit code."""
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(describe_machine())
    with tempfile.TemporaryDirectory(prefix="autocnn-leaderboard-", dir=options.folder) as folder:
        sides: dict[str, Callable[[], Any]]
        sides = {part: partial(run, part, Path(folder)) for part in PARTS}
        with watch_load() as load:
            print("drawing and writing the trials", flush=True)
            found = {"write": [sides.pop("write")()]}
            sides["journal"]()  # writes the study
            found |= alternate(sides, options.rounds, lambda text: print(text, flush=True))
        large, searched = StudyPaths(Path(folder) / LARGE), StudyPaths(Path(folder) / SEARCHED)
        sizes = {
            "the file": large.leaderboard,
            "Optuna's journal": Path(folder) / JOURNAL,
            "the journal of a search": searched.journal,
        }
        described = [f"{n}: {p.stat().st_size / 2**20:,.1f} MiB" for n, p in sizes.items()]
    limits = {OPEN: options.open_limit, FILTER: options.filter_limit}
    table, is_met = build_table(found, limits)
    console.print(table)
    console.print(", ".join(described))
    if load.warning():
        console.print(load.warning())
    return int(not is_met)


def run(part: str, folder: Path) -> list[Step]:
    """What a process of its own measures, with the options of this one."""
    command = [sys.executable, __file__, *sys.argv[1:], "--part", part, "--folder", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: list[Step] = json.loads(done.stdout)
    return found


def build_table(found: dict[str, list[list[Step]]], limits: dict[str, float]) -> tuple[Table, bool]:
    """One row a step; False where the part `open` is above a limit."""
    titles = ("part", "step", "rows", "wall ms", "CPU ms", "MiB before", "MiB at most", "limit ms")
    table, is_met = Table(*titles), True
    for part, rounds in found.items():
        for steps in zip(*rounds, strict=True):
            name, walls = steps[0]["name"], [step["wall"] for step in steps]
            limit = limits.get(name) if part == "open" else None
            is_met &= limit is None or statistics.median(walls) <= limit
            middle = {
                key: statistics.median(s[key] for s in steps) for key in steps[0] if key != "name"
            }
            table.add_row(
                part,
                name,
                f"{steps[0]['rows']:,}",
                median_and_spread(walls, 1),
                f"{middle['cpu']:.1f}",
                f"{middle['before']:,.0f}",
                f"{middle['most']:,.0f}",
                "" if limit is None else f"{limit:g}",
            )
    return table, is_met


if __name__ == "__main__":
    main()
