"""How long a trial will take: the cost model of a study, corrected by every trial that ended."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from itertools import pairwise

from autocnn.records.facts import Facts, Measurement
from autocnn.records.trial_record import TrialRecord
from autocnn.space.config import TrialConfig
from autocnn.space.cost import Work, work_of
from autocnn.space.layers import Network, plan_network
from autocnn.study.budget import Budget
from autocnn.study.cost_model import CPU_SECONDS, CostModel, Observed
from autocnn.study.sizing import epoch_images
from autocnn.trial import RECIPE_ORIGIN, Proposal, TrialResult

UNRANKED_REFUSALS = 5  # in a row, while no trial has a score
RECENT = 3  # trials, the last ones, that say how fast the machine is now


@dataclass(slots=True, kw_only=True)
class PredictedCost:
    """Predicts the wall seconds of a trial on the present device."""

    model: CostModel  # scaled to the device
    setup_s: float  # wall seconds of a training before its first step
    image_shape: tuple[int, int, int]
    n_classes: int
    n_train: int  # images that a network trains on
    n_validation: int  # images that a trial is scored on, those of all its folds
    folds: int = 1  # networks that a trial trains
    seen: list[Observed] = field(default_factory=list)
    _corrected: CostModel | None = None  # None: trials have ended since

    def seconds(self, config: TrialConfig, network: Network, epochs: int) -> float:
        """Wall seconds of a training of `config`, whose layers are `network`, over `epochs`."""
        image_s = self._present().image_seconds(self._work(config, network))
        return self.setup_s + epochs * image_s * self._images

    @property
    def slowdown(self) -> float:
        """The seconds that the first trial would take now, divided by those predicted at first."""
        if not self.seen:
            return 1.0
        work = self.seen[0].work
        return self._present().image_seconds(work) / self.model.image_seconds(work)

    def learn(self, trial: TrialRecord | Proposal, result: TrialResult) -> None:
        """Take into account how long a trial took, also one that was pruned in its first epoch."""
        epoch_s = seconds_of_epoch(result, trial.first_epoch)
        image_s = result.image_seconds if epoch_s is None else epoch_s / (self._images or 1.0)
        is_own = result.duplicate_of is None and result.batch_size is None
        if image_s is None or not is_own or self.n_train == 0:  # older facts do not count images
            return
        network = plan_network(trial.config, self.image_shape, self.n_classes)
        work = self._work(trial.config, network)
        self.seen.append(Observed(work=work, image_s=image_s))
        self._corrected = None

    def _present(self) -> CostModel:
        """The model that all trials have corrected, at the speed of the last ones."""
        if self._corrected is None:
            fitted = self.model.corrected_by(self.seen)
            self._corrected = fitted.scaled_to_all(self.seen[-RECENT:])
        return self._corrected

    @classmethod
    def of(cls, facts: Facts, measured: Measurement) -> PredictedCost:
        """The prediction for the study of `facts` on the device of `measured`."""
        model = CostModel(coefficients=measured.coefficients or CPU_SECONDS)
        return cls(
            model=model,
            setup_s=measured.setup_seconds,
            image_shape=facts.image_shape,
            n_classes=facts.n_classes,
            n_train=facts.n_train,
            folds=facts.folds,
            n_validation=facts.n_validation,
        )

    @property
    def _images(self) -> float:
        return epoch_images(self.folds * self.n_train, self.n_validation)

    def _work(self, config: TrialConfig, network: Network) -> Work:
        return work_of(config, network, self.image_shape, self.n_train)


def seconds_of_epoch(result: TrialResult, first_epoch: int = 0) -> float | None:
    """The median wall seconds of an epoch after the first one trained; None with fewer than two."""
    ends = [epoch.seconds for epoch in result.curve[first_epoch:]]
    taken = [after - before for before, after in pairwise(ends)]
    return statistics.median(taken) if taken and min(taken) > 0 else None


@dataclass(slots=True, kw_only=True)
class TimeCheck:
    """Refuses trials that would take longer than the budget allows, before they begin.

    Without a winner no recipe is refused, and UNRANKED_REFUSALS draws in a row at most: a trial
    that is cut in its first epoch has a score, too.
    """

    budget: Budget
    cost: PredictedCost
    n_refused: int = 0  # in a row

    def reason(self, config: TrialConfig, network: Network, epochs: int, origin: str) -> str:
        """The reason why a trial of `epochs` is refused, or ""."""
        longest = self.budget.longest_s()
        if longest is None or self._must_begin(origin):
            return ""
        seconds = self.cost.seconds(config, network, epochs)
        if seconds <= longest:
            self.n_refused = 0
            return ""
        self.n_refused += 1
        what = "1 epoch" if epochs == 1 else f"{epochs} epochs"
        return f"{what} would take {seconds:.0f} s, more than the {longest:.0f} s of a trial"

    def _must_begin(self, origin: str) -> bool:
        if self.budget.is_ranked:
            return False
        return origin.startswith(RECIPE_ORIGIN) or self.n_refused >= UNRANKED_REFUSALS
