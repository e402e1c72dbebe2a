"""The counts and the best of the ended trials."""

from __future__ import annotations

import pytest

from autocnn.objectives import ACCURACY, LOSS
from autocnn.study.tally import Tally, seconds_to_best
from autocnn.trial import TrialState


@pytest.mark.parametrize(("scores", "seconds"), [((0.5, 0.7, 0.6), 20.0), ((0.5,), 10.0), ((), 0)])
def test_the_time_to_the_best_epoch(make_result, scores, seconds):
    """The time to the best epoch predicts that of a refit; without an epoch it is zero."""
    assert seconds_to_best(make_result(*scores)) == seconds


def test_a_record_is_counted(make_record):
    """A tally has counts by state and the best with its time; its failures start at zero."""
    failed = make_record(2, state=TrialState.FAILED)
    tally = Tally.of([make_record(0, 0.5), make_record(1, 0.6, 0.7), failed], ACCURACY)
    assert tally.counts == {TrialState.COMPLETE: 2, TrialState.FAILED: 1}
    assert (tally.best, tally.refit_s) == ((1, 0.7), 20.0)
    assert (tally.failures, tally.numbers) == (0, {0, 1, 2})


def test_trials_are_added(make_proposal, make_result):
    """The first of equal trials stays the best; a success ends a row of failures."""
    tally = Tally()
    tally.add(make_proposal(0), make_result(state=TrialState.FAILED))
    assert tally.failures == 1
    for number, score in ((1, 0.5), (2, 0.5)):
        tally.add(make_proposal(number), make_result(score))
    assert (tally.best, tally.failures) == ((1, 0.5), 0)
    assert (tally.reaches(0.5), tally.reaches(0.51)) == (True, False)


def test_equal_scores_are_ordered_as_the_leaderboard_orders_them(make_proposal, make_result):
    """The smaller validation loss leads, whichever trial ended first."""
    tally = Tally()
    tally.add(make_proposal(0), make_result(0.5))
    tally.add(make_proposal(1), make_result(0.1, 0.5))  # the made-up loss falls with the epochs
    tally.add(make_proposal(2), make_result(0.5))
    assert tally.best == (1, 0.5)


def test_a_pruned_trial_never_leads(make_proposal, make_result):
    """A trial that cannot win is not shown as the best one."""
    tally = Tally()
    tally.add(make_proposal(0), make_result(0.9, state=TrialState.PRUNED))
    assert tally.best is None


def test_the_smallest_loss_leads(make_record, make_proposal, make_result):
    """Records and new trials are compared in the direction of the objective, and so is a target."""
    tally = Tally.of([make_record(0, 0.5), make_record(1, 0.4)], LOSS)
    assert tally.best == (1, 0.4)
    tally.add(make_proposal(2), make_result(0.45))
    assert tally.best == (1, 0.4)
    tally.add(make_proposal(3), make_result(0.3))
    assert tally.best == (3, 0.3)
    assert (tally.reaches(0.3), tally.reaches(0.29)) == (True, False)
