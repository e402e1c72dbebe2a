"""The cost model: seconds of a training, predicted from its work, corrected by every trial."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from autocnn.space.cost import Work

# Seconds of a training step on a CPU with two cores, for each unit of `Work.vector()`. What counts
# is their ratio: the scale is measured on the device. benchmarks/cost_model.py measures them.
CPU_SECONDS = (6.0e-11, 3.0e-9, 6.5e-8, 1.0e-9, 9.0e-9, 3.3e-4)
FORWARD = 1 / 3  # seconds of a validation image, divided by those of a training image
TRUST = 4.0  # observed trials that weigh as much as what is known in advance


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The seconds that a training took for one image, and the work in it."""

    work: Work
    image_s: float  # wall seconds of a training step, divided by the batch


@dataclass(frozen=True, slots=True, kw_only=True)
class CostModel:
    """Predicts wall seconds of training on one image from its work."""

    coefficients: tuple[float, ...] = CPU_SECONDS

    def image_seconds(self, work: Work) -> float:
        """Wall seconds of training on one image."""
        return float(np.dot(self.coefficients, work.vector()))

    def scaled_to(self, observed: Observed) -> CostModel:
        """This model, multiplied so that it predicts what was measured."""
        factor = observed.image_s / self.image_seconds(observed.work)
        return replace(self, coefficients=tuple(factor * c for c in self.coefficients))

    def corrected_by(self, trials: Iterable[Observed]) -> CostModel:
        """This model, fitted to the trials; coefficients that they say little about stay.

        Minimises the squared relative errors of the predictions, plus TRUST times the squared
        relative changes of the coefficients, none of which becomes negative.
        """
        seen = list(trials)
        if not seen:
            return self
        scaled = self.scaled_to_all(seen)
        rows = [scaled.shares(each) for each in seen]
        held = np.sqrt(TRUST) * np.eye(len(scaled.coefficients))
        matrix = np.vstack([*rows, held])
        target = np.concatenate([np.ones(len(seen)), np.diag(held)])
        factors, _ = nnls(matrix, target)
        return replace(
            scaled,
            coefficients=tuple(
                float(f * c) for f, c in zip(factors, scaled.coefficients, strict=True)
            ),
        )

    def scaled_to_all(self, seen: Sequence[Observed]) -> CostModel:
        """This model, multiplied by the median ratio of what was observed to what it predicts."""
        if not seen:
            return self
        ratios = [each.image_s / self.image_seconds(each.work) for each in seen]
        factor = float(np.median(ratios))
        return replace(self, coefficients=tuple(factor * c for c in self.coefficients))

    def shares(self, observed: Observed) -> NDArray[np.float64]:
        """The predicted seconds of each kind of work, divided by the seconds observed."""
        parts = np.multiply(self.coefficients, observed.work.vector())
        return np.asarray(parts / observed.image_s)
