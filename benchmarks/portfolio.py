"""Chooses the recipes of search_spaces/recipes/portfolio.toml, and their order.

Each candidate (`CANDIDATES`: how it differs from the network of the rule) is trained once for each
data set and seed, with a schedule that fills the same time: its epochs follow from its measured
speed. A score is the accuracy on images of the training split that no candidate was trained on; no
test split is read. The portfolio is chosen greedily: next comes the candidate that lowers the mean
regret of the best network so far most (regret: points below the best candidate of a data set).

    python benchmarks/portfolio.py --cifar FOLDER_OF_PARQUET_FILES --seconds 20 --seeds 2
    python benchmarks/portfolio.py --report

The data sets are parts of Fashion-MNIST (KERAS_HOME), CIFAR-10 and scikit-learn's digits, scaled to
sizes that `any_images_data.py` does not have.
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
from measuring import describe_machine
from PIL import Image
from rich.console import Console
from rich.table import Table

from autocnn.data.dataset import TrainingImages
from autocnn.data.prepared import PreparedData
from autocnn.data.split import Split
from autocnn.data.statistics import channel_statistics, part_counts
from autocnn.engines.recipes import NetworkSize, TrainingSet, nearest_width, rule
from autocnn.keras_startup import load_keras
from autocnn.space.config import TrialConfig
from autocnn.space.parameters import Value
from autocnn.space.toml import load_space
from autocnn.trial import TrialJob

N_VALIDATION = 1000
BASE = NetworkSize(filters=16, batch_size=32)  # of the rule's network
Made = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]

STILL: dict[str, Value] = {"flip": False, "shift_fraction": 0.0}
MOVED: dict[str, Value] = {"flip": True, "shift_fraction": 0.07}
SHIFTED: dict[str, Value] = {"flip": False, "shift_fraction": 0.07}
SINGLE: dict[str, Value] = {"width": 1.5, "convolutions": 1}
SLOW: dict[str, Value] = {"learning_rate_scale": 2.0}  # at batches of 32
FAST: dict[str, Value] = {"learning_rate_scale": 4.0}
CANDIDATES: dict[str, dict[str, Value]] = {  # `width` multiplies the first width
    "pairs": {**SLOW, **MOVED},
    "still": {**SLOW, **STILL},
    "augmented": {**SLOW, "flip": True, "shift_fraction": 0.1, "rotation": 10, "zoom": 0.2},
    "wide": {**SLOW, **MOVED, **SINGLE},
    "narrow_deep": {**SLOW, **MOVED, "width": 0.75, "convolutions": 3, "residual": True},
    "strided": {**SLOW, **MOVED, "downsampling": "stride"},
    "strided_gelu": {
        **{**SLOW, **MOVED},
        **{"downsampling": "stride", "activation": "gelu", "head": "global_average"},
    },
    "dropped": {**SLOW, **MOVED, "dropout": 0.2, "dropout_kind": "spatial"},
    "decayed": {**SLOW, **MOVED, "decay_scale": 0.5},
    "sharp": {**SLOW, **MOVED, "label_smoothing": 0.0},
    "fast": {**FAST, **MOVED},
    "faster": {"learning_rate_scale": 8.0, **MOVED},
    "fast_wide": {**FAST, **MOVED, **SINGLE},
    "fast_still": {**FAST, **STILL},
    "fast_no_flip": {**FAST, "flip": False, "shift_fraction": 0.07},
    "fast_wide_still": {**FAST, **STILL, **SINGLE},
    "wide_still": {**SLOW, **STILL, **SINGLE},
    "wide_shifted": {**SLOW, **SHIFTED, **SINGLE},
    "shifted": {**SLOW, **SHIFTED},
    "flat": {
        **{**FAST, **STILL, "head": "flatten"},
        **{"dense_layers": 1, "dense_units": 128, "dense_dropout": 0.3},
    },
    "momentum": {**MOVED, "optimizer": "nesterov", "momentum": 0.9, "learning_rate_scale": 1.0},
    "muon": {**SLOW, **MOVED, "optimizer": "muon"},
    "grouped": {**SLOW, **MOVED, "normalisation": "group"},
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One training."""

    images: str
    candidate: str
    seed: int
    seconds: float  # that the schedule was made for
    epochs: int
    score: float  # accuracy on the held-out images


@dataclass(frozen=True, slots=True)
class Source:
    """Where the images come from."""

    cifar: Path | None


def scaled(images: Sequence[Image.Image], height: int, width: int) -> npt.NDArray[np.uint8]:
    """The images at one size, (n, height, width, channels)."""
    rows = [np.asarray(i.resize((width, height), Image.Resampling.BICUBIC)) for i in images]
    array = np.stack(rows)
    return array[..., None] if array.ndim == 3 else array


