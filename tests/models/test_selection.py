"""The greedy choice of an ensemble, worked by hand on few images."""

from __future__ import annotations

import math

import numpy as np
import pytest

from autocnn.models.selection import (
    CrossFit,
    Gain,
    best_network,
    cross_fit,
    halve,
    mean_loss,
    mean_probabilities,
    select_networks,
)


def two_classes(*true):
    """Probabilities of networks that give `true`, a row each, to class 0, the class of all."""
    first = np.array(true)
    return np.stack([first, 1 - first], axis=-1), np.zeros(first.shape[1], np.int64)


def accuracy(probabilities, labels):
    """The share of hits."""
    return float((probabilities.argmax(axis=1) == labels).mean())


def test_networks_that_make_different_errors_are_combined():
    """Each alone: (ln 0.9 + ln 0.4) / 2; the mean has 0.65 twice, and no third one is better."""
    probabilities, labels = two_classes([0.9, 0.4], [0.4, 0.9], [0.6, 0.6])
    assert select_networks(probabilities, labels, most=5) == (1, 1, 0)


def test_a_network_may_be_chosen_more_than_once():
    """The best mean has six of the first and one of the second.

    With shares x and 1 - x the losses are -ln(0.2 + 0.7 x) and -ln(0.6 - 0.3 x): the derivative
    0.7 / (0.2 + 0.7 x) = 0.3 / (0.6 - 0.3 x) is 0 at x = 0.36 / 0.42 = 6/7.
    """
    probabilities, labels = two_classes([0.9, 0.3], [0.2, 0.6])
    counts = select_networks(probabilities, labels, most=2)
    assert counts[0] / sum(counts) == pytest.approx(6 / 7, abs=1e-9)
    assert counts == (6, 1)


def test_the_best_network_is_alone_if_no_mean_is_better():
    """A worse network with the same errors adds nothing; the smallest bag is taken."""
    probabilities, labels = two_classes([0.9, 0.8], [0.8, 0.7])
    assert select_networks(probabilities, labels, most=5) == (1, 0)


def test_of_equal_networks_the_first_is_taken():
    """The candidates come in the order of their rank."""
    probabilities, labels = two_classes([0.7, 0.6], [0.7, 0.6])
    assert select_networks(probabilities, labels, most=5) == (1, 0)


@pytest.mark.parametrize(("most", "distinct"), [(1, 1), (2, 2), (3, 3)])
def test_there_are_no_more_different_networks_than_allowed(most, distinct):
    """Three networks, each of which is the best of one image."""
    probabilities, labels = two_classes([0.9, 0.3, 0.3], [0.3, 0.9, 0.3], [0.3, 0.3, 0.9])
    counts = select_networks(probabilities, labels, most)
    assert np.count_nonzero(counts) == distinct
    if most == 3:
        assert len(set(counts)) == 1


def test_a_probability_of_zero_is_a_large_loss_and_no_error():
    """The second network saves the image that the first rules out."""
    probabilities, labels = two_classes([1.0, 0.0], [0.6, 0.5])
    counts = select_networks(probabilities, labels, most=2)
    assert counts[1] > 0
    assert mean_loss(probabilities[0], labels) == pytest.approx(-math.log(1e-38) / 2)


def test_the_mean_is_weighted_by_the_counts():
    """Two of the first and one of the second: (2 * 0.9 + 0.3) / 3 = 0.7."""
    probabilities, _ = two_classes([0.9], [0.3])
    np.testing.assert_allclose(mean_probabilities(probabilities, (2, 1)), [[0.7, 0.3]])


def test_the_best_network_has_the_best_score_then_the_lower_loss():
    """Both hit all; the second is surer of it."""
    probabilities, labels = two_classes([0.6, 0.7], [0.9, 0.9], [0.99, 0.4])
    assert best_network(probabilities, labels, accuracy) == 1


def test_halves_have_half_of_each_class():
    """Five and four images: three and two, or two and three, of the first; two of the second."""
    labels = np.array([0, 1, 0, 1, 0, 1, 0, 1, 0])
    for first in halve(labels, n_halvings=6, seed=0):
        assert first.sum() in (4, 5)
        assert (first & (labels == 0)).sum() in (2, 3)
        assert (first & (labels == 1)).sum() == 2
    one, other = halve(labels, 2, seed=0)
    assert (one != other).any()
    np.testing.assert_array_equal(halve(labels, 1, seed=0)[0], one)


def test_two_that_complete_each_other_gain_on_other_images():
    """Each network misses one half of the images, and their mean none: the gain is one half."""
    probabilities, labels = two_classes([0.9, 0.4] * 20, [0.4, 0.9] * 20)
    found = cross_fit(probabilities, labels, 2, accuracy)
    assert found.accuracy.mean == pytest.approx(0.5, abs=0.06)  # halves differ by chance
    assert found.accuracy.interval[0] > 0.2
    assert found.loss.mean > 0


def test_one_network_gains_nothing():
    """It is chosen in both ways, so every difference is zero."""
    probabilities, labels = two_classes([0.9, 0.4, 0.7, 0.2])
    nothing = Gain(mean=0.0, error=0.0)
    found = cross_fit(probabilities, labels, 5, accuracy)
    assert found == CrossFit(accuracy=nothing, loss=nothing)


def test_a_choice_by_chance_has_no_gain_on_other_images():
    """Networks that guess: the chosen images look better, the others do not."""
    rng = np.random.default_rng(1)
    probabilities, labels = two_classes(*rng.uniform(0.3, 0.7, (10, 400)))
    counts = select_networks(probabilities, labels, 5)
    chosen = mean_loss(mean_probabilities(probabilities, counts), labels)
    alone = min(mean_loss(each, labels) for each in probabilities)
    low, high = cross_fit(probabilities, labels, 5, accuracy).accuracy.interval
    assert chosen < alone
    assert low < 0.05
    assert high - low == pytest.approx(2 * 1.96 * 0.5 / 20, rel=0.6)


def test_the_interval_has_two_errors_on_each_side():
    """1.96 times the error."""
    assert Gain(mean=1.0, error=0.5).interval == pytest.approx((0.02, 1.98), abs=1e-4)


def test_one_image_is_not_enough():
    """It cannot be halved."""
    probabilities, labels = two_classes([0.9])
    with pytest.raises(ValueError, match="expected two images or more, got 1"):
        cross_fit(probabilities, labels, 5, accuracy)
