"""The time budget of a search, worked by hand."""

from __future__ import annotations

import pytest

from autocnn.study import budget as module
from autocnn.study.budget import BestTrial, Budget


@pytest.fixture(autouse=True)
def _round_numbers(monkeypatch):
    """Replace the constants by round numbers: the arithmetic is tested, not their choice."""
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
    """A budget of 200 s: a typical trial takes 4 + 8 x 2 = 20 s, finals 20 + 1.5 x 20 = 50 s.

    A trial has a score, and took as long.
    """
    return Budget(end=1200.0, setup_s=4.0, epoch_s=2.0, horizon=8, clock=clock, best=_best(20.0))


def _best(refit_s: float, trial_s: float | None = None, **changes) -> BestTrial:
    """A best trial of epochs of 2 s, which took as long as until its best epoch."""
    times = {"refit_s": refit_s, "trial_s": refit_s if trial_s is None else trial_s}
    return BestTrial(**{**times, "epoch_s": 2.0, **changes})


def test_without_an_end_there_is_no_limit(clock):
    """Without an end the search is never over."""
    budget = Budget(end=None, setup_s=4.0, epoch_s=2.0, horizon=8, clock=clock)
    clock.now = 1e9
    assert budget.left() is budget.search_left() is budget.trial_limit() is None
    assert not budget.is_over()


def test_a_typical_trial_is_as_slow_as_the_machine(clock, budget):
    """At half the speed it takes 4 + 8 x 4 = 36 s, and the search needs 4 + 1.5 x 4 = 10 s."""
    budget.slowdown = 2.0
    assert (budget.typical_trial_s, budget.fixed_s) == (36.0, 40.0)
    assert budget.finals_s() == 70.0  # the best trial took 20 s
    assert budget.trial_limit() == 63.0  # 1.75 x 36 s; a quarter of 130 s is less
    clock.now = 1121.0  # 9 s before the finals
    assert budget.is_over()
    budget.slowdown = 0.5
    assert (budget.typical_trial_s, budget.fixed_s) == (12.0, 20.0)
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
    budget.best = _best(10.0)
    assert (budget.finals_s(), budget.search_left()) == (35.0, 165.0)


def test_a_refit_trains_one_of_the_folds(clock):
    """Of a trial of 4 s and 5 folds of 8 s each, a refit repeats 12 s: 20 + 1.5 * 12 s."""
    budget = Budget(end=1200.0, setup_s=4.0, epoch_s=5.0, horizon=8, folds=5, clock=clock)
    assert budget.finals_s() == 38.0
    budget.best = _best(24.0)  # 4 s and 5 folds of 4 s
    assert budget.finals_s() == 32.0


def test_the_search_leaves_time_for_the_retrainings_of_the_finals(clock):
    """Two of 30 s beside 20 s and the refit of 1.5 x 10 s; without a winner a third of 580 s."""
    budget = Budget(end=600.0, setup_s=0.0, epoch_s=100.0, horizon=9, retrainings=2.0, clock=clock)
    clock.now = 0.0
    assert budget.retrain_s() == pytest.approx(580 / 3)
    budget.best = _best(10.0, 30.0)
    assert (budget.retrain_s(), budget.finish_s(), budget.finals_s()) == (60.0, 35.0, 95.0)
    assert budget.search_left() == 505.0


def test_time_is_kept_for_a_longer_refit(budget, clock):
    """At most 4 + 30 x 2 s with a fifth more, and what was planned; if the score still rose."""
    budget.longest_refit, budget.planned_refit_s = 30, 100.0
    assert budget.finals_s() == 50.0  # the score did not rise until the end
    budget.best = _best(20.0, is_rising=True)
    assert budget.finals_s() == pytest.approx(20.0 + 1.2 * 64.0)
    budget.best = _best(20.0, is_rising=True, epoch_s=4.0)  # 148.8 s
    assert budget.finals_s() == 120.0
    budget.folds = 5  # 4 + 30 x 0.8 s with a fifth more are 33.6 s
    assert budget.finals_s() == pytest.approx(20.0 + 33.6)
    budget.best = None
    budget.folds = 1
    assert budget.finals_s() == pytest.approx(20.0 + 180.0 / 3)  # 76.8 s are more than a third


