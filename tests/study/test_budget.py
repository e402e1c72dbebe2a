"""The time budget of a search, worked by hand."""

from __future__ import annotations

import pytest

from autocnn.study import budget as module
from autocnn.study.budget import Budget, choose_horizon, plan_search_seconds


@pytest.fixture(autouse=True)
def _round_numbers(monkeypatch):
    """Replace the constants by round numbers: the arithmetic is tested, not their choice."""
    monkeypatch.setattr(module, "TRIAL_SHARE", 0.2)
    monkeypatch.setattr(module, "LARGEST_SHARE", 0.4)
    monkeypatch.setattr(module, "FEWEST_EPOCHS", 4)
    monkeypatch.setattr(module, "TRIAL_MARGIN", 1.75)
    monkeypatch.setattr(module, "REFIT_MARGIN", 1.5)
    monkeypatch.setattr(module, "FINALS_FIXED_S", 20.0)


class Clock:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        """The time in seconds."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock set to 1000 s."""
    return Clock()


@pytest.fixture
def budget(clock) -> Budget:
    """A budget of 200 s: a typical trial takes 4 + 8 x 2 = 20 s, finals 20 + 1.5 x 20 = 50 s."""
    return Budget(end=1200.0, setup_s=4.0, epoch_s=2.0, horizon=8, clock=clock)


@pytest.mark.parametrize(
    ("search_s", "setup_s", "epoch_s", "most", "horizon"),
    [
        (600.0, 10.0, 10.0, 12, 11),  # (0.2 x 600 - 10) / 10
        (600.0, 10.0, 12.0, 12, 9),  # 110 / 12 = 9.2
        (600.0, 0.0, 5.0, 12, 12),  # 24 are more than 12
        (100.0, 5.0, 10.0, 12, 3),  # 1 in a fifth, but 35 / 10 in two fifths
        (100.0, 5.0, 5.0, 12, 4),  # 3 in a fifth and 7 in two: four are enough
        (10.0, 30.0, 1.0, 12, 1),  # not even the start fits
        (600.0, 0.0, 5.0, 1, 1),  # unless the horizon is at most one epoch
        (10.0, 0.0, 5.0, 1, 1),
    ],
)
def test_the_horizon_fits_a_typical_trials_share(search_s, setup_s, epoch_s, most, horizon):
    """A fifth of the search time, two fifths for the first four epochs, at least one epoch."""
    assert choose_horizon(search_s, 0.2, (setup_s, epoch_s), most) == horizon


@pytest.mark.parametrize(("total", "search"), [(150.0, 100.0), (20.0, 0.0), (5.0, 0.0)])
def test_the_search_leaves_room_for_the_finals(total, search):
    """Of 150 s the search has 100; 20 are fixed, and 1.5 x a fifth of 100 are for the refit."""
    assert plan_search_seconds(total) == pytest.approx(search)


def test_without_an_end_there_is_no_limit(clock):
    """Without an end the search is never over."""
    budget = Budget(end=None, setup_s=4.0, epoch_s=2.0, horizon=8, clock=clock)
    clock.now = 1e9
    assert budget.left() is budget.search_left() is budget.trial_limit() is None
    assert not budget.is_over()


@pytest.mark.parametrize(
    ("now", "left", "search_left"),
    [(1000.0, 200.0, 150.0), (1130.0, 70.0, 20.0), (1160.0, 40.0, 0.0), (1300.0, 0.0, 0.0)],
)
def test_the_finals_are_kept_free(budget, clock, now, left, search_left):
    """The search is over 50 s before the end; the remaining time is never negative."""
    clock.now = now
    assert (budget.left(), budget.search_left()) == (left, search_left)


@pytest.mark.parametrize(
    ("now", "limit"),
    [
        (1000.0, 37.5),  # a quarter of 150
        (1080.0, 35.0),  # a quarter of 70 is less than 1.75 typical trials
        (1130.0, 20.0),  # only 20 are left
        (1160.0, 0.0),
    ],
)
def test_a_trial_may_take_a_quarter_of_what_is_left(budget, clock, now, limit):
    """A trial may take 1.75 times as long as a typical one if time is left."""
    clock.now = now
    assert budget.trial_limit() == limit


@pytest.mark.parametrize(("now", "over"), [(1000.0, False), (1143.0, False), (1143.5, True)])
def test_the_search_is_over_when_no_epoch_fits(budget, clock, now, over):
    """Setup and one and a half epochs take 7 s; the finals begin at 1150."""
    clock.now = now
    assert budget.is_over() is over


def test_the_finals_follow_the_best_trial(budget):
    """A best trial of 10 s needs 20 + 1.5 x 10 = 35 s of finals."""
    budget.refit_s = 10.0
    assert (budget.finals_s(), budget.search_left()) == (35.0, 165.0)


def test_a_refit_trains_one_of_the_folds(clock):
    """Of a trial of 4 s and 5 folds of 8 s each, a refit repeats 12 s: 20 + 1.5 * 12 s."""
    budget = Budget(end=1200.0, setup_s=4.0, epoch_s=5.0, horizon=8, folds=5, clock=clock)
    assert budget.finals_s() == 38.0
    budget.refit_s = 24.0  # 4 s and 5 folds of 4 s
    assert budget.finals_s() == 32.0


def test_the_clock_runs_by_itself():
    """The default clock is monotonic time."""
    budget = Budget(end=0.0, setup_s=1.0, epoch_s=1.0, horizon=1)
    assert budget.left() == 0.0
    assert budget.is_over()


def test_a_pace_must_fit_what_is_left(clock, budget):
    """The limit is 1.25 x 37.5 s, and at most the 40 s that are left for the search."""
    assert budget.pace_limit() == 1.25 * 37.5
    clock.now = 1110.0  # 90 s are left, 40 for the search: 35 for a trial, 43.75 for its pace
    assert (budget.trial_limit(), budget.pace_limit()) == (35.0, 40.0)


def test_a_timeout_holds_if_the_budget_allows_more(clock):
    """Of 150 s the budget allows max(37.5, 1.75 x 20) s; without a budget the timeout holds."""
    budget = Budget(
        end=1200.0, setup_s=4.0, epoch_s=2.0, horizon=8, clock=clock, trial_timeout_s=30.0
    )
    assert budget.trial_limit() == 30.0
    budget.trial_timeout_s = 40.0
    assert budget.trial_limit() == 37.5
    budget.end = None
    assert budget.trial_limit() == 40.0
    assert budget.pace_limit() == 1.25 * 40.0