def picked(labels: npt.NDArray[np.int64], n: int, seed: int) -> npt.NDArray[np.int64]:
    """The indices of `n` images to train on, and of those to validate, at random."""
    return np.random.default_rng(seed).permutation(len(labels))[: n + N_VALIDATION]


def fashion(n: int, side: int) -> Callable[[Source], Made]:
    """A part of the training images of Fashion-MNIST."""

    def make(_: Source) -> Made:
        import keras

        (pixels, labels), _test = keras.datasets.fashion_mnist.load_data()
        index = picked(labels, n, side)
        return scaled([Image.fromarray(pixels[i]) for i in index], side, side), labels[index]

    return make


def cifar(
    n: int, size: tuple[int, int], classes: Sequence[int], mode: str = "RGB"
) -> Callable[[Source], Made]:
    """A part of the training images of CIFAR-10, of some of its classes."""

    def make(source: Source) -> Made:
        assert source.cifar is not None
        files = sorted(source.cifar.rglob("*train*.parquet"))
        table = pq.read_table(files[0] if len(files) == 1 else files)
        image, label = (
            next(c for c in table.column_names if c.startswith(x)) for x in ("im", "lab")
        )
        labels = np.array(table[label])
        chosen = np.flatnonzero(np.isin(labels, classes))
        index = chosen[picked(labels[chosen], n, size[0])]
        encoded = table[image].combine_chunks()
        opened = [Image.open(io.BytesIO(encoded[int(i)]["bytes"].as_py())) for i in index]
        pixels = scaled([i.convert(mode) for i in opened], *size)
        return pixels, np.searchsorted(np.array(classes), labels[index])

    return make


def digits(n: int, side: int) -> Callable[[Source], Made]:
    """A part of scikit-learn's digits."""

    def make(_: Source) -> Made:
        from sklearn.datasets import load_digits

        bunch = load_digits()
        pixels = np.round(bunch.images * 255 / 16).astype(np.uint8)
        index = picked(bunch.target, n, side)
        return scaled([Image.fromarray(pixels[i]) for i in index], side, side), bunch.target[index]

    return make


def placed(make: Callable[[Source], Made], side: int) -> Callable[[Source], Made]:
    """Each image at a random place of a larger one of noise, at a random contrast.

    Networks learn such images late: what they have in common is nowhere in particular.
    """

    def make_placed(source: Source) -> Made:
        pixels, labels = make(source)
        n, height, width, channels = pixels.shape
        rng = np.random.default_rng(side)
        canvas = rng.normal(90, 30, (n, side, side, channels))
        rows, columns = rng.integers(0, side - height, n), rng.integers(0, side - width, n)
        for image, one, row, column in zip(canvas, pixels, rows, columns, strict=True):
            image[row : row + height, column : column + width] += rng.uniform(0.3, 0.7) * one
        return np.clip(canvas, 0, 255).astype(np.uint8), labels

    return make_placed


ALL = tuple(range(10))
SETS: dict[str, Callable[[Source], Made]] = {
    "digits 16x16, 500": digits(500, 16),
    "fashion 28x28, 5,000": fashion(5000, 28),
    "fashion 56x56, 600": fashion(600, 56),
    "cifar 32x32 grey, 4,000": cifar(4000, (32, 32), ALL, "L"),
    "cifar 40x56, 2,000": cifar(2000, (40, 56), ALL),
    "cifar 80x104, 300": cifar(300, (80, 104), (1, 3, 5, 7, 9)),
    "placed digits 48x48, 600": placed(digits(600, 16), 48),
    "placed fashion 64x64, 600": placed(fashion(600, 28), 64),
}


def prepared(name: str, source: Source) -> PreparedData:
    """The data set, whose last images validate."""
    pixels, labels = SETS[name](source)
    n = len(labels) - N_VALIDATION
    images = TrainingImages(images=np.ascontiguousarray(pixels), labels=labels.astype(np.int64))
    split = Split(train=np.arange(n), validation=np.arange(n, len(labels)), seed=0, fraction=0.1)
    return normalised(name, images, split)


def normalised(name: str, images: TrainingImages, split: Split) -> PreparedData:
    """The images of this split, normalised by those that are trained on; classes are numbers."""
    mean, std = channel_statistics(part_counts(images, split.train))
    return PreparedData(
        name=name,
        class_names=tuple(str(label) for label in range(int(images.labels.max()) + 1)),
        images=images,
        split=split,
        mean=mean,
        std=std,
        fingerprint="",
    )


def network(data: PreparedData, changes: Mapping[str, Value]) -> TrialConfig:
    """The rule's network for `data`, with the changes of a candidate."""
    own = dict(changes)
    images = TrainingSet(shape=data.image_shape, n=data.train.n)
    width = nearest_width(float(own.pop("width", 1.0)) * BASE.filters)
    size = NetworkSize(filters=width, batch_size=BASE.batch_size)
    space = load_space("cnn").fitted(images.shape, images.n)
    return space.config({**rule(images, size), **own})


