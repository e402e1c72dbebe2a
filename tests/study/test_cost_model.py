"""The cost model: predictions, their scale, and what trials correct."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autocnn.space.cost import Work
from autocnn.study.cost_model import CPU_SECONDS, CostModel, Observed

NOTHING = Work(macs=0, activations=0, turned=0, moved=0, parameters=0, layers=0)
CONVOLUTION = replace(NOTHING, macs=1e7)
MAPS = replace(NOTHING, activations=1e5)


def test_the_seconds_of_an_image_are_a_weighted_sum():
    """Two kinds of work add up."""
    model = CostModel(coefficients=(1e-9, 2e-8, 0, 0, 0, 0))
    both = replace(CONVOLUTION, activations=1e5)
    assert model.image_seconds(both) == pytest.approx(0.01 + 0.002)


def test_a_measurement_scales_all_coefficients():
    """A network that takes twice the predicted time doubles each coefficient."""
    base = CostModel()
    observed = Observed(work=CONVOLUTION, image_s=2 * base.image_seconds(CONVOLUTION))
    scaled = base.scaled_to(observed)
    assert scaled.coefficients == pytest.approx(tuple(2 * c for c in CPU_SECONDS))


def test_no_trial_changes_nothing():
    """Without an observation the model stays as it is."""
    assert CostModel().corrected_by([]) == CostModel()


def test_trials_correct_the_work_that_they_have():
    """Maps that take three times as long as convolutions say move their coefficient, not others."""
    model = CostModel(coefficients=(1e-9, 1e-8, 1e-8, 1e-8, 1e-8, 1e-5))
    seen = [Observed(work=CONVOLUTION, image_s=0.01)] * 20 + [
        Observed(work=MAPS, image_s=0.003)
    ] * 20
    fitted = model.corrected_by(seen)
    # the median ratio is 2, between 1 and 3; 20 trials against a trust of 4 in a factor of 1
    assert fitted.image_seconds(CONVOLUTION) == pytest.approx(0.02 * _factor(0.02 / 0.01))
    assert fitted.image_seconds(MAPS) == pytest.approx(0.002 * _factor(0.002 / 0.003))
    assert fitted.coefficients[5] == pytest.approx(2e-5)


def _factor(share: float) -> float:
    """The factor f that minimises 20 (f share - 1)^2 + 4 (f - 1)^2."""
    return (20 * share + 4) / (20 * share**2 + 4)
