"""The speed of a configuration, measured on its first steps."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from autocnn.data.prepared import PreparedData
from autocnn.nn import augmentation
from autocnn.space.config import TrialConfig
from autocnn.train.assembly import prepare
from autocnn.train.backend import set_precision
from autocnn.train.stepper import Stepper, TrainingParts
from autocnn.trial import Device, TrialJob


def measure_speed(
    config: TrialConfig,
    data: PreparedData,
    device: Device,
    precision: str,
    limit_s: float,
) -> tuple[float, float]:
    """Wall seconds of a training of `config`: before its first step, and for one image.

    Two steps at least are measured after the first two, which compile; then twice as many again
    until `limit_s` are over.
    """
    set_precision(precision, device)
    keras.utils.set_random_seed(0)
    start = time.perf_counter()
    job = TrialJob(
        number=0,
        config=config,
        seed=0,
        horizon=1,
        last_epoch=1,
        precision=precision,
        folder=Path(),  # nothing is written
    )
    parts, stepper, batch = prepare(job, data, device)
    steps = _Steps(parts, stepper, batch, data.train.n)
    steps.take(2)
    ready = time.perf_counter()
    n_steps = 0
    while True:
        steps.take(max(2, n_steps))
        n_steps += max(2, n_steps)
        taken_s = time.perf_counter() - ready
        if taken_s >= limit_s or n_steps >= parts.chunk:
            return ready - start, taken_s / (n_steps * batch)


@dataclass(frozen=True, slots=True)
class _Steps:
    """Training steps on images from the first on, with a rate that changes little."""

    parts: TrainingParts
    stepper: Stepper
    batch: int
    n_train: int

    def take(self, n: int) -> None:
        """Take `n` steps."""
        shape = n, self.batch
        positions = np.arange(n * self.batch, dtype=np.int32).reshape(shape) % self.n_train
        draws = augmentation.draw_epoch(self.parts.augmentation, positions, 0, 1, self.n_train)
        self.stepper.train(positions, draws, np.full(n, 1e-4, np.float32))
