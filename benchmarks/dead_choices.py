"""Which choices of a search space decide nothing: weight decay, Adam, Keras' Muon, early stopping.

    python benchmarks/dead_choices.py --records dead.jsonl
    python benchmarks/dead_choices.py --records dead.jsonl --dataset fashion_mnist --subset 6000

One small network is trained by autocnn's own loop, by each optimizer at its customary rate, in a
schedule that rises and falls once. Tables:

- decay: validation accuracy at a fixed weight decay, and at one that is divided by the rate, so
  that the share of a weight that an update removes is that of AdamW at every optimizer
- adam: whether Adam and AdamW end with the same weights, bit for bit
- muon: Keras' Muon against autocnn's, paired by seed
- stopping: what early stopping costs and saves. It does not change an epoch, so a training that is
  stopped is the beginning of the one that is not, and one training serves both sides
- cost: CPU seconds of a training step of 3x3 convolutions of 96 channels, by optimizer

Trainings go to `--records`, one line each; those that are there are not repeated.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from dead_choices_trainings import (
    KERAS_MUON,
    NETWORK,
    Found,
    Run,
    Trainings,
    job_of,
    keras_muon_if,
)
from measuring import describe_machine
from rich.console import Console
from rich.table import Table
from scipy.stats import t as student

from autocnn.data.prepared import PreparedData
from autocnn.data.prepared import prepare as prepare_data
from autocnn.keras_startup import load_keras
from autocnn.objectives import ACCURACY
from autocnn.space.config import Block, Dense, EarlyStopping, TrialConfig
from autocnn.space.expand import CUSTOMARY_LEARNING_RATE

OPTIMIZERS = tuple(name for name in CUSTOMARY_LEARNING_RATE if name != "adam")
DECAYS = (1e-5, 1e-3, 0.1)
REFERENCE_RATE = 4e-3  # AdamW's
PATIENCES = (2, 4, 6)
TABLES = ("decay", "adam", "muon", "stopping", "cost")


def decay_table(train: Callable[[Run], Found], seeds: Sequence[int], epochs: int) -> Table:
    """Mean validation accuracy (standard deviation) of each optimizer, before and after."""
    columns = [f"{kind} {decay:g}" for kind in ("fixed", "scaled") for decay in DECAYS]
    table = Table("optimizer", "rate", *columns)
    for name in OPTIMIZERS:
        decays = [*DECAYS, *(_scaled(decay, name) for decay in DECAYS)]
        cells = [
            _mean_and_deviation([train(Run(name, decay, s, epochs)).best for s in seeds])
            for decay in decays
        ]
        table.add_row(name, f"{CUSTOMARY_LEARNING_RATE[name]:g}", *cells)
    return table


def adam_table(train: Callable[[Run], Found], seeds: Sequence[int], epochs: int) -> Table:
    """Whether weights and curves of Adam and AdamW are equal."""
    table = Table("weight decay", "seeds with equal weights and curves", "seeds")
    for decay in (0.0, *DECAYS):
        pairs = [
            (train(Run("adam", decay, s, epochs)), train(Run("adamw", decay, s, epochs)))
            for s in seeds
        ]
        table.add_row(f"{decay:g}", str(sum(a == b for a, b in pairs)), str(len(pairs)))
    return table


def muon_table(train: Callable[[Run], Found], seeds: Sequence[int], epochs: int) -> Table:
    """Autocnn's Muon minus others, by seed, with a 95 % interval of the mean."""
    table = Table("weight decay", "against", "accuracy, points", "validation loss", "seeds")
    for decay in DECAYS:
        ours = [train(Run("muon", decay, s, epochs)) for s in seeds]
        for other in (KERAS_MUON, "adamw"):
            theirs = [train(Run(other, decay, s, epochs)) for s in seeds]
            pairs = list(zip(ours, theirs, strict=True))
            points = [100 * (a.best - b.best) for a, b in pairs]
            losses = [a.lowest_loss - b.lowest_loss for a, b in pairs]
            row = f"{decay:g}", other, _interval(points, 2), _interval(losses, 4), str(len(pairs))
            table.add_row(*row)
    return table


