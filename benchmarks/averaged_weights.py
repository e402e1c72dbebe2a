"""Do averaged weights tell the end of a training earlier than the weights themselves?

    python benchmarks/averaged_weights.py run RESULTS STUDY --file curves.jsonl --trials 0 1 2 3
    python benchmarks/averaged_weights.py report --file curves.jsonl

`run` trains trials of a study again, to the end of their schedule, without pruning. After every
call of compiled steps the weights, normalisation statistics included, go into exponential averages
with memories of --memories epochs. At the end of every epoch the weights and each average are
scored on the validation images; no test image is read. `report` prints for each epoch the mean
score of each kind and Spearman's rank correlation with the best score at the end.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from measuring import describe_machine
from scipy.stats import spearmanr

import autocnn.api as api
from autocnn.data.prepared import PreparedData, prepare
from autocnn.keras_startup import load_keras
from autocnn.records.trial_record import TrialRecord
from autocnn.space.config import EarlyStopping
from autocnn.trial import Device, Epoch, TrialJob

RAW = "weights"


def main() -> None:
    """Train again, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    actions = parser.add_subparsers(dest="action", required=True)
    run = actions.add_parser("run", help="train trials of a study again")
    run.add_argument("results", type=Path)
    run.add_argument("study")
    run.add_argument("--file", type=Path, required=True)
    run.add_argument("--trials", type=int, nargs="+", required=True)
    run.add_argument("--epochs", type=int, help="of the schedule; by default the trial's own")
    run.add_argument("--memories", type=float, nargs="+", default=[0.1, 0.3, 1.0], help="epochs")
    report = actions.add_parser("report", help="print the table")
    report.add_argument("--file", type=Path, required=True)
    options = parser.parse_args()
    if options.action == "report":
        print(*table(read_rows(options.file)), sep="\n")
    else:
        train_again(options)


def train_again(options: argparse.Namespace) -> None:
    """Train what is asked for, and append a line for each trial."""
    load_keras()
    from autocnn.train.backend import find_device

    view = api.load_study(options.results, options.study)
    data = prepare(view.study.settings.dataset, view.study.settings.split_seed)
    device = find_device()
    for number in options.trials:
        record = view.trial(number)
        horizon = options.epochs or view.known_facts.horizon
        curves, seconds = train(record, horizon, data, device, options.memories)
        line = {"trial": number, "origin": record.origin, "horizon": horizon, "curves": curves}
        line |= {"cpu_s": seconds, "machine": describe_machine()}
        with options.file.open("a") as file:
            file.write(json.dumps(line) + "\n")
        last = ", ".join(f"{kind} {100 * curve[-1]:.2f}" for kind, curve in curves.items())
        print(f"trial {number}, {record.origin}: {last} %; {seconds:.0f} CPU s", flush=True)


def train(
    record: TrialRecord,
    horizon: int,
    data: PreparedData,
    device: Device,
    memories: Sequence[float],
) -> tuple[dict[str, list[float]], float]:
    """The scores after each epoch by the kind of weights, and the CPU seconds."""
    from autocnn.train.averaging import Average
    from autocnn.train.trainer import Hooks, _Training

    curves: dict[str, list[float]] = {RAW: [], **{f"average {m:g}": [] for m in memories}}
    with tempfile.TemporaryDirectory() as folder:
        job = TrialJob(
            number=record.number,
            config=replace(record.config, early_stopping=EarlyStopping(enabled=False)),
            seed=record.seed,
            horizon=horizon,
            last_epoch=horizon,
            precision=record.result.precision if record.result else "float32",
            folder=Path(folder),
        )

        def report(_: int, __: Epoch) -> bool:
            own = training.networks.model.get_weights()  # what is scored is an average of them
            curves[RAW].append(score(training, own))
            for memory, average in zip(memories, averages, strict=True):
                curves[f"average {memory:g}"].append(score(training, average.values))
            return False

        training = _Training(job, data, device, Hooks(report=report, interrupted=lambda: False))
        averages = [Average(memory * training.steps) for memory in memories]
        watch_steps(training, averages)
        result = training.run()
    return curves, result.cpu_seconds


def watch_steps(training: Any, averages: Sequence[Any]) -> None:
    """Let every call of compiled steps end with the averages."""
    train_steps = training.stepper.train

    def train(positions: Any, draws: Any, rates: Any) -> Any:
        sums = train_steps(positions, draws, rates)
        weights = training.networks.model.get_weights()  # one fold
        for average in averages:
            average.add(weights, len(positions))
        return sums

    training.stepper.train = train


def score(training: Any, weights: Sequence[Any]) -> float:
    """The validation score of a model with these weights, which then has its own again."""
    from autocnn.train.one_fold import evaluation_batches

    model, (fold,) = training.networks.model, training.folds
    own = model.get_weights()
    model.set_weights(weights)
    found = training.stepper.evaluate(*evaluation_batches(fold, training.image_shape))
    model.set_weights(own)
    return float(training.objective.compute(found.confusion, found.loss / fold.n_held))


def read_rows(file: Path) -> list[dict[str, Any]]:
    """The trainings of a file."""
    return [json.loads(line) for line in file.read_text().splitlines()]


def table(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A Markdown table: a row for each epoch and kind of weights."""
    final = np.array([max(curve[-1] for curve in row["curves"].values()) for row in rows])
    yield f"{len(rows)} trainings of {rows[0]['horizon']} epochs; {rows[0]['machine']}"
    yield ""
    yield "| epoch | weights | mean score | rank correlation with the end |"
    yield "|---|---|---|---|"
    for epoch in range(rows[0]["horizon"]):
        for kind in rows[0]["curves"]:
            scores = np.array([row["curves"][kind][epoch] for row in rows])
            rank = spearmanr(scores, final).statistic
            yield f"| {epoch + 1} | {kind} | {100 * scores.mean():.2f} % | {rank:.2f} |"


if __name__ == "__main__":
    main()
