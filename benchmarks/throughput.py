"""How fast is one network trained, beside `model.fit`, a loop by hand and what the device can do?

    python benchmarks/throughput.py --dataset fashion_mnist --rounds 3
    python benchmarks/throughput.py --dataset digits --accuracy 3 12

Every side trains the same network on the same images, in a process of its own: one epoch to warm
up, then `--epochs` that are timed; sides alternate. autocnn trains as in a refit, which validates
nothing: no side validates. `model.fit` has Keras' layers and defaults and prints nothing; by hand
is one compiled step in a Python loop. It has a second side: on TensorFlow with autocnn's batch
normalisation, on JAX (`KERAS_BACKEND=jax`) with the loop compiled as one scan, in float32 and in
Keras' mixed_bfloat16; XLA runs the convolutions of a loop on one core of a CPU. A step
counts 3 x 2 floating-point operations (FLOP) for each multiply-accumulate of the forward pass; the
limit is a large matrix product on the backend, which on a GPU may take TF32 for float32.

`--accuracy SEEDS EPOCHS` trains to the end instead, with the same schedule and first weights, and
compares validation accuracies. Augmentation is off unless `--augment` is given: Keras has other
layers for it, which take longer.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
from dataclasses import replace
from functools import partial
from typing import Any

from measuring import alternate, describe_machine, median_and_spread, watch_load
from rich.console import Console
from rich.table import Table

from autocnn.data.catalog import dataset_info
from autocnn.engines.recipes import NetworkSize, TrainingSet, recipes_for
from autocnn.keras_startup import load_keras
from autocnn.space.config import Augmentation, EarlyStopping, TrialConfig
from autocnn.space.layers import Network, plan_network
from autocnn.space.library import baseline_names
from autocnn.space.toml import load_space

FIT = "model.fit"
SIDES = {  # how each trains, and its variant
    "autocnn": ("autocnn", "auto"),
    "autocnn, float32": ("autocnn", "float32"),
    FIT: ("fit", "arrays"),
    f"{FIT}, tf.data": ("fit", "tf.data"),
    "by hand": ("hand", "Keras' layers"),
    "by hand, fused normalisation": ("hand", "fused"),
    "by hand, a scan": ("hand", "scan"),
    "by hand, a scan, bfloat16": ("hand", "scan bfloat16"),
}
TENSORFLOW_ONLY = (f"{FIT}, tf.data", "by hand, fused normalisation")
JAX_ONLY = ("by hand, a scan", "by hand, a scan, bfloat16")
COMPARED = ("autocnn", "autocnn, float32", FIT)  # by accuracy
LIMITS = ("float32", "bfloat16")
FLOP_A_MAC = 3 * 2  # forward, and twice as much backward; each multiplies and adds

Found = dict[str, Any]  # what the process of a side measured


def main() -> None:
    """Run the sides and print their table, or be one of them."""
    options = read_options()
    if options.side is not None:
        load_keras()
        print(json.dumps(be_side(options)))
        return
    with watch_load() as load:
        table = compare_accuracy(options) if options.accuracy else compare_speed(options)
    console = Console(width=None if sys.stdout.isatty() else 150)
    for line in (describe_machine(), describe_task(options), table, load.warning()):
        console.print(line, highlight=False)


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--dataset", default="fashion_mnist")
    parser.add_argument("--network", help="recipe or baseline; by default the first recipe")
    parser.add_argument("--images", type=int, default=20_000, help="at most, for training")
    parser.add_argument("--epochs", type=int, default=1, help="timed, after one to warm up")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=SIDES, action="append", help="this side; repeatable")
    parser.add_argument("--augment", action="store_true", help="flips and shifts of the network")
    parser.add_argument("--accuracy", type=int, nargs=2, metavar=("SEEDS", "EPOCHS"))
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args()


def be_side(options: argparse.Namespace) -> Found:
    """What this process measures for the parent that started it."""
    from throughput_sides import Task, measure_limit, train_timed, train_whole

    if options.side in LIMITS:
        return measure_limit(options.side)
    task = Task(
        dataset=options.dataset,
        config=find_config(options),
        most=options.images,
        seed=options.seed,
    )
    if options.accuracy:
        return train_whole(task, *SIDES[options.side], options.accuracy[1])
    return train_timed(task, *SIDES[options.side], options.epochs)


def run_side(side: str, *more: str) -> Found:
    """What a fresh process measures that is one side of this command."""
    command = [sys.executable, *sys.argv, "--side", side, *more]
    environment = {**os.environ, "KERAS_BACKEND": backend_name()}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: Found = json.loads(done.stdout.splitlines()[-1])
    return found


def backend_name() -> str:
    """The backend of all sides."""
    return os.environ.get("KERAS_BACKEND") or "tensorflow"


def wanted_sides(options: argparse.Namespace, sides: tuple[str, ...]) -> list[str]:
    """Those of `sides` that the backend has, and were asked for or are compared with."""
    others = JAX_ONLY if backend_name() == "tensorflow" else TENSORFLOW_ONLY
    able = [side for side in sides if side not in others]
    return [s for s in able if options.only is None or s in (*options.only, FIT)]


# --- the network ---


def find_config(options: argparse.Namespace) -> TrialConfig:
    """The network that is trained, to the end of its schedule."""
    config = replace(_named_config(options), early_stopping=EarlyStopping(enabled=False))
    return config if options.augment else replace(config, augmentation=Augmentation())


def _named_config(options: argparse.Namespace) -> TrialConfig:
    name = options.network
    if name in baseline_names():
        space = load_space(name)
        return space.config({key: p.all_values()[0] for key, p in space.parameters.items()})
    info = dataset_info(options.dataset)
    images = TrainingSet(shape=info.image_shape, n=info.n_train)
    recipes = recipes_for(images, NetworkSize(filters=48))
    for recipe in recipes:
        if name in (None, recipe.name):
            return load_space("cnn").fitted(images.shape, images.n).config(recipe.values)
    known = ", ".join([*(recipe.name for recipe in recipes), *baseline_names()])
    raise SystemExit(f"--network {name}: choose one of {known}")


def find_network(options: argparse.Namespace) -> Network:
    """Its layers, for the images of the data set."""
    info = dataset_info(options.dataset)
    return plan_network(find_config(options), info.image_shape, info.n_classes)


def describe_task(options: argparse.Namespace) -> str:
    """What is trained, in one line."""
    config, network = find_config(options), find_network(options)
    augmented = "with" if options.augment else "without"
    return (
        f"{options.dataset}, at most {options.images:,} images; {options.network or 'first recipe'}"
        f" {augmented} augmentation: {network.parameters:,} parameters, {network.macs:,} MACs, "
        f"batches of {config.batch_size}, {config.optimizer.name}; backend {backend_name()}"
    )


# --- how fast ---


def compare_speed(options: argparse.Namespace) -> Table:
    """All sides in rounds, and what share of the device's limit each reaches."""
    names = [*wanted_sides(options, tuple(SIDES)), *LIMITS]
    sides = {name: partial(run_side, name) for name in names}
    found = alternate(sides, options.rounds, lambda text: print(text, file=sys.stderr))
    macs = find_network(options).macs
    titles = ("side", "precision", "images/s", "CPU s for 1,000", "CPU over fit's")
    table = Table(*titles, "wall over fit's", "GFLOP/s", "of limit", "of limit, CPU", "loss")
    for name in names:
        rounds = found[name]
        if name in LIMITS:
            table.add_row("matrix product", name, *[""] * 4, _gflops(rounds, 1), *[""] * 3)
            continue
        limits = found[rounds[0]["precision"]]
        table.add_row(name, rounds[0]["precision"], *_speed_cells(rounds, found[FIT], limits, macs))
    return table


