"""Does an early look tell how a training ends? Rank correlations of rungs with the final score.

    python benchmarks/rungs.py run --folder FOLDER --dataset fashion_mnist --trials 24
    python benchmarks/rungs.py report --folder FOLDER

`run` trains the same random configurations without recipes and pruning, once with `--images`
training images and once with each of the `--fractions` of them, in processes of their own. A rung
is the best validation score after so many epochs of the whole schedule, which is what a pruner is
told, on so many images. `report` prints for each rung what it costs of the full training, in the
CPU seconds of all trials together; Spearman's rank correlation with the score at the end of the
full training, and the same among the better half only; and which place the rung gives to the trial
that is the best in the end. A draw that failed with any number of images is left out.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from measuring import describe_machine, watch_load
from rich.console import Console
from rich.table import Table
from scipy.stats import spearmanr

import autocnn.api as api
from autocnn.records.study_settings import StudySettings
from autocnn.records.trial_record import TrialRecord

FULL = 1.0


def main() -> None:
    """Train the configurations, or report on them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("action", choices=("run", "report"))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--dataset", default="fashion_mnist")
    parser.add_argument("--images", type=int, default=20_000, help="for training, of all classes")
    parser.add_argument("--fractions", type=float, nargs="+", default=[0.25], help="of them")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--max-macs", type=int, default=15_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fraction", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fraction is not None:
        train(options)
    elif options.action == "run":
        for fraction in (FULL, *options.fractions):
            run_study(options, fraction)
    else:
        report(options.folder)


def study_name(fraction: float) -> str:
    """The folder of the configurations on this fraction of the images."""
    return f"of-{fraction:g}"


def train(options: argparse.Namespace) -> None:
    """All configurations on a fraction of the images, in this process and its worker."""
    settings = StudySettings(
        study=study_name(options.fraction),
        dataset=options.dataset,
        subset=round(options.fraction * options.images),
        epochs=options.epochs,
        trials=options.trials,
        max_macs=options.max_macs,
        seed=options.seed,
        recipes=False,
        sampler="random",
        pruner="none",
        results=str(options.folder),
    )
    print(api.search(settings))


def run_study(options: argparse.Namespace, fraction: float) -> None:
    """The configurations on this fraction of the images, unless that is done."""
    name = study_name(fraction)
    if (options.folder / name / "manifest.json").is_file():
        return
    options.folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, *sys.argv, "--fraction", str(fraction)]
    with watch_load() as load, open(options.folder / f"{name}.log", "w", encoding="utf-8") as log:
        code = subprocess.run(command, stdout=log, stderr=log, check=False).returncode
    note = {"fraction": fraction, "machine": describe_machine(), "others": load.others}
    (options.folder / f"{name}.json").write_text(json.dumps(note), encoding="utf-8")
    print(f"{name}: exit code {code}; {load.warning() or 'the machine was free'}", flush=True)


def report(folder: Path) -> None:
    """The table of all rungs."""
    notes = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("of-*.json")]
    studies = {
        note["fraction"]: _by_number(api.load_study(folder, study_name(note["fraction"])).records)
        for note in notes
    }
    numbers = sorted(set.intersection(*(set(trials) for trials in studies.values())))
    final = np.array([_best_after(studies[FULL][n], None) for n in numbers])
    results = [studies[FULL][n].result for n in numbers]
    whole = sum(result.cpu_seconds for result in results if result is not None)
    table = Table(
        "images", "epochs", "CPU of full", "correlation", "better half", "best one's place"
    )
    for fraction, trials in sorted(studies.items()):
        chosen = [trials[n] for n in numbers]
        for epochs in range(1, max(trial.epochs for trial in chosen) + 1):
            row = describe_rung(chosen, epochs, final, whole)
            table.add_row(f"{100 * fraction:g} %", str(epochs), *row)
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(notes[0]["machine"])
    console.print(
        f"{len(numbers)} configurations; final scores {final.min():.4f}-{final.max():.4f}"
    )
    console.print(table)


def _by_number(records: Sequence[TrialRecord]) -> dict[int, TrialRecord]:
    """Those that were trained to an end."""
    return {r.number: r for r in records if r.result is not None and r.score is not None}


def _best_after(record: TrialRecord, epochs: int | None) -> float:
    assert record.result is not None
    return max(epoch.val_accuracy for epoch in record.result.curve[:epochs])


def _cpu_after(record: TrialRecord, epochs: int) -> float:
    """CPU seconds until that epoch, by its share of the trial's wall seconds."""
    result = record.result
    assert result is not None
    share = result.curve[min(epochs, result.epochs) - 1].seconds / result.curve[-1].seconds
    return share * result.cpu_seconds


def describe_rung(
    trials: Sequence[TrialRecord], epochs: int, final: np.ndarray[Any, Any], whole: float
) -> list[str]:
    """Cost, correlations and the place of the best one, as cells."""
    scores = np.array([_best_after(trial, epochs) for trial in trials])
    better = final >= np.median(final)
    cost = sum(_cpu_after(trial, epochs) for trial in trials) / whole
    place = 1 + int((scores > scores[final.argmax()]).sum())
    return [
        f"{100 * cost:.0f} %",
        f"{spearmanr(scores, final).statistic:.2f}",
        f"{spearmanr(scores[better], final[better]).statistic:.2f}",
        f"{place} of {len(trials)}",
    ]


if __name__ == "__main__":
    main()
