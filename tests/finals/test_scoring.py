"""The score of a network on labelled images, compared with counts by hand."""

from __future__ import annotations

import math

import pytest

from autocnn.finals import scoring
from autocnn.finals.scoring import SplitScore, score_images
from autocnn.nn.batches import EVALUATION_BATCH
from autocnn.objectives import BALANCED_ACCURACY, LOSS


def test_hits_and_misses_are_counted_by_class(dark_or_bright, make_test):
    """One label is wrong, and one is of a class that is never predicted."""
    test = make_test([0, 100, 200, 255, 90], [0, 0, 1, 2, 1])
    score = score_images(dark_or_bright.predictor(), test, 3)
    assert score.confusion == ((2, 0, 0), (1, 1, 0), (0, 1, 0))
    assert (score.n, score.errors) == (5, 2)
    assert score.accuracy == pytest.approx(0.6)


def test_every_image_is_predicted_once(dark_or_bright, make_test):
    """The last batch, which is a short one, is predicted too."""
    n = 2 * EVALUATION_BATCH + 3
    test = make_test([0] * (n - 2) + [255] * 2, [0] * n)
    assert score_images(dark_or_bright.predictor(), test, 3).confusion == (
        (n - 2, 2, 0),
        (0, 0, 0),
        (0, 0, 0),
    )


def test_no_error_is_an_accuracy_of_one(dark_or_bright, make_test):
    """The interval of 3 hits in 3 images is wide: 3 / (3 + 1.96²) to 1."""
    score = score_images(dark_or_bright.predictor(), make_test([0, 255, 10], [0, 1, 0]), 3)
    assert (score.errors, score.accuracy) == (0, 1.0)
    assert score.interval == pytest.approx((0.438503, 1.0), abs=1e-6)


def test_views_are_averaged_as_logits(dark_or_bright, make_test, monkeypatch):
    """The negatives have three quarters of the weight, so dark images count as bright."""

    def negatives(images, name):
        return [(0.25, images), (0.75, 255 - images)]

    monkeypatch.setattr(scoring, "make_views", negatives)
    score = score_images(dark_or_bright.predictor(), make_test([0, 50, 255], [1, 1, 0]), 3)
    assert score.errors == 0


def test_the_interval_is_that_of_the_hits():
    """7 errors in 360 are 353 hits."""
    score = SplitScore(n=360, n_different=360, errors=7, confusion=(), cross_entropy=0.1)
    assert score.interval == pytest.approx((0.960414, 0.990550), abs=1e-6)
    assert score.accuracy == pytest.approx(353 / 360)


def test_copies_do_not_narrow_the_interval(dark_or_bright, make_test):
    """Twenty images, 10 of them right, are ten pictures twice: the interval of 5 in 10."""
    pixels = [*range(5), *range(100, 105)] * 2
    test = make_test(pixels, [0, 1] * 10)
    score = score_images(dark_or_bright.predictor(), test, 3)
    assert (score.n, score.n_different, score.errors) == (20, 10, 10)
    assert score.interval == pytest.approx((0.236593, 0.763407), abs=1e-6)


def test_the_accuracy_is_that_of_all_images():
    """Three of four hits in four images, two of them different: the interval of 1.5 in 2.

    z²/n = 1.920729: (0.75 + 0.960365 ± 1.959964 * sqrt(0.09375 + 0.240091)) / 2.920729
    """
    score = SplitScore(n=4, n_different=2, errors=1, confusion=(), cross_entropy=0.1)
    assert score.accuracy == 0.75
    assert score.interval == pytest.approx((0.197867, 0.973323), abs=1e-6)


def test_the_cross_entropy_is_the_mean_over_the_images(make_test):
    """Probabilities of 1/2 and 1/4 for the true classes: (log 2 + log 4) / 2."""
    half_each = make_test([0, 0], [0, 1])

    def predict(images):
        return [(0.5, 0.25, 0.25)] * len(images)

    score = score_images(predict, half_each, 3)
    assert score.cross_entropy == pytest.approx(1.5 * math.log(2))
    assert score.score(LOSS) == score.cross_entropy
    assert score.score(BALANCED_ACCURACY) == 0.5


def test_the_majority_is_the_share_of_the_most_common_class():
    """16 of 18 images are of the first class, whatever was predicted."""
    score = SplitScore(
        n=18, n_different=18, errors=9, confusion=((8, 8), (1, 1)), cross_entropy=0.1
    )
    assert score.majority == 16 / 18
