"""The speed of a configuration, measured on its first steps."""

from __future__ import annotations

import time
from pathlib import Path

import keras
import numpy as np

from autocnn.data.prepared import PreparedData
from autocnn.nn import augmentation
from autocnn.space.config import TrialConfig
from autocnn.train.assembly import prepare
from autocnn.train.backend import set_precision
from autocnn.trial import Device, TrialJob


def measure_speed(
    config: TrialConfig, data: PreparedData, device: Device, precision: str
) -> tuple[float, float]:
    """Wall seconds of a training of `config`: before its first step, and for one image."""
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
    n_steps = max(2, parts.chunk)
    positions = np.arange(n_steps * batch, dtype=np.int32).reshape(n_steps, batch) % data.train.n
    draws = augmentation.draw_epoch(config.augmentation, positions, 0, 1, data.train.n)
    rates = np.full(n_steps, 1e-4, np.float32)
    stepper.train(positions[:2], draws[:2], rates[:2])
    ready = time.perf_counter()
    stepper.train(positions, draws, rates)
    return ready - start, (time.perf_counter() - ready) / positions.size
