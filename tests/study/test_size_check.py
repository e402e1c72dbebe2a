"""Networks that a search for the smallest one need not train."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autocnn.objectives import ACCURACY, Objective
from autocnn.space.layers import Layer, Network
from autocnn.study.size_check import SizeCheck
from autocnn.study.tally import Tally


@pytest.fixture
def reason(make_proposal, make_result):
    """A function: the refusal after one trial of 1,000 parameters with 90 %."""

    def find(objective: Objective, parameters: int) -> str:
        tally = Tally(objective=objective)
        tally.add(replace(make_proposal(3), parameters=1000), make_result(0.9))
        layer = Layer(kind="x", name="x", output_shape=(1,), inputs=(), parameters=parameters)
        return SizeCheck(tally=tally).reason(Network(layers=(layer,)))

    return find


def test_a_network_that_is_not_smaller_is_refused(reason):
    """Trial 3 reaches the target; only networks with fewer parameters can win after it."""
    objective = replace(ACCURACY, smallest_from=0.9)
    assert reason(objective, 999) == ""
    assert reason(objective, 1000) == (
        "1,000 parameters are not fewer than the 1,000 of trial 3, which reaches the target"
    )


@pytest.mark.parametrize("objective", [ACCURACY, replace(ACCURACY, smallest_from=0.91)])
def test_any_size_is_of_use_until_the_target_is_reached(reason, objective):
    """Nothing is refused in other searches, or while no trial reaches the target."""
    assert reason(objective, 5000) == ""


def test_without_a_trial_nothing_is_refused():
    """The first trial may have any size."""
    assert SizeCheck(tally=Tally()).reason(Network(layers=())) == ""
