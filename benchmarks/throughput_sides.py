"""One side of throughput.py, in a process that has loaded Keras already."""

from __future__ import annotations

import math
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops
from plain_keras import Training, compiled_product, fit, written_by_hand

from autocnn.data.prepared import PreparedData, prepare
from autocnn.space.config import TrialConfig
from autocnn.train.backend import find_device
from autocnn.train.trainer import Hooks, train_trial
from autocnn.trial import TrialJob, TrialResult

LIMIT_S = 2.0  # that a matrix product is repeated
LONG_S = 0.02  # of a product that is large enough
SMALLEST, LARGEST = 512, 8192  # rows of a matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What every side trains."""

    dataset: str
    config: TrialConfig
    most: int  # training images
    seed: int = 0


@dataclass(slots=True)
class Clock:
    """Wall and CPU seconds of this process at some moments."""

    marks: list[tuple[float, float]] = field(default_factory=list)

    def mark(self) -> None:
        """Now."""
        times = os.times()
        self.marks.append((time.perf_counter(), times.user + times.system))

    def spent(self) -> dict[str, float]:
        """What passed from the first to the last."""
        (start, start_cpu), (end, end_cpu) = self.marks[0], self.marks[-1]
        return {"wall": end - start, "cpu": end_cpu - start_cpu}


def train_timed(task: Task, kind: str, variant: str, epochs: int) -> dict[str, Any]:
    """What `epochs` cost after a first one, in which everything is compiled."""
    data, clock = prepare(task.dataset), Clock()
    whole = data.train_and_validation()
    batch = min(task.config.batch_size, whole.n)
    n = min(task.most, whole.n) // batch * batch  # so that no side leaves out a part of a batch
    chosen = some_of(whole.indices, n)
    if kind == "autocnn":
        one, rest = np.split(chosen, [1])  # a refit puts them together again
        data = replace(data, split=replace(data.split, train=rest, validation=one))
        precision = find_precision(variant)
        job = {"precision": precision, "fit_on": "train+validation"}
        loss = train_autocnn(task, data, 1 + epochs, clock, job).curve[-1].train_loss
    else:
        data = train_on(data, chosen)
        precision = "bfloat16" if variant.endswith("bfloat16") else "float32"
        training = Training(config=task.config, data=data, epochs=1 + epochs, seed=task.seed)
        loss = train_with_keras(training, kind, variant, clock)
    found = {"images": n * epochs, "loss": loss, "precision": precision}
    return {**found, **clock.spent()}


def train_whole(task: Task, kind: str, variant: str, epochs: int) -> dict[str, Any]:
    """Validation accuracy at the end of the schedule and of the best epoch, and the cost."""
    data, clock = prepare(task.dataset), Clock()
    data = train_on(data, some_of(data.split.train, min(task.most, data.train.n)))
    clock.mark()
    if kind == "autocnn":
        job = {"precision": find_precision(variant)}
        curve = train_autocnn(task, data, epochs, clock, job).curve
        scores = [epoch.val_accuracy for epoch in curve]
    else:
        training = Training(config=task.config, data=data, epochs=epochs, seed=task.seed)
        scores = fit(training, clock.mark, validates=True)["val_accuracy"]
    return {"last": scores[-1], "best": max(scores), **clock.spent()}


def some_of(indices: npt.NDArray[np.int64], n: int) -> npt.NDArray[np.int64]:
    """`n` of the indices, always the same."""
    return indices[np.random.default_rng(0).permutation(len(indices))[:n]]


def train_on(data: PreparedData, indices: npt.NDArray[np.int64]) -> PreparedData:
    """`data` with other training images."""
    return replace(data, split=replace(data.split, train=indices))


def find_precision(wanted: str) -> str:
    """That of a search with this setting."""
    return find_device().choose_precision(wanted)


def train_autocnn(
    task: Task, data: PreparedData, epochs: int, clock: Clock, more: dict[str, Any]
) -> TrialResult:
    """A training by autocnn's own loop; `more`: of the job."""

    def report(_number: int, _epoch: Any) -> bool:
        clock.mark()
        return False

    with tempfile.TemporaryDirectory(prefix="autocnn-throughput-") as folder:
        job = TrialJob(
            number=0,
            config=task.config,
            seed=task.seed,
            horizon=epochs,
            last_epoch=epochs,
            folder=Path(folder),
            **more,
        )
        hooks = Hooks(report=report, interrupted=lambda: False)
        return train_trial(job, data, find_device(), hooks)


def train_with_keras(training: Training, kind: str, variant: str, clock: Clock) -> float:
    """The loss of the last epoch, by `model.fit` or a loop written by hand."""
    if kind == "fit":
        return fit(training, clock.mark, pipeline=variant == "tf.data")["loss"][-1]
    if variant.endswith("bfloat16"):
        keras.config.set_dtype_policy("mixed_bfloat16")
    fused, scan = variant == "fused", variant.startswith("scan")
    train, loss = written_by_hand(training, fused=fused, scan=scan), math.nan
    for _ in range(training.epochs):
        loss = train()
        clock.mark()
    return loss


def measure_limit(dtype: str) -> dict[str, Any]:
    """Operations of products of square matrices (as `images`), and what they cost."""
    multiply, clock, rows = compiled_product(), Clock(), SMALLEST
    seconds = _time_of(multiply, *_matrices(rows, dtype))
    while seconds < LONG_S and rows < LARGEST:
        rows *= 2
        seconds = _time_of(multiply, *_matrices(rows, dtype))
    matrices = _matrices(rows, dtype)
    n = max(3, math.ceil(LIMIT_S / seconds))
    clock.mark()
    for _ in range(n):
        _finish(multiply(*matrices))
    clock.mark()
    return {"images": n * 2 * rows**3, "precision": dtype, "rows": rows, **clock.spent()}


def _matrices(rows: int, dtype: str) -> list[Any]:
    rng = np.random.default_rng(0)
    drawn = (rng.standard_normal((rows, rows), dtype=np.float32) for _ in range(2))
    return [ops.cast(ops.convert_to_tensor(matrix), dtype) for matrix in drawn]


def _time_of(multiply: Callable[[Any, Any], Any], a: Any, b: Any) -> float:
    """Wall seconds of one product, after one that compiles."""
    _finish(multiply(a, b))
    start = time.perf_counter()
    _finish(multiply(a, b))
    return time.perf_counter() - start


def _finish(product: Any) -> None:
    """Wait for what the device still computes."""
    ops.convert_to_numpy(product[:1, :1])
