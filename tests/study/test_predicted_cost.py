"""How long a trial will take, and which trials are refused for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autocnn.space.config import Block, TrialConfig
from autocnn.space.layers import plan_network
from autocnn.study.budget import BestTrial, Budget
from autocnn.study.cost_model import CostModel
from autocnn.study.predicted_cost import PredictedCost, TimeCheck, seconds_of_epoch

SHAPE = (8, 8, 1)
CONFIG = TrialConfig(blocks=(Block(filters=(4,)),), head="global_max")
NETWORK = plan_network(CONFIG, SHAPE, 2)
MACS = 8 * 8 * 9 * 4 + 4 * 2


def _cost(**changes) -> PredictedCost:
    """Ten microseconds for each multiply-accumulate: 2.3 ms an image."""
    fields = {
        "model": CostModel(coefficients=(1e-6, 0, 0, 0, 0, 0)),
        "setup_s": 5.0,
        "image_shape": SHAPE,
        "n_classes": 2,
        "n_train": 900,
        "n_validation": 300,
    }
    return PredictedCost(**{**fields, **changes})


def test_a_trial_takes_its_setup_and_its_epochs():
    """900 images to train on, and 300 to validate that cost a third."""
    epoch_s = 1e-6 * MACS * 1000
    assert _cost().seconds(CONFIG, NETWORK, 4) == pytest.approx(5.0 + 4 * epoch_s)
    assert _cost(folds=2).seconds(CONFIG, NETWORK, 1) == pytest.approx(5.0 + 1.9 * epoch_s)


def test_trials_correct_the_prediction(make_proposal, make_result):
    """Epochs that take 4.624 s instead of 2.312 s double it; a duplicate says nothing."""
    cost, proposal = _cost(), replace(make_proposal(0), config=CONFIG)
    first = cost.seconds(CONFIG, NETWORK, 1) - 5.0
    result = make_result(0.5, 0.6, 0.7)
    curve = tuple(
        replace(epoch, seconds=100.0 + 2 * first * i) for i, epoch in enumerate(result.curve)
    )
    cost.learn(proposal, replace(result, curve=curve, duplicate_of=3))
    cost.learn(proposal, replace(result, curve=curve[:1]))
    assert cost.seen == []
    older = _cost(n_train=0)  # facts of an older record
    older.learn(proposal, replace(result, curve=curve))
    assert older.seen == []
    assert older.seconds(CONFIG, NETWORK, 3) > 5.0
    cost.learn(proposal, replace(result, curve=curve))
    assert cost.seconds(CONFIG, NETWORK, 1) - 5.0 == pytest.approx(2 * first)


def test_a_trial_without_two_epochs_corrects_by_its_first_steps(make_proposal, make_result):
    """A trial that was given up in its first epoch has measured how long an image takes."""
    cost, proposal = _cost(), replace(make_proposal(0), config=CONFIG)
    cost.learn(proposal, replace(make_result(), image_seconds=3e-6 * MACS))
    assert cost.seconds(CONFIG, NETWORK, 1) - 5.0 == pytest.approx(3e-6 * MACS * 1000)
    assert cost.slowdown == pytest.approx(3.0)


def test_the_last_trials_say_how_fast_the_machine_is(make_proposal, make_result):
    """After nine trials at the first speed, two of three that take twice as long count."""
    cost, proposal = _cost(), replace(make_proposal(0), config=CONFIG)
    assert cost.slowdown == 1.0
    for _ in range(9):
        cost.learn(proposal, replace(make_result(), image_seconds=1e-6 * MACS))
    assert cost.slowdown == pytest.approx(1.0)
    for expected in (1.0, 2.0):
        cost.learn(proposal, replace(make_result(), image_seconds=2e-6 * MACS))
        assert cost.slowdown == pytest.approx(expected)


def test_the_seconds_of_an_epoch_are_a_median(make_result):
    """Epochs of 10, 10 and 40 s; the first one, which compiles, and a parent's are left out."""
    curve = make_result(0.1, 0.2, 0.3, 0.4).curve
    ends = (90.0, 100.0, 110.0, 150.0)
    result = make_result(0.1)
    result = replace(
        result, curve=tuple(replace(e, seconds=s) for e, s in zip(curve, ends, strict=True))
    )
    assert seconds_of_epoch(result) == 10.0
    assert seconds_of_epoch(result, first_epoch=2) == 40.0
    assert seconds_of_epoch(result, first_epoch=3) is None


BEST = BestTrial(refit_s=20.0, trial_s=20.0, epoch_s=2.0)


@pytest.fixture
def budget() -> Budget:
    """37.5 s for a trial, 150 for the search: see test_budget."""
    return Budget(end=1200.0, setup_s=4.0, epoch_s=2.0, horizon=8, clock=lambda: 1000.0, best=BEST)


def test_a_trial_that_fits_is_begun(budget):
    """14 epochs take 37.4 s."""
    check = TimeCheck(budget=budget, cost=_cost())
    assert check.reason(CONFIG, NETWORK, 14, "tpe") == ""
    reason = "15 epochs would take 40 s, more than the 38 s of a trial"
    assert check.reason(CONFIG, NETWORK, 15, "tpe") == reason
    assert check.reason(CONFIG, NETWORK, 15, "recipe:pairs") == reason
    budget.end = None
    assert check.reason(CONFIG, NETWORK, 10_000, "tpe") == ""


def test_without_a_winner_a_trial_is_begun_in_the_end(budget):
    """A recipe at once, a draw after five refusals in a row."""
    budget.best = None
    check = TimeCheck(budget=budget, cost=_cost())
    assert check.reason(CONFIG, NETWORK, 100, "recipe:pairs") == ""
    reasons = [check.reason(CONFIG, NETWORK, 100, "tpe") for _ in range(6)]
    assert [bool(reason) for reason in reasons] == [True] * 5 + [False]
