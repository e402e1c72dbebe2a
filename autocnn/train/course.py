"""The course of a training: the learning rate of every step, and the last epoch.

A training that must end in time has its course shortened if its epochs take longer than planned:
the rates that are left are taken in fewer steps, so that the schedule still comes to its end. A
schedule that the time cuts while the rate is high leaves a network that is much worse
(docs/decisions/0047). If the epochs become faster afterwards, the course is lengthened again, up to
the planned epochs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from autocnn.nn.schedule import learning_rates
from autocnn.trial import Epoch, TrialJob

RECENT = 3  # epochs, the last ones, whose mean time is expected of those that are left
SLACK = 1.04  # times the expected seconds of the epochs that are left
# The same for a course that becomes longer: epochs that become slow again would be missing at its
# end, where a shortened course has time to spare.
SLACK_TO_LENGTHEN = 1.1


class Course:
    """The learning rates of a training of `steps` steps an epoch, and its last epoch."""

    def __init__(self, job: TrialJob, steps: int) -> None:
        """The course of `job` as it is planned."""
        schedule, peak = job.config.schedule, job.config.optimizer.learning_rate
        self._steps = steps
        self._planned = learning_rates(schedule, peak, steps * job.horizon)
        self._planned = self._planned[: steps * job.last_epoch]
        self._rates = self._planned
        self._planned_epochs = self.last_epoch = job.last_epoch
        self._fitted = 0  # epochs after which the course was changed last
        self._fitted_at = 0.0  # the planned steps whose rates were taken until then

    def rates(self, epoch: int) -> npt.NDArray[np.float32]:
        """The rates of the steps of an epoch; 1 is the first."""
        return self._rates[(epoch - 1) * self._steps : epoch * self._steps]

    def fit(self, curve: Sequence[Epoch], left_s: float) -> None:
        """Fit what follows the epochs of `curve` into `left_s` seconds.

        It becomes shorter if the time is short, and longer if it had become shorter before. The
        first epoch says nothing of the others, because it waits for the compiler. One epoch at
        least is left.
        """
        done = len(curve)
        if done < 2 or done >= self.last_epoch:
            return
        n_recent = min(RECENT, done - 1)
        epoch_s = (curve[-1].seconds - curve[-1 - n_recent].seconds) / n_recent
        if epoch_s <= 0:
            return
        wanted = self.last_epoch - done
        if (fitting := int(left_s / (SLACK * epoch_s))) < wanted:
            self._stretch(done, max(1, fitting))
        elif (longer := int(left_s / (SLACK_TO_LENGTHEN * epoch_s))) > wanted:
            self._stretch(done, min(longer, self._planned_epochs - done))

    def _stretch(self, done: int, epochs: int) -> None:
        """Take the planned rates that are left after `done` epochs in so many epochs."""
        total, taken, n = len(self._planned), done * self._steps, epochs * self._steps
        left = len(self._rates) - self._fitted * self._steps
        pace = (total - self._fitted_at) / left  # planned steps that a step takes
        self._fitted_at += pace * (done - self._fitted) * self._steps
        self._fitted = done
        places = self._fitted_at + (np.arange(n) + 0.5) * (total - self._fitted_at) / n - 0.5
        following = np.interp(places, np.arange(total), self._planned)
        self._rates = np.concatenate([self._rates[:taken], following.astype(np.float32)])
        self.last_epoch = done + epochs
