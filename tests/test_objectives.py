"""Objectives: scores worked by hand, directions, spreads, and the one ordering of trials."""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import replace

import numpy as np
import pytest

from autocnn.errors import SettingsError
from autocnn.objectives import (
    ACCURACY,
    BALANCED_ACCURACY,
    LOSS,
    MACRO_F1,
    OBJECTIVES,
    Objective,
    Standing,
    can_win,
    find_objective,
    rank_key,
)
from autocnn.trial import TrialState

# Rows are true classes: 8 images of class 0, 4 of class 1, 2 of class 2.
COUNTS = np.array([[6, 2, 0], [1, 3, 0], [0, 1, 1]])


@pytest.mark.parametrize(
    ("objective", "score"),
    [
        (ACCURACY, 10 / 14),
        (BALANCED_ACCURACY, (6 / 8 + 3 / 4 + 1 / 2) / 3),
        # twice the hits over images plus predictions; 7, 6 and 1 predictions
        (MACRO_F1, (12 / (8 + 7) + 6 / (4 + 6) + 2 / (2 + 1)) / 3),
        (LOSS, 0.75),
    ],
)
def test_scores_of_a_small_confusion_matrix(objective, score):
    """Of 14 images in three classes 10 are classified correctly, at cross-entropy 0.75."""
    assert objective.compute(COUNTS, 0.75) == pytest.approx(score, rel=1e-15)


@pytest.mark.parametrize(
    ("objective", "score"),
    [(BALANCED_ACCURACY, 3 / 4), (MACRO_F1, (2 * 3 / (4 + 3) + 2 * 0 / (0 + 1)) / 2)],
)
def test_a_class_without_images_has_no_recall(objective, score):
    """Class 1 has no image, but a prediction, which lowers F1; class 2 has neither."""
    counts = np.array([[3, 1, 0], [0, 0, 0], [0, 0, 0]])
    assert objective.compute(counts, 0.0) == pytest.approx(score, rel=1e-15)


@pytest.mark.parametrize(
    ("objective", "error"),
    [
        (ACCURACY, math.sqrt(0.8 * 0.2 / 100)),
        # 90 images of one class and 10 of the other
        (BALANCED_ACCURACY, math.sqrt(0.8 * 0.2 * (1 / 90 + 1 / 10)) / 2),
        (MACRO_F1, math.sqrt(0.8 * 0.2 * (1 / 90 + 1 / 10)) / 2),
        (LOSS, math.sqrt(2 * 0.8 / 100)),
    ],
)
def test_the_standard_error_of_a_score_follows_from_the_images(objective, error):
    """The error of 0.8 on 100 images, 90 of class 0, none of class 1 and 10 of class 2."""
    assert objective.error(0.8, (90, 0, 10)) == pytest.approx(error, rel=1e-12)


@pytest.mark.parametrize("objective", [BALANCED_ACCURACY, MACRO_F1])
def test_equal_classes_have_the_error_of_an_accuracy(objective):
    """Four classes of 25 images are as sure as 100 images."""
    sizes = (25, 25, 25, 25)
    assert objective.error(0.9, sizes) == pytest.approx(ACCURACY.error(0.9, sizes), rel=1e-12)


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=lambda each: each.name)
def test_better_follows_the_direction(objective: Objective):
    """A larger share is better, and so is a smaller loss; a score reaches itself as a target."""
    better, worse = (0.9, 0.8) if objective.maximize else (0.8, 0.9)
    assert objective.is_better(better, worse)
    assert not objective.is_better(better, better)
    assert objective.best([worse, better, worse]) == better
    assert objective.advantage(better, worse) == pytest.approx(0.1)
    assert objective.reaches(better, worse)
    assert objective.reaches(worse, worse)
    assert not objective.reaches(worse, better)
    assert objective.is_better(worse, objective.best([]))


def test_guessing_among_four_classes():
    """A quarter of the images is correct, at a cross-entropy of log 4."""
    guesses = [each.guess([5, 5, 5, 5]) for each in OBJECTIVES.values()]
    assert guesses == [0.25, 0.25, 0.25, pytest.approx(math.log(4))]


def test_guessing_among_unequal_classes():
    """Of 1, 1 and 2 images half are of the largest class; the entropy is 1.5 log 2."""
    guesses = [each.guess([1, 1, 2]) for each in OBJECTIVES.values()]
    assert guesses == [
        0.5,
        pytest.approx(1 / 3),
        pytest.approx(1 / 3),
        pytest.approx(1.5 * math.log(2)),
    ]


@pytest.mark.parametrize(
    ("objective", "score", "is_guess"),
    [
        # 100 images of 4 equal classes: a quarter, with an error of sqrt(3 / 16 / 100) = 0.0433
        (ACCURACY, 0.42, True),
        (ACCURACY, 0.43, False),
        (ACCURACY, math.nan, True),
        # log 4 = 1.386, with an error of sqrt(2 * 1.386 / 100) = 0.1665
        (LOSS, 0.73, True),
        (LOSS, 0.71, False),
        (LOSS, 2.5, True),
    ],
)
def test_a_guess_is_within_four_standard_errors(objective, score, is_guess):
    """Of the score of a guess, or worse than that."""
    assert objective.is_guess(score, [25] * 4) is is_guess


