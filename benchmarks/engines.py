"""Which engine finds a good network first? Equal time for each, no recipes, several seeds.

    python benchmarks/engines.py run --results FOLDER --minutes 15 --seeds 0 1
    python benchmarks/engines.py report --results FOLDER --figure docs/engines.svg

`run` trains one study a cell and skips those that are finished. `report` prints a table and draws
the best validation score over time. The choice between engines is made on validation; the test
accuracy of each winner is printed beside it, and nothing is chosen by it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

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


def main() -> None:
    """Run the cells, or report on them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=("run", "report"))
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--dataset", default="fashion_mnist")
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--figure", type=Path, help="where the figure goes; .svg or .png")
    arguments = parser.parse_args()
    cells = [(name, seed) for seed in arguments.seeds for name in CELLS]
    if arguments.action == "run":
        for name, seed in cells:
            run_cell(arguments, name, seed)
    else:
        report(arguments, cells)


def study_name(name: str, seed: int) -> str:
    """The folder of a cell."""
    return f"{name.lower().replace(' + ', '-').replace(' ', '-')}-seed{seed}"


def run_cell(arguments: argparse.Namespace, name: str, seed: int) -> None:
    """One study, in a process of its own; its output goes to a log beside the studies."""
    study = study_name(name, seed)
    if (arguments.results / study / "manifest.json").exists():
        print(f"{study}: finished before", flush=True)
        return
    command = [sys.executable, "-m", "autocnn", "search", "--no-recipes", "--seed", str(seed)]
    command += ["--dataset", arguments.dataset, "--time-budget", f"{arguments.minutes:g}m"]
    command += ["--results", str(arguments.results), "--study", study, *CELLS[name]]
    arguments.results.mkdir(parents=True, exist_ok=True)
    with (arguments.results / f"{study}.log").open("w", encoding="utf-8") as log:
        code = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False).returncode
    print(f"{study}: exit code {code}", flush=True)


def best_over_time(view: StudyView) -> list[tuple[float, float]]:
    """Minutes since the study was created, and the best score on record from then on."""
    created = datetime.fromisoformat(_manifest(view)["settings"]["created"])
    steps: list[tuple[float, float]] = []
    ended = [r for r in view.records if r.finished is not None and r.state in SCORED]
    for record in sorted(ended, key=lambda r: str(r.finished)):
        score = record.score or 0.0
        if record.finished is not None and (not steps or score > steps[-1][1]):
            steps.append(((record.finished - created).total_seconds() / 60, score))
    return steps


def report(arguments: argparse.Namespace, cells: list[tuple[str, int]]) -> None:
    """The table on stdout, and the figure."""
    curves: dict[tuple[str, int], list[tuple[float, float]]] = {}
    titles = ["cell", "seed", "trials", "pruned", "failed", "epochs", "validation"]
    titles += [f"min to {100 * t:.0f} %" for t in THRESHOLDS] + ["test", "wall s", "CPU s"]
    print("| " + " | ".join(titles) + " |")
    print("|" + "---|" * len(titles))
    for name, seed in cells:
        if not (arguments.results / study_name(name, seed) / "manifest.json").exists():
            continue
        view = api.load_study(arguments.results, study_name(name, seed))
        curve = curves[name, seed] = best_over_time(view)
        print("| " + " | ".join(_row(view, name, seed, curve)) + " |")
    if arguments.figure is not None:
        draw(arguments, curves)


def _row(view: StudyView, name: str, seed: int, curve: list[tuple[float, float]]) -> list[str]:
    outcome = _manifest(view)["outcome"]
    epochs = sum(max(0, r.epochs - r.first_epoch) for r in view.records)
    reached = [next((f"{m:.1f}" for m, s in curve if s >= t), "–") for t in THRESHOLDS]
    return [
        name,
        str(seed),
        *(str(outcome[key]) for key in ("trials", "pruned", "failed")),
        str(epochs),
        f"{100 * outcome['val_best']:.2f} %",
        *reached,
        f"{100 * outcome['test']:.2f} %",
        f"{outcome['seconds']:.0f}",
        f"{outcome['cpu_seconds']:.0f}",
    ]


def _manifest(view: StudyView) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads(view.paths.manifest.read_text("utf-8"))
    return found


def draw(
    arguments: argparse.Namespace, curves: dict[tuple[str, int], list[tuple[float, float]]]
) -> None:
    """Best validation score over time: one colour a cell, one kind of line a seed."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    colours = dict(zip(CELLS, plt.rcParams["axes.prop_cycle"].by_key()["color"], strict=False))
    styles = dict(zip(arguments.seeds, ["-", "--", ":", "-."], strict=False))
    for (name, seed), curve in curves.items():
        minutes = [m for m, _ in curve] + [arguments.minutes]
        scores = [100 * s for _, s in curve] + [100 * curve[-1][1]]
        axes.step(
            minutes,
            scores,
            where="post",
            color=colours[name],
            linestyle=styles[seed],
            label=f"{name}, seed {seed}",
        )
    axes.set(
        xlabel="minutes since the start",
        ylabel="best validation accuracy, %",
        title=f"{arguments.dataset}: {arguments.minutes:g} minutes a search, no recipes",
        ylim=(75, 94),
        xlim=(0, arguments.minutes),
    )
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="lower right")
    figure.savefig(
        arguments.figure, metadata=None if arguments.figure.suffix != ".svg" else {"Date": None}
    )


if __name__ == "__main__":
    main()