def _speed_cells(
    rounds: list[Found], fit: list[Found], limits: list[Found], macs: int
) -> list[str]:
    """The cells of one training side, from its rounds, those of `model.fit`, and of its limit."""
    flop = FLOP_A_MAC * macs
    speeds = [one["images"] / one["wall"] for one in rounds]
    costs = [1000 * one["cpu"] / one["images"] for one in rounds]
    return [
        median_and_spread(speeds, 0),
        median_and_spread(costs),
        _ratios(rounds, fit, "cpu"),
        _ratios(rounds, fit, "wall"),
        _gflops(rounds, flop),
        f"{100 * _flop_a_second(rounds, flop) / _flop_a_second(limits, 1):.0f} %",
        f"{100 * _flop_a_second(rounds, flop, 'cpu') / _flop_a_second(limits, 1, 'cpu'):.0f} %",
        f"{statistics.median(one['loss'] for one in rounds):.4f}",
    ]


def _ratios(rounds: list[Found], others: list[Found], what: str) -> str:
    """Round by round, what an image costs over what it costs the others."""
    pairs = zip(rounds, others, strict=True)
    return median_and_spread([(a[what] / a["images"]) / (b[what] / b["images"]) for a, b in pairs])


def _flop_a_second(rounds: list[Found], flop: int, what: str = "wall") -> float:
    """The median of operations in a second; `flop` of them belong to one of a round's images."""
    return float(statistics.median(flop * one["images"] / one[what] for one in rounds))


def _gflops(rounds: list[Found], flop: int) -> str:
    return median_and_spread([flop * one["images"] / one["wall"] / 1e9 for one in rounds], 0)


# --- how well ---


def compare_accuracy(options: argparse.Namespace) -> Table:
    """Validation accuracy of the sides over several seeds, and how far they are apart."""
    n_seeds, n_epochs = options.accuracy
    if n_seeds < 2 or n_epochs < 1:
        raise SystemExit("--accuracy needs at least 2 seeds and 1 epoch")
    found: dict[str, list[Found]] = {name: [] for name in wanted_sides(options, COMPARED)}
    for seed in range(n_seeds):
        for name, results in found.items():
            print(f"seed {seed} of {n_seeds}: {name}", file=sys.stderr)
            results.append(run_side(name, "--seed", str(seed)))
    titles = ("side", "seeds", "last epoch, %", "best epoch, %", f"last minus {FIT}'s, points")
    table = Table(*titles, "CPU s")
    for name, results in found.items():
        difference = "" if name == FIT else _difference(results, found[FIT])
        cells = [_mean_and_sd([100 * one[key] for one in results]) for key in ("last", "best")]
        costs = median_and_spread([one["cpu"] for one in results], 1)
        table.add_row(name, str(n_seeds), *cells, difference, costs)
    return table


def _mean_and_sd(values: list[float]) -> str:
    return f"{statistics.mean(values):.2f} ± {statistics.stdev(values):.2f}"


def _difference(results: list[Found], others: list[Found]) -> str:
    """The difference of the means with its standard error."""
    groups = [[100 * one["last"] for one in group] for group in (results, others)]
    error = math.sqrt(sum(statistics.variance(group) / len(group) for group in groups))
    return f"{statistics.mean(groups[0]) - statistics.mean(groups[1]):+.2f} ± {error:.2f}"


if __name__ == "__main__":
    main()