def test_fractions_are_shown_in_percent_and_losses_plainly():
    """Scores, differences and axis values have the form of their objective."""
    assert (ACCURACY.text(0.92345), LOSS.text(0.92345), LOSS.text(None)) == (
        "92.34 %",
        "0.9234",
        "–",
    )
    assert (ACCURACY.difference_text(0.0125), LOSS.difference_text(-0.0125)) == ("+1.25", "-0.0125")
    assert (ACCURACY.axis_value(0.97555551), LOSS.axis_value(0.97555551)) == (97.5556, 0.975556)
    assert (ACCURACY.axis, LOSS.axis) == ("validation accuracy (%)", "validation cross-entropy")


def test_an_unknown_objective_lists_all_objectives():
    """The error is one line with the option and all objectives."""
    expected = "--objective must be one of accuracy, balanced_accuracy, macro_f1, loss, got 'auc'"
    with pytest.raises(SettingsError, match=expected):
        find_objective("auc")


def _standing(number: int, state: str, score: float | None, **changes: float) -> Standing:
    loss, parameters = changes.get("loss", 1.0), int(changes.get("parameters", 100))
    return Standing(
        number=number,
        state=TrialState(state),
        score=score,
        val_loss=loss,
        parameters=parameters,
    )


IN_ORDER = [
    _standing(9, "complete", 0.9, loss=0.1, parameters=200),
    _standing(5, "stopped", 0.9, loss=0.2, parameters=50),
    _standing(1, "complete", 0.9, loss=0.2, parameters=60),
    _standing(3, "complete", 0.9, loss=0.2, parameters=60),
    _standing(0, "complete", 0.8, loss=0.05),
    _standing(8, "pruned", 0.99),
    _standing(7, "pruned", 0.7),
    _standing(4, "pruned", None),
    _standing(2, "stopped", None),
    _standing(6, "complete", math.nan),
    _standing(10, "running", 0.95),
    _standing(11, "failed", 0.97),
]


def test_equal_scores_are_ordered_by_loss_then_parameters_then_number():
    """The order is state, score, validation loss, parameters, number, for any input order."""
    shuffled = random.Random(0).sample(IN_ORDER, len(IN_ORDER))
    ranked = sorted(shuffled, key=lambda trial: rank_key(ACCURACY, trial))
    assert [trial.number for trial in ranked] == [trial.number for trial in IN_ORDER]


def test_a_smaller_loss_ranks_first():
    """Under the objective loss complete trials are in ascending order of their scores."""
    trials = [_standing(i, "complete", score) for i, score in enumerate((0.5, 0.25, 1.0))]
    ranked = sorted(trials, key=lambda trial: rank_key(LOSS, trial))
    assert [trial.score for trial in ranked] == [0.25, 0.5, 1.0]


def test_two_trials_never_have_the_same_key():
    """The number decides at last, so a sort needs no order of its input."""
    keys = [rank_key(ACCURACY, trial) for trial in IN_ORDER]
    assert all(one != other for one, other in itertools.combinations(keys, 2))


@pytest.mark.parametrize(
    ("state", "score", "can"),
    [
        ("complete", 0.5, True),
        ("stopped", 0.5, True),
        ("pruned", 0.9, False),
        ("stopped", None, False),
        ("complete", math.nan, False),
        ("running", 0.9, False),
        ("failed", 0.9, False),
    ],
)
def test_a_winner_is_complete_or_stopped_and_has_a_score(state, score, can):
    """No other trial can win, even with the best score."""
    assert can_win(ACCURACY, _standing(0, state, score)) is can


def test_networks_that_are_good_enough_are_ranked_by_size():
    """From 0.9 on fewer parameters rank higher; below it the score decides, and comes after."""
    objective = replace(ACCURACY, smallest_from=0.9)
    known = {0: (0.95, 500), 1: (0.9, 200), 2: (0.8, 10), 3: (0.85, 900), 4: (0.91, 200)}
    trials = [
        Standing(number=n, state=TrialState.COMPLETE, score=s, val_loss=0.5, parameters=size)
        for n, (s, size) in known.items()
    ]
    ranked = sorted(trials, key=lambda trial: rank_key(objective, trial))
    assert [trial.number for trial in ranked] == [4, 1, 0, 3, 2]
    assert all(can_win(objective, trial) for trial in trials)
    assert [objective.is_enough(score) for score in (0.9, 0.89, None, math.nan)] == [
        True,
        False,
        False,
        False,
    ]
    assert not ACCURACY.is_enough(1.0)


def test_a_small_loss_is_enough():
    """A loss reaches its score from above."""
    objective = replace(LOSS, smallest_from=0.3)
    assert objective.is_enough(0.3)
    assert not objective.is_enough(0.31)
