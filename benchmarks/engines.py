"""Which engine finds a good network first? Equal time for each, no recipes, several seeds.

    python benchmarks/engines.py run --results FOLDER --minutes 15 --epochs 7 --seeds 0 1
    python benchmarks/engines.py collect --results FOLDER --cells benchmarks/engines.json
    python benchmarks/engines.py report --cells benchmarks/engines.json --figure docs/engines.svg

`run` trains one study a cell and skips those that are finished. All have the same horizon, which
would otherwise come from a probe of the machine just then; nothing else may run beside. `collect`
adds what they came to to a file of cells, which outlives the studies. `report` prints a table of
the cells and draws the best validation score over time. Engines are compared on validation; the
test accuracy of each winner is printed beside it, and nothing is chosen by it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import autocnn.api as api
from autocnn.api.studies import StudyView
from autocnn.trial import TrialState

CELLS: dict[str, list[str]] = {
    "TPE + halving": ["--sampler", "tpe", "--pruner", "halving"],
    "KT Hyperband": ["--engine", "keras-tuner", "--tuner", "hyperband"],
    "random + halving": ["--sampler", "random", "--pruner", "halving"],
    "TPE + Hyperband": ["--sampler", "tpe", "--pruner", "hyperband"],
    "KT Bayesian": ["--engine", "keras-tuner", "--tuner", "bayesian"],
}
THRESHOLDS = (0.85, 0.90, 0.91, 0.92)
SCORED = (TrialState.COMPLETE, TrialState.STOPPED)
STYLES = ("-", "--", ":", "-.")  # of the seeds in the figure

Cell = dict[str, Any]


def main() -> None:
    """Run the cells, collect what they came to, or report on it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=("run", "collect", "report"))
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--cells", type=Path, default=Path("benchmarks/engines.json"))
    parser.add_argument("--dataset", default="fashion_mnist")
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--epochs", type=int, default=7)
    parser.add_argument("--cell", choices=CELLS, action="append", help="only this one; repeatable")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--figure", type=Path, help="where the figure goes; .svg or .png")
    arguments = parser.parse_args()
    wanted = [(name, seed) for seed in arguments.seeds for name in arguments.cell or CELLS]
    if arguments.action == "run":
        for name, seed in wanted:
            run_cell(arguments, name, seed)
    elif arguments.action == "collect":
        collect(arguments, wanted)
    else:
        report(read_cells(arguments.cells), arguments.figure)


def study_name(name: str, seed: int) -> str:
    """The folder of a cell."""
    return f"{name.lower().replace(' + ', '-').replace(' ', '-')}-seed{seed}"


def is_finished(results: Path, name: str, seed: int) -> bool:
    """True where the study of a cell has ended."""
    return (results / study_name(name, seed) / "manifest.json").exists()


def run_cell(arguments: argparse.Namespace, name: str, seed: int) -> None:
    """One study, in a process of its own; its output goes to a log beside the studies."""
    study = study_name(name, seed)
    if is_finished(arguments.results, name, seed):
        print(f"{study}: finished before", flush=True)
        return
    command = [sys.executable, "-m", "autocnn", "search", "--no-recipes", "--seed", str(seed)]
    command += ["--dataset", arguments.dataset, "--time-budget", f"{arguments.minutes:g}m"]
    command += ["--epochs", str(arguments.epochs), "--study", study, *CELLS[name]]
    command += ["--results", str(arguments.results)]
    arguments.results.mkdir(parents=True, exist_ok=True)
    with (arguments.results / f"{study}.log").open("w", encoding="utf-8") as log:
        code = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False).returncode
    print(f"{study}: exit code {code}", flush=True)


def collect(arguments: argparse.Namespace, wanted: list[tuple[str, int]]) -> None:
    """Add the finished cells to the file of cells; those of the same name and seed are replaced."""
    cells = {(cell["name"], cell["seed"]): cell for cell in read_cells(arguments.cells)}
    for name, seed in wanted:
        if is_finished(arguments.results, name, seed):
            view = api.load_study(arguments.results, study_name(name, seed))
            cells[name, seed] = describe_cell(view, name, seed)
    text = json.dumps(list(cells.values()), indent=1)
    arguments.cells.write_text(text + "\n", encoding="utf-8")
    print(f"{arguments.cells}: {len(cells)} cells")


