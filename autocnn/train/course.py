"""The course of a training: the learning rate of every step, and the last epoch.

A training that must end in time has its course shortened if its epochs take longer than planned:
the rates that are left are taken in fewer steps, so that the schedule still comes to its end. A
schedule that the time cuts while the rate is high leaves a network that is much worse
(docs/decisions/0047).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from autocnn.nn.schedule import learning_rates
from autocnn.trial import Epoch, TrialJob

RECENT = 3  # epochs, the last ones, whose mean time is expected of those that are left
SLACK = 1.04  # times the expected seconds of the epochs that are left


class Course:
    """The learning rates of a training of `steps` steps an epoch, and its last epoch."""

    def __init__(self, job: TrialJob, steps: int) -> None:
        """The course of `job` as it is planned."""
        schedule, peak = job.config.schedule, job.config.optimizer.learning_rate
        self._steps = steps
        self._rates = learning_rates(schedule, peak, steps * job.horizon)
        self.last_epoch = job.last_epoch

    def rates(self, epoch: int) -> npt.NDArray[np.float32]:
        """The rates of the steps of an epoch; 1 is the first."""
        return self._rates[(epoch - 1) * self._steps : epoch * self._steps]

    def fit(self, curve: Sequence[Epoch], left_s: float) -> None:
        """Shorten what follows the epochs of `curve` to the epochs that fit `left_s` seconds.

        The first epoch says nothing of the others, because it waits for the compiler. One epoch at
        least is left.
        """
        done = len(curve)
        if done < 2 or done >= self.last_epoch:
            return
        n_recent = min(RECENT, done - 1)
        epoch_s = (curve[-1].seconds - curve[-1 - n_recent].seconds) / n_recent
        wanted = self.last_epoch - done
        fitting = wanted if epoch_s <= 0 else int(left_s / (SLACK * epoch_s))
        if fitting < wanted:
            self._shorten(done, max(1, fitting))

    def _shorten(self, done: int, epochs: int) -> None:
        """Take the rates after `done` epochs in so many epochs, at even distances."""
        at = done * self._steps
        following = self._rates[at : self.last_epoch * self._steps]
        n = epochs * self._steps
        places = (np.arange(n) + 0.5) * len(following) / n - 0.5
        shorter = np.interp(places, np.arange(len(following)), following)
        self._rates = np.concatenate([self._rates[:at], shorter.astype(np.float32)])
        self.last_epoch = done + epochs
