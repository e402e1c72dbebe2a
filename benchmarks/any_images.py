"""How good is a network for images of any size and number after so many minutes?

    python benchmarks/any_images_data.py SETS --cifar FOLDER
    python benchmarks/any_images.py SETS --budget 4m --seeds 0 1 2
    python benchmarks/any_images.py SETS --report

Each arm trains on each set of `any_images_data.py`, every cell in a process of its own with the
same wall time, start of the process included: `autocnn search` as a user calls it, with an empty
cache (`autocnn`); the same with one trial, so that the first recipe is trained and refitted alone
for all of that time (`first_recipe`); and the plain Keras scripts of `any_images_arms.py`. The test
images are read once, at the end. `--autocnn before=PATH` adds an arm: the autocnn of another
checkout or Python. Outcomes are appended to a file (`--file`), and cells that are there are not run
again. Arms take turns, set by set and seed by seed. `--report` prints the file as Markdown and runs
nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from any_images_arms import ARMS
from any_images_data import SETS
from any_images_results import Cell, Outcome, append_outcome, cells_left, read_outcomes, report
from measuring import describe_machine, watch_load

from autocnn.errors import AutocnnError
from autocnn.records.units import parse_duration

ROOT = Path(__file__).resolve().parents[1]
FIRST_RECIPE = "first_recipe"  # an arm of this checkout: a search of one trial
KNOWN = ("autocnn", FIRST_RECIPE, *ARMS)
OVERTIME, OVERTIME_S = 3, 300  # a process is ended after so many times its time, and so much more


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A process to start."""

    words: tuple[str, ...]
    environment: Mapping[str, str]


def main() -> None:
    """Run the cells that are not in the file, or print the table."""
    options = read_options()
    file = options.file or options.folder / "outcomes.jsonl"
    arms = {"autocnn": ROOT, FIRST_RECIPE: ROOT, **dict(options.autocnn)}
    if not options.report:
        cells = [
            Cell(options.budget, name, arm, seed)
            for seed in options.seeds
            for name in options.sets
            for arm in options.arms or [*arms, *ARMS]
        ]
        run_cells(cells, options.folder, arms, file)
    print("\n".join(report(read_outcomes(file))))


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="written by any_images_data.py")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--arms", nargs="+", help=f"of {', '.join(KNOWN)}; default: all")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--budget", type=read_budget, default="4m", help="wall time, such as 4m")
    parser.add_argument("--file", type=Path, help="of outcomes; default: FOLDER/outcomes.jsonl")
    parser.add_argument(
        "--autocnn",
        type=read_installation,
        action="append",
        default=[],
        metavar="ARM=PATH",
        help="an arm with the autocnn of another checkout (folder) or Python (file); repeatable",
    )
    parser.add_argument("--report", action="store_true", help="only print what the file has")
    options = parser.parse_args()
    known = [*KNOWN, *dict(options.autocnn)]
    for arm in options.arms or []:
        if arm not in known:
            parser.error(f"--arms: {arm!r} is none of {', '.join(known)}")
    return options


def read_budget(text: str) -> float:
    """Seconds of a duration such as 4m."""
    try:
        return parse_duration(text, "--budget")
    except AutocnnError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def read_installation(text: str) -> tuple[str, Path]:
    """Arm and path of `before=/path`: a folder with the package, or a Python."""
    arm, _, path = text.partition("=")
    place = Path(path).absolute()  # a link to a Python stays: it says which packages are used
    if not arm or arm in KNOWN or not path:
        raise argparse.ArgumentTypeError(f"expected a new arm's name and path, got {text!r}")
    if not (place / "autocnn").is_dir() and not place.is_file():
        raise argparse.ArgumentTypeError(f"{place} is neither a checkout of autocnn nor a Python")
    return arm, place


def run_cells(
    cells: Sequence[Cell], folder: Path, installations: Mapping[str, Path], file: Path
) -> None:
    """Run those that the file lacks, and add each outcome to it."""
    machine = describe_machine()
    left = cells_left(cells, read_outcomes(file))
    for number, cell in enumerate(left, start=1):
        images = folder.absolute() / cell.image_set
        if not images.is_dir():
            print(f"{cell.image_set}: left out: no folder {images}")
            continue
        with tempfile.TemporaryDirectory(prefix="autocnn-any-images-") as scratch:
            command = command_of(cell, images, installations, Path(scratch))
            outcome = run_command(command, cell.budget_s, Path(scratch), machine)
        append_outcome(file, cell, outcome)
        score = outcome.error if outcome.test is None else f"{100 * outcome.test:.1f} %"
        print(
            f"{number} of {len(left)}: {cell.image_set}, {cell.arm}, seed {cell.seed}: {score}; "
            f"{outcome.wall_s:.0f} s, {outcome.cpu_s:.0f} CPU s",
            flush=True,
        )


def command_of(
    cell: Cell, images: Path, installations: Mapping[str, Path], scratch: Path
) -> Command:
    """The process of a cell; settings of autocnn in the environment do not reach it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AUTOCNN_")}
    clean |= {"TF_CPP_MIN_LOG_LEVEL": "3", "AUTOCNN_CACHE": str(scratch / "cache")}
    place = installations.get(cell.arm)
    if place is None:
        words = [sys.executable, str(ROOT / "benchmarks" / "any_images_arms.py"), str(images)]
        words += ["--arm", cell.arm, "--seed", str(cell.seed), "--budget", str(cell.budget_s)]
        words += ["--may-flip"] if SETS[cell.image_set].may_flip else []
        return Command(words=tuple(words), environment={**clean, "PYTHONPATH": str(ROOT)})
    python = sys.executable if place.is_dir() else str(place)
    clean.pop("PYTHONPATH", None)
    if place.is_dir():
        clean["PYTHONPATH"] = str(place)
    words = [python, "-m", "autocnn", "search", "--dataset", str(images), "--study", "cell"]
    words += ["--time-budget", f"{cell.budget_s:g}s", "--seed", str(cell.seed)]
    words += ["--results", str(scratch / "results"), "--quiet", "--json"]
    words += ["--trials", "1"] if cell.arm == FIRST_RECIPE else []
    return Command(words=tuple(words), environment=clean)


def run_command(command: Command, budget_s: float, scratch: Path, machine: str) -> Outcome:
    """Run a process to its end; its last line of output is a JSON object with `test`."""
    start, cpu = time.perf_counter(), children_cpu_seconds()
    with watch_load() as load:
        try:
            done = subprocess.run(
                command.words,
                env=command.environment,
                cwd=scratch,  # not a checkout: Python would take its package first
                capture_output=True,
                text=True,
                timeout=OVERTIME * budget_s + OVERTIME_S,
                check=False,
            )
            test, error, details = read_answer(done)
        except subprocess.TimeoutExpired as late:
            test, error, details = None, f"not at its end after {late.timeout:.0f} s", {}
    return Outcome(
        test=test,
        wall_s=time.perf_counter() - start,
        cpu_s=children_cpu_seconds() - cpu,
        others=load.others,
        machine=machine,
        error=error,
        details=details,
    )


Answer = tuple[float | None, str, dict[str, object]]


def read_answer(done: subprocess.CompletedProcess[str]) -> Answer:
    """The accuracy or the last line of what went wrong, and all that the process said."""
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no message"]
        return None, f"exit code {done.returncode}: {lines[-1]}", {}
    details = json.loads(done.stdout.strip().splitlines()[-1])
    return float(details["test"]), "", details


def children_cpu_seconds() -> float:
    """CPU seconds of all ended processes that this one has started, and of theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