def test_the_epochs_of_a_longer_refit_follow_from_the_time(budget, clock):
    """200 s less 10 and 4 are 186 s, for epochs of 3 s with 8 % more; without an end none."""
    assert budget.refit_epochs(3.0, reserve_s=10.0) == 57
    clock.now = 1190.0
    assert budget.refit_epochs(3.0, reserve_s=10.0) == 0
    budget.end = None
    assert budget.refit_epochs(3.0, reserve_s=10.0) == 0


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
        end=1200.0,
        setup_s=4.0,
        epoch_s=2.0,
        horizon=8,
        clock=clock,
        trial_timeout_s=30.0,
        best=_best(20.0),
    )
    assert budget.trial_limit() == 30.0
    budget.trial_timeout_s = 40.0
    assert budget.trial_limit() == 37.5
    budget.end = None
    assert budget.trial_limit() == 40.0
    assert budget.pace_limit() == 1.25 * 40.0


def test_a_trial_that_would_take_too_long_is_not_begun(budget, clock):
    """With a winner a trial may take 37.5 s; without an end there is no limit."""
    assert budget.longest_s() == 37.5
    budget.trial_timeout_s = 5.0  # cuts a trial, and its best epoch counts
    assert budget.longest_s() == 37.5
    budget.end = None
    assert budget.longest_s() is None


@pytest.mark.parametrize(
    ("now", "finals", "search_left"),
    [
        (1000.0, 50.0, 150.0),
        (1110.0, 20.0 + 70.0 / 3, 140.0 / 3),  # a third of the 70 s beyond the fixed 20 s
        (1179.0, 20.0 + 1.0 / 3, 2.0 / 3),
        (1180.0, 20.0, 0.0),
    ],
)
def test_without_a_winner_the_first_trial_has_the_time(budget, clock, now, finals, search_left):
    """Two thirds of what the fixed part of the finals leaves, whatever a typical trial takes."""
    budget.best = None
    clock.now = now
    assert budget.finals_s() == pytest.approx(finals)
    assert budget.search_left() == pytest.approx(search_left)
    assert budget.trial_limit() == budget.longest_s() == budget.search_left()
    assert budget.is_over() is (search_left == 0)


def test_longer_schedules_leave_an_eighth_to_a_trial(budget, clock):
    """An eighth of 350 s is more than 1.75 typical trials of 20 s; of 150 s it is less."""
    budget.promotes = True
    budget.end = 1400.0
    assert budget.trial_limit() == 350.0 / 8
    budget.end = 1200.0
    assert budget.trial_limit() == 35.0


def test_a_promoted_schedule_leaves_time_for_its_refit(budget, clock):
    """Of 200 s, 20 s are fixed and 2.5 starts take 10 s: 170 s for 2.5 * 2 s an epoch."""
    assert budget.schedule_epochs(2.0) == 34.0
    assert budget.schedule_epochs(2.0, after_s=20.0) == 30.0
    assert budget.promoted_limit() == 90.0  # half of 180 s
    budget.folds = 3  # a refit trains one of them: 170 s for 1.5 * 2 s an epoch
    assert budget.schedule_epochs(2.0) == pytest.approx(170 / 3)
    assert budget.promoted_limit() == pytest.approx(135.0)
    clock.now = 1195.0
    assert (budget.schedule_epochs(2.0), budget.promoted_limit()) == (0.0, 0.0)


def test_a_timeout_bounds_a_promoted_trial(budget):
    """Without an end it is the only bound."""
    budget.trial_timeout_s = 24.0
    assert (budget.schedule_epochs(2.0), budget.promoted_limit()) == (10.0, 24.0)
    budget.end = None
    assert (budget.schedule_epochs(2.0), budget.promoted_limit()) == (10.0, 24.0)