def read_cells(path: Path) -> list[Cell]:
    """The cells collected so far."""
    cells: list[Cell] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return cells


def describe_cell(view: StudyView, name: str, seed: int) -> Cell:
    """What a study came to, as one entry of the file of cells."""
    manifest = json.loads(view.paths.manifest.read_text(encoding="utf-8"))
    outcome, settings = manifest["outcome"], manifest["settings"]
    keys = ("trials", "pruned", "failed", "val_best", "test", "seconds", "cpu_seconds")
    return {
        "name": name,
        "seed": seed,
        "dataset": settings["dataset"],
        "minutes": settings["time_budget_s"] / 60,
        **{key: outcome[key] for key in keys},
        "epochs": sum(max(0, record.epochs - record.first_epoch) for record in view.records),
        "horizon": manifest["facts"]["horizon"],
        "best": best_over_time(view, datetime.fromisoformat(settings["created"])),
    }


def best_over_time(view: StudyView, created: datetime) -> list[tuple[float, float]]:
    """Minutes since the study was created, and the best score on record from then on."""
    steps: list[tuple[float, float]] = []
    ended = [(r.finished, r.score) for r in view.records if r.state in SCORED]
    for finished, score in sorted((f, s) for f, s in ended if f is not None and s is not None):
        if not steps or score > steps[-1][1]:
            steps.append((round((finished - created).total_seconds() / 60, 2), score))
    return steps


def report(cells: list[Cell], figure: Path | None) -> None:
    """The table on stdout, and the figure."""
    titles = ["cell", "seed", "trials", "pruned", "failed", "epochs", "horizon", "validation"]
    titles += [f"min to {100 * t:.0f} %" for t in THRESHOLDS] + ["test", "wall s", "CPU s"]
    print("| " + " | ".join(titles) + " |")
    print("|" + "---|" * len(titles))
    for cell in sorted(cells, key=lambda cell: (cell["seed"], -cell["val_best"])):
        print("| " + " | ".join(_row(cell)) + " |")
    if figure is not None and cells:
        draw(cells, figure)


def _row(cell: Cell) -> list[str]:
    reached = [next((f"{m:.1f}" for m, s in cell["best"] if s >= t), "–") for t in THRESHOLDS]
    keys = ("name", "seed", "trials", "pruned", "failed", "epochs", "horizon")
    return [
        *(str(cell[key]) for key in keys),
        f"{100 * cell['val_best']:.2f} %",
        *reached,
        f"{100 * cell['test']:.2f} %",
        f"{cell['seconds']:.0f}",
        f"{cell['cpu_seconds']:.0f}",
    ]


def draw(cells: list[Cell], path: Path) -> None:
    """Best validation score over time: one colour a cell, one kind of line a seed."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    colours = dict(zip(CELLS, plt.rcParams["axes.prop_cycle"].by_key()["color"], strict=False))
    seeds = sorted({cell["seed"] for cell in cells})
    minutes = max(cell["minutes"] for cell in cells)
    for cell in cells:
        end = (minutes, cell["best"][-1][1])
        axes.step(
            *zip(*((m, 100 * s) for m, s in [*cell["best"], end]), strict=True),
            where="post",
            color=colours[cell["name"]],
            linestyle=STYLES[seeds.index(cell["seed"]) % len(STYLES)],
            label=f"{cell['name']}, seed {cell['seed']}",
        )
    axes.set(
        xlabel="minutes since the start",
        ylabel="best validation accuracy, %",
        title=f"{cells[0]['dataset']}: {minutes:g} minutes a search, no recipes",
        ylim=(80, 94),
        xlim=(0, minutes),
    )
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="lower right")
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


if __name__ == "__main__":
    main()
