"""The trial that a longer refit is made of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autocnn.objectives import ACCURACY
from autocnn.study.refit_choice import Candidate, candidate_of, choose_for_refit, knows_by_heart
from autocnn.trial import TrialState

SIZES = (50, 50)  # at 0.5, the standard error is 0.05


@pytest.fixture
def make_candidate(make_proposal, make_result):
    """A function that makes a trial with this score, and this accuracy on its training images."""

    def make(number: int, score: float, train_accuracy: float, **changes) -> Candidate:
        result = make_result(score, **changes)
        epoch = replace(result.curve[0], train_accuracy=train_accuracy)
        return candidate_of(make_proposal(number), replace(result, curve=(epoch,)))

    return make


@pytest.mark.parametrize(
    ("train_accuracy", "score", "expected"),
    [
        (0.99, 0.48, True),
        (0.9, 0.7, True),
        (0.89, 0.3, False),
        (1.0, 0.9, False),
        (0.4, 0.5, False),
    ],
)
def test_a_network_knows_its_images_by_heart(make_candidate, train_accuracy, score, expected):
    """It is right on nine of ten of them, and on 0.15 fewer of those that validate."""
    assert knows_by_heart(make_candidate(0, score, train_accuracy).result) is expected


def test_without_an_epoch_nothing_is_known(make_result):
    """Neither by heart nor otherwise."""
    assert not knows_by_heart(make_result())


@pytest.mark.parametrize(
    ("others", "chosen"),
    [
        ([(1, 0.49, 0.4), (2, 0.48, 0.3)], 1),  # the best of those that can learn
        ([(1, 0.41, 0.4)], 1),  # within 0.1
        ([(1, 0.39, 0.4)], 0),  # two standard errors below
        ([(1, 0.49, 0.99), (2, 0.45, 0.3)], 2),
        ([], 0),
    ],
)
def test_a_tied_trial_that_can_learn_is_taken(make_candidate, others, chosen):
    """The best trial, with 0.5, knows its images by heart."""
    candidates = [make_candidate(0, 0.5, 0.99), *(make_candidate(*each) for each in others)]
    found = choose_for_refit(candidates, ACCURACY, SIZES)
    assert found is not None
    assert found.standing.number == chosen


def test_the_best_trial_is_taken_if_it_can_learn(make_candidate):
    """The other one is tied, and does not count."""
    candidates = [make_candidate(1, 0.49, 0.2), make_candidate(0, 0.5, 0.6)]
    assert choose_for_refit(candidates, ACCURACY, SIZES) == candidates[1]


def test_a_trial_that_was_cut_is_not_taken_instead(make_candidate):
    """Its schedule did not end, so that it misses more of its images."""
    best = make_candidate(0, 0.5, 0.99)
    cut = make_candidate(1, 0.49, 0.2, state=TrialState.STOPPED)
    pruned = make_candidate(2, 0.49, 0.2, state=TrialState.PRUNED)
    assert choose_for_refit([best, cut, pruned], ACCURACY, SIZES) == best
    assert choose_for_refit([pruned], ACCURACY, SIZES) is None
