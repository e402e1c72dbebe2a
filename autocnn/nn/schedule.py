"""The learning rate of every step of a training, as one array."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from autocnn.space.config import Schedule

STEP_AT = (0.5, 0.75)  # fractions of the horizon at which "step" divides the rate by ten


def learning_rates(schedule: Schedule, peak: float, n_steps: int) -> npt.NDArray[np.float32]:
    """The learning rate of each of the horizon's `n_steps` steps.

    During `warmup`, a fraction of the steps, the rate rises linearly to `peak`. After that,
    "constant" keeps the rate, "step" divides it by ten at half and three quarters of the horizon,
    "cosine" decreases it to zero along half a cosine (arXiv:1608.03983), and "one_cycle" along a
    line (arXiv:1708.07120).
    """
    done = (np.arange(n_steps) + 0.5) / n_steps  # the middle of each step
    rising = np.minimum(1.0, done / schedule.warmup) if schedule.warmup > 0 else np.ones(n_steps)
    after = np.clip((done - schedule.warmup) / (1 - schedule.warmup), 0.0, 1.0)
    shapes = {
        "constant": np.ones(n_steps),
        "step": 0.1 ** np.searchsorted(STEP_AT, done, side="right"),
        "cosine": 0.5 * (1 + np.cos(np.pi * after)),
        "one_cycle": 1 - after,
    }
    rates: npt.NDArray[np.float32] = (peak * rising * shapes[schedule.name]).astype(np.float32)
    return rates
