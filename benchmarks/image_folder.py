"""How long does a folder of many small images take, the first time and after that?

    python benchmarks/image_folder.py --images 100000

Writes PNG files of ten classes into a temporary folder, then starts one process that prepares them
as a study does, and a second one that finds them in the cache. Memory is the most that a process
held, shared pages of mapped files included. The first process reads files that were just written,
so the disk is not measured. Leaves with exit code 1 where the second takes longer than `--limit`.
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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

N_CLASSES = 10


def main() -> None:
    """Write the images, prepare them twice, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--side", type=int, default=32)
    parser.add_argument("--limit", type=float, default=2.0, help="seconds of the second start")
    parser.add_argument("--prepare", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.prepare is not None:
        print(json.dumps(measure(options.prepare)))
        return
    with tempfile.TemporaryDirectory(prefix="autocnn-images-") as folder:
        images = Path(folder) / "images"
        n_bytes = write_images(images, options.images, options.side)
        runs = {name: run(images, Path(folder) / "cache") for name in ("first", "second")}
    decoded = options.images * options.side**2 * 3
    console = Console()
    console.print(
        f"{options.images:,} PNG files of {options.side}x{options.side}x3: {n_bytes / 2**20:,.0f} "
        f"MiB, decoded {decoded / 2**20:,.0f} MiB; {os.cpu_count()} cores"
    )
    table = Table("start", "wall s", "CPU s", "MiB before", "MiB at most", "images/s")
    for name, found in runs.items():
        table.add_row(
            name,
            f"{found['wall']:.2f}",
            f"{found['cpu']:.2f}",
            f"{found['before']:,.0f}",
            f"{found['most']:,.0f}",
            f"{options.images / found['wall']:,.0f}",
        )
    console.print(table)
    sys.exit(1 if runs["second"]["wall"] > options.limit else 0)


def write_images(root: Path, n: int, side: int) -> int:
    """Write `n` noisy PNG files into class folders; their bytes together."""
    for label in range(N_CLASSES):
        (root / f"class{label}").mkdir(parents=True)

    def write(number: int) -> int:
        rng = np.random.default_rng(number)
        coarse = rng.integers(0, 256, (side // 4 + 1, side // 4 + 1, 3), dtype=np.uint8)
        pixels = coarse.repeat(4, axis=0).repeat(4, axis=1)[:side, :side]
        path = root / f"class{number % N_CLASSES}" / f"{number:07}.png"
        Image.fromarray(pixels).save(path)
        return path.stat().st_size

    with ThreadPoolExecutor() as pool:
        return sum(pool.map(write, range(n), chunksize=100))


def run(images: Path, cache: Path) -> dict[str, float]:
    """What a process of its own measures."""
    command = [sys.executable, __file__, "--prepare", str(images)]
    environment = {**os.environ, "AUTOCNN_CACHE": str(cache)}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure(images: Path) -> dict[str, float]:
    """Seconds and memory of one `prepare`, after its modules are imported."""
    from autocnn.data.prepared import prepare

    before = most_memory()
    start, start_cpu = time.perf_counter(), time.process_time()
    prepare(str(images))
    return {
        "wall": time.perf_counter() - start,
        "cpu": time.process_time() - start_cpu,
        "before": before,
        "most": most_memory(),
    }


def most_memory() -> float:
    """The most MiB that this process has held so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


if __name__ == "__main__":
    main()