def train(data: PreparedData, candidate: str, seed: int, seconds: float) -> Cell:
    """Train a candidate for about `seconds` of steps."""
    from autocnn.train.backend import find_device
    from autocnn.train.speed import measure_speed
    from autocnn.train.trainer import Hooks, train_trial

    config, device = network(data, CANDIDATES[candidate]), find_device()
    precision = device.choose_precision("auto")
    _, image_s = measure_speed(config, data, device, precision, 1.0)
    epochs = max(1, round(seconds / (image_s * data.train.n)))
    with tempfile.TemporaryDirectory() as folder:
        job = TrialJob(
            number=0,
            config=config,
            seed=zlib.crc32(f"{data.name} {seed}".encode()),  # the same for all candidates
            horizon=epochs,
            last_epoch=epochs,
            precision=precision,
            folder=Path(folder),
        )
        hooks = Hooks(report=lambda *_: False, interrupted=lambda: False)
        result = train_trial(job, data, device, hooks)
    return Cell(data.name, candidate, seed, seconds, epochs, result.curve[-1].val_accuracy)


def measure(options: argparse.Namespace, records: Path) -> None:
    """Train what is missing in `records`."""
    load_keras()
    done = {(cell.images, cell.candidate, cell.seed) for cell in read(records)}
    source = Source(options.cifar)
    for name in options.sets or SETS:
        if name.startswith("cifar") and source.cifar is None:
            print(f"{name} is left out: --cifar names its files")
            continue
        data = prepared(name, source)
        for seed in range(options.seeds):
            for candidate in options.candidates or CANDIDATES:
                if (name, candidate, seed) not in done:
                    cell = train(data, candidate, seed, options.seconds)
                    with records.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(asdict(cell)) + "\n")


def read(records: Path) -> list[Cell]:
    """The trainings on record."""
    if not records.is_file():
        return []
    items: list[dict[str, Any]] = [json.loads(line) for line in records.read_text().splitlines()]
    return [Cell(**item) for item in items]


def regrets(cells: Sequence[Cell]) -> tuple[list[str], list[str], npt.NDArray[np.float64]]:
    """Data sets, candidates that were trained on all of them, and points below the best one."""
    sets = sorted({cell.images for cell in cells})
    names = [c for c in CANDIDATES if all(_mean(cells, s, c) is not None for s in sets)]
    scores = np.array([[_mean(cells, s, c) or 0.0 for s in sets] for c in names])
    return sets, names, 100 * (scores.max(axis=0) - scores)


def _mean(cells: Sequence[Cell], images: str, candidate: str) -> float | None:
    scores = [c.score for c in cells if (c.images, c.candidate) == (images, candidate)]
    return float(np.mean(scores)) if scores else None


def choose(regret: npt.NDArray[np.float64]) -> list[tuple[int, float]]:
    """The candidates in greedy order, and the mean regret of the best of them so far."""
    order: list[tuple[int, float]] = []
    best = np.full(regret.shape[1], np.inf)
    while len(order) < len(regret):
        left = [i for i in range(len(regret)) if i not in {j for j, _ in order}]
        gains = {i: float(np.minimum(best, regret[i]).mean()) for i in left}
        # Among candidates that add nothing, the one that is better on average comes first.
        chosen = min(left, key=lambda i: (round(gains[i], 6), float(regret[i].mean())))
        best = np.minimum(best, regret[chosen])
        order.append((chosen, gains[chosen]))
    return order


def report(records: Path) -> None:
    """Print the table of all candidates, in greedy order."""
    cells, console = read(records), Console(width=200)
    sets, names, regret = regrets(cells)
    n = len({cell.seed for cell in cells})
    console.print(f"{describe_machine()}; n = {n}; {cells[0].seconds:g} s a training")
    title = "points below the best candidate; the mean regret of the candidates so far"
    table = Table("candidate", *sets, "mean", "so far", title=title)
    for i, so_far in choose(regret):
        row = [f"{value:.1f}" for value in (*regret[i], regret[i].mean(), so_far)]
        table.add_row(names[i], *row)
    console.print(table)


def main() -> None:
    """Train the candidates, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--cifar", type=Path, help="folder of Parquet files")
    parser.add_argument("--seconds", type=float, default=20.0, help="of the steps of a training")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--sets", nargs="*", help="names of data sets; by default all")
    parser.add_argument("--candidates", nargs="*", choices=CANDIDATES, help="by default all")
    parser.add_argument("--records", type=Path, default=Path("portfolio.jsonl"))
    parser.add_argument("--report", action="store_true", help="print the table only")
    options = parser.parse_args()
    if not options.report:
        measure(options, options.records)
    report(options.records)


if __name__ == "__main__":
    main()
