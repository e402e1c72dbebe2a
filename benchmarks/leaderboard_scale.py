"""Does a leaderboard of 100,000 trials, or of a million, open at once, and grow at once?

    python benchmarks/leaderboard_scale.py --rows 100000

The trials are random points of a space with made-up curves. Each part has a fresh process:

- write: the table of all trials is built of trials in memory, and the leaderboard is written.
- grow: a leaderboard of `--large-rows` trials is made of those of `write`, which are repeated with
  other numbers and scores; then 50 times 50 trials that have ended are appended, as a search does
  every few seconds. Reading them from the record is not in it. The median of the times and the
  longest one, in which runs are merged, are printed.
- open, large: `select_rows`, which is all that `autocnn leaderboard` does before it prints, of
  `--rows` and of `--large-rows` trials: the first view (200 rows, ten columns), then the best 100
  of the complete trials below `--parameters`. The leaderboard says how large the journal was that
  it was made from; while that is so, the journal is not read, and one of a single line stands in
  for it here. Beside it all rows in ten columns, every column (of `--rows` only), and the command
  as a process of its own, with imports and printing.
- Optuna: a journal of the same trials (parameters, values, curves, and as attributes all that
  autocnn records), one line each, as `add_trials` writes it. Trials are not copied for the caller,
  which `Study.trials` would do.
- journal: a study as a search leaves it, some 40 lines a trial. `autocnn leaderboard` reads its
  journal where the file is behind: after a search was killed, or between two writings. Its reading
  is timed in its parts: Optuna's, and that of autocnn.

The last two parts have rows of their own; every row of the table says how many. Nothing is
extrapolated. MiB are of the whole process: before the step, and the most until its end. Imports are
outside the clock but for what says "a process". Leaves with exit code 1 where a step takes longer
than its limit.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
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
from autocnn.records.trial_record import TrialRecord

T = TypeVar("T")
TOP = 100
SHOWN = 200  # rows that the command shows without --top
OPEN, FILTER, APPEND = f"first {SHOWN} rows", f"best {TOP}, filtered", "append 50 trials"
BUILD = "build the table"
APPENDED, TIMES = 50, 50
PROCESS = f"`autocnn leaderboard --top {TOP}`, a process"
LARGE, GROWN, SEARCHED = "large", "grown", "searched"  # the studies of the parts
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
    parser.add_argument("--large-rows", type=int, default=1_000_000)
    parser.add_argument("--open-limit", type=float, default=100, help="ms")
    parser.add_argument("--filter-limit", type=float, default=50, help="ms")
    parser.add_argument("--append-limit", type=float, default=50, help="ms, of the median")
    parser.add_argument("--build-limit", type=float, default=30, help="ms for 1,000 trials")
    parser.add_argument("--parts", nargs="*", default=[], help="these only, and write")
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

    from autocnn.leaderboard.growing import write_records
    from autocnn.leaderboard.table import build_leaderboard
    from autocnn.objectives import ACCURACY
    from autocnn.records.optuna_record import silence_optuna
    from autocnn.space.toml import load_space

    silence_optuna()
    space, steps, rows = load_space(options.space), list[Step](), options.rows
    paths, n_bytes = _make_folder(options, LARGE)
    records = draw_records(space, max(rows, options.optuna_rows), options.epochs)
    own = records[:rows]
    clocked(steps, BUILD, rows, lambda: build_leaderboard(own, space, ACCURACY))
    name = "build and write the leaderboard"
    board = paths.leaderboard
    clocked(steps, name, rows, lambda: write_records(board, own, space, ACCURACY, n_bytes=n_bytes))
    if not options.parts or "Optuna" in options.parts:
        write_optuna_journal(options.folder / JOURNAL, records[: options.optuna_rows], space)
    return steps


def _make_folder(options: argparse.Namespace, study: str) -> tuple[StudyPaths, int | None]:
    """The folder of a study that is read without its journal, and the size of that."""
    from autocnn.leaderboard.file import record_bytes
    from autocnn.records.settings_file import settings_to_toml

    paths = study_paths(options, study)
    paths.root.mkdir()
    paths.study_toml.write_text(settings_to_toml(settings_of(options, study)), encoding="utf-8")
    paths.journal.write_text("no record: who reads this fails\n", encoding="utf-8")
    return paths, record_bytes(paths.journal)


def grow(options: argparse.Namespace) -> list[Step]:
    """Append trials to a large leaderboard."""
    from made_up import draw_records

    from autocnn.leaderboard.growing import GrowingLeaderboard
    from autocnn.objectives import ACCURACY
    from autocnn.space.toml import load_space

    paths, n_bytes = _make_folder(options, GROWN)
    space, steps = load_space(options.space), list[Step]()
    rows, own = options.large_rows, draw_records(space, options.rows, options.epochs)
    writer = GrowingLeaderboard(paths.leaderboard, space, ACCURACY)
    last = rows - TIMES * APPENDED
    name = "build and write the leaderboard"
    records = [numbered(own[i % len(own)], i) for i in range(rows)]
    clocked(steps, name, last, lambda: writer.append(records[:last], (), n_bytes))
    found: list[Step] = []
    for start in range(last, rows, APPENDED):
        ended = records[start : start + APPENDED]
        clocked(found, APPEND, rows, partial(writer.append, ended, (), n_bytes))
    by_time = sorted(found, key=lambda step: step["wall"])
    longest = {**by_time[-1], "name": f"{APPEND}, the longest of {TIMES}"}
    return [*steps, by_time[len(by_time) // 2], longest]


def numbered(record: TrialRecord, number: int) -> TrialRecord:
    """The trial with another number and another score."""
    result = record.result
    assert result is not None
    factor = 1 - 0.1 * random.Random(number).random()
    curve = tuple(replace(epoch, score=factor * epoch.score) for epoch in result.curve)
    return replace(record, number=number, result=replace(result, curve=curve))


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


def read(options: argparse.Namespace, study: str, rows: int) -> list[Step]:
    """Open the table as `autocnn leaderboard` does, and look at some rows."""
    import_module("autocnn.leaderboard.filters")  # and with it all that the clock would wait for
    from autocnn.api.leaderboard import NO_REPEATS, select_rows
    from autocnn.leaderboard.file import open_leaderboard

    steps, path = list[Step](), study_paths(options, study).leaderboard
    look = partial(select_rows, options.folder, [study])
    where = [NO_REPEATS, "state=complete", f"parameters<{options.parameters}"]
    clocked(steps, OPEN, rows, lambda: look(top=SHOWN, where=[NO_REPEATS]))
    clocked(steps, FILTER, rows, lambda: look(top=TOP, where=where).table.to_pylist())
    clocked(steps, "the rows that match, counted", rows, lambda: look(top=1, where=where).count())
    by_seconds = f"{FILTER}, by seconds"
    clocked(
        steps,
        by_seconds,
        rows,
        lambda: look(top=TOP, where=where, sort="seconds").table.to_pylist(),
    )
    clocked(steps, "all rows in ten columns", rows, look)
    if study == LARGE:
        clocked(steps, "all rows in all columns", rows, lambda: open_leaderboard(path).read())
    clocked(steps, PROCESS, rows, command_line(options, study))
    return steps


def read_usual(options: argparse.Namespace) -> list[Step]:
    """The leaderboard of `write`."""
    return read(options, LARGE, options.rows)


def read_grown(options: argparse.Namespace) -> list[Step]:
    """The leaderboard of `grow`."""
    return read(options, GROWN, options.large_rows)


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
    from autocnn.leaderboard.growing import write_records
    from autocnn.records.open_study import find_study
    from autocnn.records.optuna_record import silence_optuna

    silence_optuna()
    paths = study_paths(options, SEARCHED)
    if not paths.exists:
        make_study(settings_of(options, SEARCHED), options.journal_rows, options.epochs)
        api.rebuild_leaderboard(api.load_study(options.folder, SEARCHED))
        return []
    rows, steps = options.journal_rows, list[Step]()
    study = find_study(options.folder, SEARCHED)
    clocked(steps, "read the journal: Optuna", rows, lambda: study.record)
    clocked(steps, "make trials of it: autocnn", rows, study.read_trials)
    view = clocked(steps, "load_study", rows, lambda: api.load_study(options.folder, SEARCHED))
    clocked(steps, f"best {TOP}", rows, lambda: api.leaderboard_rows(view, top=TOP))
    clocked(
        steps, "rebuild the file from trials in memory", rows, lambda: api.rebuild_leaderboard(view)
    )
    clocked(steps, PROCESS, rows, command_line(options, SEARCHED))
    write_records(paths.leaderboard, view.records, view.space, view.objective)  # of no journal
    clocked(steps, f"{PROCESS}, the file is behind", rows, command_line(options, SEARCHED))
    return steps


PARTS = {
    "write": write,
    "grow": grow,
    "open": read_usual,
    "large": read_grown,
    "Optuna": load_optuna,
    "journal": search,
}


# --- in the process that prints ---


def measure_parts(options: argparse.Namespace) -> int:
    """Write the files, read them in turn, print the table; the exit code."""
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(describe_machine())
    with tempfile.TemporaryDirectory(prefix="autocnn-leaderboard-", dir=options.folder) as folder:
        sides: dict[str, Callable[[], Any]]
        wanted = options.parts or list(PARTS)
        sides = {part: partial(run, part, Path(folder)) for part in PARTS if part in wanted}
        with watch_load() as load:
            print("drawing and writing the trials", flush=True)
            found: dict[str, list[Any]]
            found = {p: [sides.pop(p)()] for p in ("write", "grow") if p in sides}
            if "journal" in sides:
                sides["journal"]()  # writes the study
            found |= alternate(sides, options.rounds, lambda text: print(text, flush=True))
        large, grown, searched = (StudyPaths(Path(folder) / n) for n in (LARGE, GROWN, SEARCHED))
        sizes = {
            f"the leaderboard of {options.rows:,}": large.leaderboard,
            f"that of {options.large_rows:,}": grown.leaderboard,
            "Optuna's journal": Path(folder) / JOURNAL,
            "the journal of a search": searched.journal,
        }
        described = [f"{n}: {size(p) / 2**20:,.1f} MiB" for n, p in sizes.items() if p.exists()]
    limits = {
        ("open", OPEN): options.open_limit,
        ("large", OPEN): options.open_limit,
        ("open", FILTER): options.filter_limit,
        ("large", FILTER): options.filter_limit,
        ("grow", APPEND): options.append_limit,
        ("write", BUILD): options.build_limit * options.rows / 1000,
    }
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


def size(path: Path) -> int:
    """Bytes of a file, or of the files in a folder."""
    files = path.iterdir() if path.is_dir() else [path]
    return sum(each.stat().st_size for each in files)


def build_table(
    found: dict[str, list[list[Step]]], limits: dict[tuple[str, str], float]
) -> tuple[Table, bool]:
    """One row a step; False where one is above its limit."""
    titles = ("part", "step", "rows", "wall ms", "CPU ms", "MiB before", "MiB at most", "limit ms")
    table, is_met = Table(*titles), True
    for part, rounds in found.items():
        for steps in zip(*rounds, strict=True):
            name, walls = steps[0]["name"], [step["wall"] for step in steps]
            limit = limits.get((part, name))
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
