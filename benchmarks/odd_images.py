"""What does a short search make of images that no recipe was made for?

    python benchmarks/odd_images.py --budget 2m

Each set of SETS is drawn into a new folder, and `autocnn search` runs on it as a user calls it. The
table says how each search ended: its exit code, the wall seconds past the budget, and its score or
the last line that it printed. A search may refuse a set in one line, or find a small network; it
may not end without a network after its time, nor LATE_S seconds past the budget.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from any_images import Command, read_budget, run_command
from any_images_results import Outcome
from measuring import describe_machine
from PIL import Image

Pixels = npt.NDArray[np.uint8]

LATE_S = 20.0
QUALITY = 90  # of JPEG files
BLOCKS = 4  # a class is a pattern of so many times so many grey values


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A set of images: a pattern for each class, under noise."""

    height: int
    width: int
    classes: int
    each: int  # images of a class
    channels: int = 1
    suffix: str = ".png"


SETS: Mapping[str, Kind] = {
    "one_class": Kind(height=16, width=16, classes=1, each=20),
    "one_image": Kind(height=16, width=16, classes=1, each=1),
    "one_image_each": Kind(height=16, width=16, classes=4, each=1),
    "pixel": Kind(height=1, width=1, classes=2, each=100),
    "tiny": Kind(height=4, width=4, classes=3, each=100),
    "strip": Kind(height=1, width=1000, classes=3, each=60),
    "column": Kind(height=1000, width=1, classes=3, each=60),
    "large": Kind(height=224, width=224, classes=4, each=60, channels=3, suffix=".jpg"),
    "many_large": Kind(height=224, width=224, classes=10, each=300, channels=3, suffix=".jpg"),
    "wide": Kind(height=60, width=480, classes=3, each=60, channels=3, suffix=".jpg"),
    "many_classes": Kind(height=32, width=32, classes=300, each=3, channels=3),
    "many_small": Kind(height=12, width=12, classes=5, each=4000),
}


def main() -> None:
    """Run the searches and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--budget", type=read_budget, default="2m", help="wall time, such as 2m")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(describe_machine(), end="\n\n")
    print(f"| set | images | past {options.budget:g} s | CPU s | test accuracy, or last line |")
    print("|---|---|---|---|---|", flush=True)
    for name in options.sets:
        with tempfile.TemporaryDirectory(prefix="autocnn-odd-images-") as scratch:
            folder = Path(scratch) / name
            draw_set(SETS[name], folder, np.random.default_rng(options.seed))
            outcome = run_command(
                search_command(folder, options.budget, options.seed),
                options.budget,
                Path(scratch),
                describe_machine(),
            )
        print(row(name, SETS[name], options.budget, outcome), flush=True)


def draw_set(kind: Kind, folder: Path, rng: np.random.Generator) -> None:
    """Write the images of a set, a folder for each class."""
    for number in range(kind.classes):
        place = folder / f"class_{number:03d}"
        place.mkdir(parents=True)
        draw = drawer(kind, rng)
        for image in range(kind.each):
            pixels = draw()
            picture = Image.fromarray(pixels if kind.channels == 3 else pixels[..., 0])
            picture.save(place / f"{image:05d}{kind.suffix}", quality=QUALITY)


def drawer(kind: Kind, rng: np.random.Generator) -> Callable[[], Pixels]:
    """A function that draws images of a new class, (height, width, channels)."""
    pattern = rng.integers(40, 216, (BLOCKS, BLOCKS, kind.channels))
    rows = np.arange(kind.height) * BLOCKS // kind.height
    columns = np.arange(kind.width) * BLOCKS // kind.width
    clean = pattern[rows[:, None], columns[None, :]]

    def draw() -> Pixels:
        noisy = clean + rng.normal(0, 40, clean.shape)
        return np.clip(noisy, 0, 255).astype(np.uint8)

    return draw


def search_command(folder: Path, budget_s: float, seed: int) -> Command:
    """A search with an empty cache; settings of autocnn in the environment do not reach it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AUTOCNN_")}
    words = ["-m", "autocnn", "search", "--dataset", str(folder), "--study", "odd", "--quiet"]
    words += ["--json", "--time-budget", f"{budget_s:g}s", "--seed", str(seed)]
    words += ["--results", str(folder.parent / "results")]
    return Command(
        words=(sys.executable, *words),
        environment={**clean, "AUTOCNN_CACHE": str(folder.parent / "cache")},
    )


def row(name: str, kind: Kind, budget_s: float, outcome: Outcome) -> str:
    """A row of the table."""
    images = f"{kind.classes * kind.each:,} of {kind.height}x{kind.width}, {kind.classes} classes"
    late = outcome.wall_s - budget_s
    after = f"{late:+.0f} s" + (" **late**" if late > LATE_S else "")
    result = outcome.error if outcome.test is None else f"{100 * outcome.test:.1f} %"
    return f"| {name} | {images} | {after} | {outcome.cpu_s:.0f} | {result} |"


if __name__ == "__main__":
    main()
