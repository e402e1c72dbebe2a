"""What a report and a job cost by the local executor and by Ray, in turn (see ray_nodes.py)."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from measuring import describe_machine
from rich.console import Console
from rich.table import Table

from autocnn.data.dataset import TrainingImages
from autocnn.data.prepared import PreparedData, prepare_images, refer_to
from autocnn.executors.choose import open_executor
from autocnn.executors.protocol import Executor, ExecutorSetup, run_job
from autocnn.keras_startup import load_keras
from autocnn.space.config import Block, EarlyStopping, TrialConfig
from autocnn.trial import Epoch, TrialJob


@dataclass(frozen=True, slots=True)
class Cost:
    """What a number of reports took."""

    wall_s: float
    cpu_s: float  # of the supervisor


def tiny_data() -> PreparedData:
    """64 images of 8x8 in two classes: an epoch is two steps."""
    rng = np.random.default_rng(0)
    labels = np.arange(64, dtype=np.int64) % 2
    pixels = rng.integers(0, 256, (64, 8, 8, 1)).astype(np.uint8)
    images = TrainingImages(images=pixels, labels=labels)
    return prepare_images("tiny", ("a", "b"), images)


def tiny_job(folder: Path, epochs: int) -> TrialJob:
    """A job of that many epochs, of a network of one block."""
    config = TrialConfig(
        blocks=(Block(filters=(4,), pool="max"),),
        batch_size=32,
        early_stopping=EarlyStopping(patience=10**6),
    )
    return TrialJob(
        number=0,
        config=config,
        seed=1,
        horizon=epochs,
        last_epoch=epochs,
        precision="float32",
        folder=folder / "trials" / "0",
    )


def time_job(executor: Executor, job: TrialJob) -> Cost:
    """The time from the submission of `job` to its result."""
    shutil.rmtree(job.folder, ignore_errors=True)  # a checkpoint would be continued
    wall, cpu = time.perf_counter(), time.process_time()
    result = run_job(executor, job, on_epoch, lambda: False)
    assert result.epochs == job.last_epoch, result
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


def on_epoch(number: int, metrics: Epoch) -> bool:
    """Let the job go on."""
    return False


def measure_overhead(epochs: int, rounds: int) -> None:
    """Print a table of the medians of `rounds` rounds, both executors in each of them."""
    load_keras()
    with tempfile.TemporaryDirectory(prefix="autocnn-ray-overhead-") as name:
        folder = Path(name)
        data, job = refer_to(tiny_data()), tiny_job(folder, epochs)
        setup = ExecutorSetup(log=folder / "worker.log", workers=1, cpus=1)
        executors = {kind: open_executor(replace(setup, kind=kind)) for kind in ("local", "ray")}
        costs: dict[str, list[tuple[Cost, Cost]]] = {kind: [] for kind in executors}
        try:
            for executor in executors.values():
                executor.use(data)
                executor.device()
                time_job(executor, replace(job, last_epoch=2))
            for _ in range(rounds):
                for kind, executor in executors.items():
                    short = time_job(executor, replace(job, last_epoch=1))
                    costs[kind].append((short, time_job(executor, job)))
        finally:
            for executor in executors.values():
                executor.close()
    Console().print(table_of(costs, epochs))
    print(f"n = {rounds}, {epochs} epochs a job; {describe_machine()}")


def table_of(costs: dict[str, list[tuple[Cost, Cost]]], epochs: int) -> Table:
    """Medians, and the ratio of Ray to local."""
    table = Table("milliseconds", "local", "ray", "ratio")
    n = epochs - 1
    rows: list[tuple[str, Callable[[Cost, Cost], float]]] = [
        ("wall of a job of one epoch", lambda short, long: short.wall_s),
        ("CPU of the supervisor for it", lambda short, long: short.cpu_s),
        ("wall of one more epoch", lambda short, long: (long.wall_s - short.wall_s) / n),
        ("CPU of the supervisor for it", lambda short, long: (long.cpu_s - short.cpu_s) / n),
    ]
    for label, of_cost in rows:
        values = {
            kind: 1000 * statistics.median(of_cost(*each) for each in found)
            for kind, found in costs.items()
        }
        local, ray = values["local"], values["ray"]
        table.add_row(label, f"{local:.2f}", f"{ray:.2f}", f"{ray / local:.2f}")
    return table
