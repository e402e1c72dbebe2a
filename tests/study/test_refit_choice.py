"""The trial that a longer refit is made of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autocnn.objectives import ACCURACY, LOSS
from autocnn.study.refit_choice import Candidate, candidate_of, choose_for_refit, knows_by_heart
from autocnn.trial import TrialState


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
        (0.75, 0.55, True),
        (0.74, 0.3, False),
        (1.0, 0.9, False),
        (0.4, 0.5, False),
    ],
)
def test_a_network_knows_its_images_by_heart(make_candidate, train_accuracy, score, expected):
    """It is right on three of four of them, and on 0.15 fewer of those that validate."""
    result = make_candidate(0, score, train_accuracy).result
    assert knows_by_heart(result) is expected
    assert not knows_by_heart(result, is_varied=True)


def test_without_an_epoch_nothing_is_known(make_result):
    """Neither by heart nor otherwise."""
    assert not knows_by_heart(make_result())


@pytest.mark.parametrize(
    ("others", "chosen"),
    [
        ([(1, 0.45, 0.45)], 1),
        ([(1, 0.44, 0.44)], 0),
        ([(1, 0.46, 0.58)], 1),  # 0.46 - 0.5 * 0.02
        ([(1, 0.50, 0.75)], 0),  # 0.5 - 0.5 * 0.15
        ([(1, 0.45, 0.20), (2, 0.46, 0.56)], 2),  # a lead of a tenth or less is free
        ([], 0),
    ],
)
def test_the_lead_on_training_images_counts_against_a_trial(make_candidate, others, chosen):
    """The best trial has 0.6, and 1.01 on its training images: 0.6 - 0.5 * 0.31 are expected."""
    candidates = [make_candidate(0, 0.6, 1.01), *(make_candidate(*each) for each in others)]
    found = choose_for_refit(candidates, ACCURACY)
    assert found is not None
    assert found.standing.number == chosen


def test_the_best_trial_is_taken_of_equals(make_candidate):
    """No trial has a lead."""
    candidates = [make_candidate(1, 0.5, 0.2), make_candidate(0, 0.5, 0.5)]
    assert choose_for_refit(candidates, ACCURACY) == candidates[1]


def test_a_loss_decides_alone(make_candidate):
    """A lead in accuracy has no unit in common with it."""
    candidates = [make_candidate(0, 0.3, 0.99), make_candidate(1, 0.4, 0.2)]
    assert choose_for_refit(candidates, LOSS) == candidates[0]


def test_a_pruned_trial_is_not_taken(make_candidate):
    """It cannot win."""
    best = make_candidate(0, 0.5, 0.99)
    pruned = make_candidate(2, 0.49, 0.2, state=TrialState.PRUNED)
    assert choose_for_refit([best, pruned], ACCURACY) == best
    assert choose_for_refit([pruned], ACCURACY) is None


def test_the_smallest_network_is_refitted_whatever_its_lead(make_candidate):
    """Trial 1 reaches the target with fewer parameters than trial 0, which would gain more."""
    large, small = make_candidate(0, 0.95, 0.95), make_candidate(1, 0.91, 1.0)
    small = replace(small, standing=replace(small.standing, parameters=10))
    large = replace(large, standing=replace(large.standing, parameters=20))
    objective = replace(ACCURACY, smallest_from=0.9)
    assert choose_for_refit([large, small], objective) == small
    assert choose_for_refit([large, small], ACCURACY) == large
