"""What is known of the trials that ended."""

from __future__ import annotations

import pytest

from autocnn.study.tally import Tally, seconds_to_best
from autocnn.trial import TrialState


@pytest.mark.parametrize(("scores", "seconds"), [((0.5, 0.7, 0.6), 20.0), ((0.5,), 10.0), ((), 0)])
def test_the_time_to_the_best_epoch(make_result, scores, seconds):
    """What a refit will take; nothing without an epoch."""
    assert seconds_to_best(make_result(*scores)) == seconds


def test_a_record_is_counted(make_record):
    """By state, with the best and its time; failures in a row begin anew."""
    failed = make_record(2, state=TrialState.FAILED)
    tally = Tally.of([make_record(0, 0.5), make_record(1, 0.6, 0.7), failed])
    assert tally.counts == {TrialState.COMPLETE: 2, TrialState.FAILED: 1}
    assert (tally.best, tally.refit_s) == ((1, 0.7), 20.0)
    assert (tally.failures, tally.numbers) == (0, {0, 1, 2})


def test_trials_are_added(make_proposal, make_result):
    """The first of equals stays the best; a success ends a row of failures."""
    tally = Tally()
    tally.add(make_proposal(0), make_result(state=TrialState.FAILED))
    assert tally.failures == 1
    for number, score in ((1, 0.5), (2, 0.5)):
        tally.add(make_proposal(number), make_result(score))
    assert (tally.best, tally.failures) == ((1, 0.5), 0)
    assert (tally.reaches(0.5), tally.reaches(0.51)) == (True, False)
