"""The counts and the best of the ended trials."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autocnn.objectives import ACCURACY, LOSS
from autocnn.space.config import Augmentation
from autocnn.study.budget import BestTrial
from autocnn.study.tally import Tally, times_of
from autocnn.trial import TrialState


@pytest.mark.parametrize(
    ("scores", "refit_s", "trial_s", "is_rising"),
    [
        ((0.5, 0.7, 0.6), 20.0, 30.0, False),  # the best of three epochs is the second
        ((0.5, 0.6, 0.7, 0.6), 30.0, 40.0, True),  # three of four are more than 0.7
        ((0.5,), 10.0, 10.0, True),
    ],
)
def test_the_times_of_a_trial(make_result, scores, refit_s, trial_s, is_rising):
    """The time to the best epoch predicts that of a refit, and an epoch that of a longer one."""
    expected = BestTrial(refit_s=refit_s, trial_s=trial_s, epoch_s=10.0, is_rising=is_rising)
    assert times_of(make_result(*scores)) == expected


@pytest.mark.parametrize(("sizes", "guesses"), [((500, 500), False), ((20, 20), True)])
def test_a_network_that_guesses_may_gain_from_more_epochs(make_result, sizes, guesses):
    """70 % of 40 images are less than four standard errors above a half; of 1,000 they are more."""
    times = times_of(make_result(0.5, 0.7, 0.6), ACCURACY, sizes)
    assert times is not None
    assert (times.guesses, times.is_rising) == (guesses, guesses)


@pytest.mark.parametrize(("last", "is_rising"), [(0.68, False), (0.69, True)])
def test_a_score_that_falls_by_chance_still_rises(make_result, last, is_rising):
    """The standard error of 70 % of 1,000 images is 1.45 points."""
    times = times_of(make_result(0.5, 0.7, 0.6, last), ACCURACY, (500, 500))
    assert times is not None
    assert times.is_rising == is_rising


def test_a_tally_knows_whether_its_leader_guesses(make_record, make_result):
    """The images of each class are those that the trials are scored on."""
    tally = Tally.of([make_record(0, 0.5, 0.7, 0.6)], ACCURACY, class_sizes=(20, 20))
    assert tally.times() == times_of(make_result(0.5, 0.7, 0.6), ACCURACY, (20, 20))


def test_a_trial_without_an_epoch_has_no_times(make_result):
    """Nothing can be predicted from it; nor from a first epoch that the time has cut."""
    assert times_of(make_result()) is None
    cut = times_of(make_result(0.5, state=TrialState.STOPPED))
    assert cut is not None
    assert not cut.is_rising


def test_a_record_is_counted(make_record, make_result):
    """A tally has counts by state and the best with its time; its failures start at zero."""
    failed = make_record(2, state=TrialState.FAILED)
    tally = Tally.of([make_record(0, 0.5), make_record(1, 0.6, 0.7), failed], ACCURACY)
    assert tally.counts == {TrialState.COMPLETE: 2, TrialState.FAILED: 1}
    assert (tally.best, tally.times()) == ((1, 0.7), times_of(make_result(0.6, 0.7)))
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


def test_the_times_are_those_of_the_trial_that_a_longer_refit_has(make_proposal, make_result):
    """The best trial knows its images by heart; the other one took 40 s."""
    by_heart = make_result(0.5)
    epoch = replace(by_heart.curve[0], train_accuracy=0.99)
    other = make_result(0.1, 0.2, 0.3, 0.49)
    tally = Tally(lengthens=True)
    tally.add(make_proposal(0), replace(by_heart, curve=(epoch,)))
    assert tally.times() == times_of(replace(by_heart, curve=(epoch,)))
    tally.add(make_proposal(1), other)
    assert (tally.best, tally.times()) == ((0, 0.5), times_of(other))
    tally.lengthens = False
    assert tally.times() == times_of(replace(by_heart, curve=(epoch,)))


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


def test_images_that_are_varied_are_not_known_by_heart(make_proposal, make_result):
    """With shifts, a network that is right on all of its training images may gain from a refit."""
    result = make_result(0.5)
    known = replace(result, curve=(replace(result.curve[0], train_accuracy=1.0),))
    proposal = make_proposal(0)
    shifted = replace(proposal.config, augmentation=Augmentation(shift=1))
    for config, is_rising in ((proposal.config, False), (shifted, True)):
        tally = Tally(lengthens=True)
        tally.add(replace(proposal, config=config), known)
        times = tally.times()
        assert times is not None
        assert times.is_rising == is_rising
