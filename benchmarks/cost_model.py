"""How well the cost model predicts the seconds of a training step, and its coefficients.

Networks of the recipes and random ones, for images of several sizes, are measured as the probe of
a search measures (`autocnn.train.speed`), in wall seconds: the machine must be idle. The first
table has the coefficients that fit all of them best; the second one the errors of
predictions for each size of images, from coefficients fitted to the other sizes and scaled to one
network, as a search scales them.

    python benchmarks/cost_model.py --networks 14 --records cost_model.jsonl
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from measuring import describe_machine
from rich.console import Console
from rich.table import Table
from scipy.optimize import nnls

from autocnn.data.dataset import TrainingImages
from autocnn.data.prepared import PreparedData, prepare_images
from autocnn.engines.recipes import NetworkSize, TrainingSet, recipes_for
from autocnn.errors import Infeasible
from autocnn.keras_startup import load_keras
from autocnn.space.config import TrialConfig
from autocnn.space.cost import Work, work_of
from autocnn.space.layers import plan_network
from autocnn.space.space import SearchSpace
from autocnn.space.toml import load_space
from autocnn.study.cost_model import CPU_SECONDS, CostModel, Observed

SHAPES = ((8, 8, 1), (28, 28, 1), (32, 32, 3), (48, 64, 3), (64, 64, 3), (96, 96, 3))
N_IMAGES, N_CLASSES = 600, 5
BATCHES = (16, 64, 128)
WIDTHS = (8, 16, 32, 64)
NAMES = tuple(field.name for field in fields(Work))
MOST_MACS = 2e8  # of a measured network


@dataclass(frozen=True, slots=True)
class Row:
    """One measured network."""

    shape: tuple[int, int, int]
    kind: str  # "recipe" or "random"
    work: tuple[float, ...]
    image_s: float  # wall seconds

    @property
    def observed(self) -> Observed:
        """The row as the cost model takes it."""
        work = Work(**dict(zip(NAMES, self.work, strict=True)))
        return Observed(work=work, image_s=self.image_s)


def images_of(shape: tuple[int, int, int]) -> PreparedData:
    """Noise of this shape, with labels."""
    pixels = np.random.default_rng(0).integers(0, 256, (N_IMAGES, *shape)).astype(np.uint8)
    images = TrainingImages(images=pixels, labels=np.arange(N_IMAGES) % N_CLASSES)
    return prepare_images("noise", tuple(map(str, range(N_CLASSES))), images)


def networks(
    space: SearchSpace, shape: tuple[int, int, int], n: int
) -> Iterator[tuple[str, TrialConfig]]:
    """`n` networks: recipes of any width and batch, and as many random ones."""
    rng = np.random.default_rng(list(shape))
    images = TrainingSet(shape=shape, n=100_000)
    while n > 0:
        size = NetworkSize(filters=int(rng.choice(WIDTHS)), batch_size=int(rng.choice(BATCHES)))
        recipe = rng.choice(np.array(recipes_for(images, size), dtype=object))
        for kind, point in (("recipe", recipe.point_in(space)), ("random", space.sample(rng))):
            try:
                config = space.config(point)
                if plan_network(config, shape, N_CLASSES).macs <= MOST_MACS:
                    n -= 1
                    yield kind, config
            except Infeasible:
                continue


def seconds_of_image(config: TrialConfig, data: PreparedData, seconds: float) -> float:
    """Wall seconds of a training step, divided by the batch."""
    from autocnn.train import backend, speed

    device = backend.find_device()
    precision = device.choose_precision("auto")
    return speed.measure_speed(config, data, device, precision, seconds)[1]


def measure(options: argparse.Namespace) -> list[Row]:
    """The rows of `options.records`, with those that were missing measured and added."""
    path = Path(options.records)
    rows = read(path) if path.is_file() else []
    known = {row.shape for row in rows}
    for shape in SHAPES:
        if shape not in known:
            rows += measure_shape(shape, options, path)
    return rows


def read(path: Path) -> list[Row]:
    """The rows of a file of JSON lines."""
    items: list[dict[str, Any]] = [json.loads(line) for line in path.read_text().splitlines()]
    return [Row(tuple(i["shape"]), i["kind"], tuple(i["work"]), i["image_s"]) for i in items]


def measure_shape(
    shape: tuple[int, int, int], options: argparse.Namespace, path: Path
) -> list[Row]:
    """Measure the networks for images of one shape, and append them to `path`."""
    data, space = images_of(shape), load_space("cnn").fitted(shape, 100_000)
    rows = []
    for kind, config in networks(space, shape, options.networks):
        image_s = seconds_of_image(config, data, options.seconds)
        work = work_of(config, plan_network(config, shape, N_CLASSES), shape, N_IMAGES)
        rows.append(Row(shape, kind, work.vector(), image_s))
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(row)) + "\n" for row in rows)
    return rows


def fit(rows: Sequence[Row]) -> tuple[float, ...]:
    """The coefficients, none negative, with the least squared relative errors."""
    matrix = np.array([np.array(row.work) / row.image_s for row in rows])
    scale = matrix.max(axis=0)
    found, _ = nnls(matrix / scale, np.ones(len(rows)))
    return tuple((found / scale).tolist())


def errors(rows: Sequence[Row], shape: tuple[int, int, int]) -> list[float]:
    """Predicted by observed seconds for one shape, each scaled to one of its recipes."""
    model = CostModel(coefficients=fit([row for row in rows if row.shape != shape]))
    own = [row for row in rows if row.shape == shape]
    probe = next(row for row in own if row.kind == "recipe")
    scaled = model.scaled_to(probe.observed)
    others = [row for row in own if row is not probe]
    return [scaled.image_seconds(row.observed.work) / row.image_s for row in others]


def main() -> None:
    """Measure what is missing, and print the two tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--networks", type=int, default=14, help="for each size of images")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    parser.add_argument("--records", default="cost_model.jsonl")
    options = parser.parse_args()
    load_keras()
    rows, console = measure(options), Console()
    console.print(describe_machine())
    table = Table("work", "in use", "fitted", title="seconds for each unit of work")
    for name, used, fitted in zip(NAMES, CPU_SECONDS, fit(rows), strict=True):
        table.add_row(name, f"{used:.2g}", f"{fitted:.2g}")
    console.print(table)
    table = Table("images", "n", "median", "worst tenth", title="predicted by observed seconds")
    for shape in SHAPES:
        ratios = errors(rows, shape)
        low, high = np.quantile(ratios, (0.1, 0.9))
        middle = f"{np.median(ratios):.2f}"
        table.add_row("x".join(map(str, shape)), str(len(ratios)), middle, f"{low:.2f}, {high:.2f}")
    console.print(table)


if __name__ == "__main__":
    main()
