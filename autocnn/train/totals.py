"""The sums of an epoch over the folds of a trial, and the epoch's metrics."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from autocnn.objectives import ACCURACY, Objective
from autocnn.train.folds import Fold
from autocnn.train.stepper import Evaluation, Sums
from autocnn.trial import Epoch


@dataclass(slots=True)
class Totals:
    """The sums of an epoch over the folds so far."""

    sums: Sums = field(default_factory=lambda: Sums(0.0, 0.0))
    n_steps: int = 0
    n_held: int = 0  # images that were evaluated
    evaluation: Evaluation | None = None
    trained: Fold | None = None  # the fold that took steps and is not evaluated yet

    def add_steps(self, fold: Fold, n_steps: int, sums: Sums) -> None:
        """Add the sums of `n_steps` steps of `fold`."""
        self.trained, self.n_steps = fold, self.n_steps + n_steps
        self.sums += sums

    def add_evaluation(self, fold: Fold, found: Evaluation) -> None:
        """Add the evaluation of the images that `fold` holds out."""
        self.trained, self.n_held = None, self.n_held + fold.n_held
        self.evaluation = found if self.evaluation is None else self.evaluation + found

    def metrics(self, batch: int, objective: Objective, seconds: float) -> Epoch:
        """The metrics over all images; steps have `batch` images; NaN for what is not evaluated.

        `seconds` is the wall time since the start of the trial.
        """
        n, found = self.n_steps * batch, self.evaluation
        val_loss = val_accuracy = score = math.nan
        if found is not None:
            val_loss = found.loss / self.n_held
            val_accuracy = ACCURACY.compute(found.confusion, val_loss)
            score = objective.compute(found.confusion, val_loss)
        return Epoch(
            train_loss=self.sums.loss / n,
            train_accuracy=self.sums.correct / n,
            val_loss=val_loss,
            val_accuracy=val_accuracy,
            seconds=seconds,
            score=score,
        )
