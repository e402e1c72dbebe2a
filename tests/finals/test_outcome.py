"""The test scores of the winner, and the finals made from them."""

from __future__ import annotations

import pytest

from autocnn.finals.outcome import WinnerScores, finals_of, score_winner
from autocnn.finals.refit import Refit
from autocnn.finals.scoring import SplitScore
from autocnn.objectives import ACCURACY, LOSS
from autocnn.records.finals_file import RefitSummary

PIXELS, LABELS = [0, 255, 10, 240], [0, 1, 0, 0]  # one of the four labels is wrong


def always_bright(images):
    """A model that predicts class 1 for every image."""
    return [(0.0, 1.0, 0.0)] * len(images)


SCORES = WinnerScores(
    own=SplitScore(
        n=200, n_different=200, errors=180, confusion=((10, 90), (90, 10)), cross_entropy=2.5
    ),
    shipped=SplitScore(
        n=200, n_different=180, errors=14, confusion=((96, 4), (10, 90)), cross_entropy=0.25
    ),
)


@pytest.fixture
def make_finals(make_record, make_result):
    """Trial 5: 0.2 on validation, 180 errors of 200 by its own weights, 14 by the refit's."""

    def make(objective=ACCURACY):
        record = make_record(make_result(1.0, 0.5, best_epoch=2))
        return finals_of(record, Refit(result=make_result(0.9, 0.4), refusal=""), SCORES, objective)

    return make


@pytest.fixture
def finals(make_finals):
    """The finals of a search for accuracy."""
    return make_finals()


def test_finals_have_both_scores_with_errors_and_interval(finals):
    """14 errors of 200 are an accuracy of 0.93."""
    assert (finals.winner, finals.val_best) == (5, 0.2)
    assert (finals.test.n, finals.test.n_different, finals.test.errors) == (200, 180, 14)
    assert finals.test.accuracy == pytest.approx(0.93)
    assert finals.test.low < 0.93 < finals.test.high
    assert finals.test_winner.accuracy == pytest.approx(0.1)
    assert finals.test_time_augmentation is None


def test_the_gap_is_the_optimism_of_the_validation_score(finals):
    """0.2 on validation and 0.1 on test, both of the same weights."""
    assert finals.gap == pytest.approx(0.1)


def test_finals_have_the_score_of_the_objective_beside_the_accuracy(make_finals):
    """A validation loss of 0.2 and 2.5 on test are a gap of 2.3: the validation is better by it."""
    finals = make_finals(LOSS)
    assert finals.objective == "loss"
    assert (finals.test.score, finals.test.accuracy) == (0.25, pytest.approx(0.93))
    assert finals.gap == pytest.approx(2.3)


def test_finals_summarise_the_refit(finals):
    """The finals have its epochs, time and losses, and whether its weights are shipped."""
    assert finals.refit == RefitSummary(
        shipped=True, refusal="", epochs=2, seconds=9.0, train_loss=(0.9, 0.4)
    )


def test_the_trial_and_the_shipped_file_are_scored(dark_or_bright, make_test):
    """Each is scored by its own predictions: one error by the first model, three by the other."""
    test = make_test(PIXELS, LABELS)
    scores = score_winner(dark_or_bright.predictor(), always_bright, test, 3, "blocks")
    assert (scores.own.errors, scores.shipped.errors) == (1, 3)
    assert scores.shipped_by_views is None


def test_without_a_refit_both_scores_are_of_one_file(dark_or_bright, make_test):
    """Without a refit the shipped weights are the winner's own."""
    test = make_test(PIXELS, LABELS)
    scores = score_winner(dark_or_bright.predictor(), None, test, 3, "blocks")
    assert scores.shipped == scores.own


def test_an_architecture_with_published_views_is_scored_by_them_too(make_test):
    """The views are predicted by the shipped file."""
    test = make_test(PIXELS, LABELS, side=2)
    scores = score_winner(always_bright, None, test, 3, "airbench94")
    assert scores.shipped_by_views is not None
    assert scores.shipped_by_views.errors == 3
