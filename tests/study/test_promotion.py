"""Promotion: which trial has a longer schedule, when, and how long; worked by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autocnn.objectives import ACCURACY
from autocnn.study import budget as budget_module
from autocnn.study import promotion as module
from autocnn.study.budget import Budget
from autocnn.study.promotion import Promoter
from autocnn.trial import Promotion, TrialState


@pytest.fixture(autouse=True)
def _round_numbers(monkeypatch):
    """Replace the constants by round numbers: the arithmetic is tested, not their choice."""
    monkeypatch.setattr(budget_module, "REFIT_MARGIN", 1.5)
    monkeypatch.setattr(budget_module, "FINALS_FIXED_S", 20.0)
    monkeypatch.setattr(module, "PROMOTED_EPOCHS", 3)


@pytest.fixture
def clock():
    """The time, in a list; it is 0 s."""
    return [0.0]


@pytest.fixture
def make_promoter(make_record, clock):
    """A promoter of trials of four epochs of 2 s; 400 s are left, a start takes 4 s."""

    def make(*records, promoted=(), **changes):
        values = {"end": 400.0, "setup_s": 4.0, "epoch_s": 2.0, "horizon": 4, "promotes": True}
        budget = Budget(**{**values, "clock": lambda: clock[0], **changes})
        return Promoter(
            budget=budget,
            objective=ACCURACY,
            finished=lambda: records,
            promoted=lambda: promoted,
        )

    return make


@pytest.fixture
def ended(make_record, make_result):
    """A function that makes an ended trial of four epochs of 2 s with this best score."""

    def make(number, score, **changes):
        result = make_result(0.1, 0.2, 0.3, score, epoch_s=2.0, **changes)
        return make_record(number, result=result, state=result.state)

    return make


# A promoted trial and a refit of as many epochs take 20 + 2.5 * 4 + 2.5 * 2 s an epoch. The trials
# took 8 s each, so it is time once less than 8 + 30 + 5 * 12 = 98 s are left.


@pytest.mark.parametrize(("now", "is_time"), [(0.0, False), (302.0, False), (302.1, True)])
def test_a_trial_is_promoted_when_another_short_one_would_not_leave_the_time(
    make_promoter, ended, clock, now, is_time
):
    """The best trial has a schedule that fills the time: 68 / 5 = 13.6 epochs."""
    clock[0] = now
    promoter = make_promoter(ended(0, 0.8), ended(1, 0.9), ended(2, 0.85))
    wanted = Promotion(of=1, epochs=13) if is_time else None
    assert promoter.next(is_last=False) == wanted


def test_nothing_else_to_try_is_a_reason(make_promoter, ended):
    """Then the schedule is four times as long at most."""
    promoter = make_promoter(ended(0, 0.8))
    assert promoter.next(is_last=True) == Promotion(of=0, epochs=16)


def test_a_trial_is_promoted_once(make_promoter, ended, clock):
    """The next one is the best of the others, if its schedule can be half as long again."""
    clock[0] = 302.5
    promoter = make_promoter(ended(0, 0.8), ended(1, 0.9), promoted={1})
    assert promoter.next(is_last=False) == Promotion(of=0, epochs=13)
    clock[0] = 340.0  # 60 s: six epochs
    assert promoter.next(is_last=False) == Promotion(of=0, epochs=6)
    clock[0] = 340.1
    assert promoter.next(is_last=False) is None


def test_trials_without_a_whole_training_are_not_promoted(make_promoter, ended, clock):
    """Pruned and failed ones, duplicates, and promoted ones."""
    clock[0] = 302.5
    promoted = replace(ended(3, 0.95), promoted_from=0)
    promoter = make_promoter(
        ended(0, 0.7),
        ended(1, 0.9, state=TrialState.PRUNED),
        ended(2, 0.9, duplicate_of=1),
        promoted,
        ended(4, 0.9, state=TrialState.FAILED),
    )
    assert promoter.next(is_last=False) == Promotion(of=0, epochs=13)


def test_without_trials_or_a_budget_nothing_is_promoted(make_promoter, ended, clock):
    """The first trial has no earlier one; a search without an end has no last part."""
    clock[0] = 302.5
    assert make_promoter().next(is_last=False) is None
    assert make_promoter(ended(0, 0.8), end=None).next(is_last=True) is None


def test_a_trial_with_one_epoch_is_taken_to_be_slow(make_promoter, make_record, make_result, clock):
    """Its start counts as a part of the epoch, 6 s; a schedule of two epochs is long enough."""
    clock[0] = 328.0  # 72 s are left: 42 s / (2.5 * 6 s) = 2.8 epochs
    result = make_result(0.5, epoch_s=6.0)
    record = make_record(0, result=result, state=result.state)
    promoter = make_promoter(record, horizon=1, epoch_s=6.0)
    assert promoter.next(is_last=False) == Promotion(of=0, epochs=2)


def test_a_timeout_bounds_the_schedule(make_promoter, ended, clock):
    """Of 24 s, 4 s are the start: ten epochs."""
    clock[0] = 302.5
    promoter = make_promoter(ended(0, 0.8), trial_timeout_s=24.0)
    assert promoter.next(is_last=False) == Promotion(of=0, epochs=10)