def stopping_table(train: Callable[[Run], Found], seeds: Sequence[int], epochs: int) -> Table:
    """What early stopping changes in score and epochs, over all optimizers and seeds."""
    from autocnn.train.early_stopping import should_stop

    table = Table("patience", "least improvement", "stopped", "epochs", "score, points", "worst")
    runs = [Run(name, _scaled(1e-3, name), s, epochs) for name in OPTIMIZERS for s in seeds]
    founds = [found for found in map(train, runs) if found.scores]  # the others diverged
    for patience in PATIENCES:
        for delta in (0.0, 1e-3):
            rule = EarlyStopping(patience=patience, min_delta=delta)
            ends, costs = [], []
            for found in founds:
                stops = (
                    n
                    for n in range(1, len(found.scores) + 1)
                    if should_stop(found.scores[:n], rule, ACCURACY)
                )
                ends.append(next(stops, len(found.scores)))
                costs.append(100 * (max(found.scores[: ends[-1]]) - found.best))
            row = f"{patience}", f"{delta:g}", f"{sum(n < epochs for n in ends)} of {len(ends)}"
            mean = statistics.mean(ends)
            table.add_row(*row, f"{mean:.1f} of {epochs}", _interval(costs, 2), f"{min(costs):.2f}")
    return table


def cost_table(data: PreparedData, rounds: int) -> Table:
    """CPU seconds of twelve steps of 128 images, alternated, and the share above AdamW's."""
    table = Table("network", "optimizer", "CPU ms a step", "above adamw")
    wide = Block(filters=(96, 96, 96), normalisation="batch", pool="max")
    networks = {
        "3x3x96x96, twice": replace(NETWORK, blocks=(wide,), head="global_average", dense=()),
        "flattened, dense 512": replace(NETWORK, dense=(Dense(units=512),)),
    }
    for label, network in networks.items():
        sides = {name: _stepper_of(name, network, data) for name in ("adamw", KERAS_MUON, "muon")}
        times: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, step in sides.items():
                times[name].append(1000 * step())
        base = statistics.median(times["adamw"])
        for name, found in times.items():
            middle = statistics.median(found)
            spread = f"{middle:.1f} ({min(found):.1f}-{max(found):.1f})"
            table.add_row(label, name, spread, f"{100 * (middle / base - 1):+.1f} %")
    return table


def _stepper_of(name: str, network: TrialConfig, data: PreparedData) -> Callable[[], float]:
    """A function that takes twelve steps and returns the CPU seconds of one."""
    from autocnn.nn import augmentation
    from autocnn.train.assembly import prepare
    from autocnn.train.backend import cpu_seconds, find_device, set_precision

    device = find_device()
    set_precision("float32", device)
    with keras_muon_if(name == KERAS_MUON):
        _, stepper, batch = prepare(job_of(Run(name, 1e-3, 0, 1), Path(), network), data, device)
    rows = np.arange(12 * batch, dtype=np.int32).reshape(12, batch) % data.train.n
    draws = augmentation.draw_epoch(network.augmentation, rows, 0, 1, data.train.n)

    def take(rate: float = 1e-4) -> float:
        before = cpu_seconds()
        stepper.train(rows, draws, np.full(12, rate, np.float32))
        return (cpu_seconds() - before) / 12

    take()  # compiles
    return take


def _scaled(decay: float, name: str) -> float:
    return decay * REFERENCE_RATE / CUSTOMARY_LEARNING_RATE[name]


def _mean_and_deviation(scores: Sequence[float]) -> str:
    spread = f" ({100 * statistics.stdev(scores):.1f})" if len(scores) > 1 else ""
    return f"{100 * statistics.mean(scores):.1f}{spread}"


def _interval(values: Sequence[float], digits: int) -> str:
    """The mean with its 95 % interval, by Student's distribution."""
    half = 0.0
    if len(values) > 1:
        error = statistics.stdev(values) / len(values) ** 0.5
        half = float(student.ppf(0.975, len(values) - 1)) * error
    return f"{statistics.mean(values):+.{digits}f} ± {half:.{digits}f}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--subset", type=int, help="images to train on (default: all)")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=TABLES)
    parser.add_argument("--records", type=Path, default=Path("dead_choices.jsonl"))
    options = parser.parse_args()
    load_keras()
    data = prepare_data(options.dataset, subset=options.subset)
    train, seeds = Trainings(data, options.records), range(options.seeds)
    of_trainings = {
        "decay": decay_table,
        "adam": adam_table,
        "muon": muon_table,
        "stopping": stopping_table,
    }
    console = Console(width=None if sys.stdout.isatty() else 130)
    sizes = f"{data.name}: {data.train.n} images train, {data.validation.n} validate"
    console.print(describe_machine(), sizes, sep="\n", highlight=False)
    for name in options.tables:
        if name == "cost":
            console.print(cost_table(data, rounds=5))
        else:
            console.print(name, of_trainings[name](train, seeds, options.epochs), sep="\n")


if __name__ == "__main__":
    main()
