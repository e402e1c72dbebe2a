"""The confidence interval of an accuracy."""

from __future__ import annotations

import pytest

from autocnn.finals.interval import wilson_interval


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        # p = 0.980556, z²/n = 0.0106707: (0.985891 ± 1.959964 * 0.00776997) / 1.0106707
        (353, 360, 0.960414, 0.990550),
        # z²/n = 0.384146: (0.5 + 0.192073 ± 1.959964 * sqrt(0.025 + 0.00960365)) / 1.384146
        (5, 10, 0.236593, 0.763407),
        # no hit: 0 to z² / (n + z²) = 3.841459 / 13.841459
        (0, 10, 0.0, 0.277533),
        # the mirror image: n / (n + z²) to 1
        (10, 10, 0.722467, 1.0),
        (1, 1, 0.206549, 1.0),
    ],
)
def test_the_interval_is_wilsons(hits, n, low, high):
    """The interval has a level of 95 % and was worked by hand."""
    assert wilson_interval(hits, n) == pytest.approx((low, high), abs=1e-6)


@pytest.mark.parametrize("hits", [0, 1, 5, 9, 10])
def test_the_interval_holds_the_proportion(hits):
    """The bounds are from 0 to 1, also for no hit and for hits only."""
    low, high = wilson_interval(hits, 10)
    assert 0 <= low <= high <= 1
    assert low - 1e-12 <= hits / 10 <= high + 1e-12  # except for the last bit


def test_more_images_give_a_narrower_interval():
    """Nine in ten of a thousand have a narrower interval than nine of ten."""
    few, many = wilson_interval(9, 10), wilson_interval(900, 1000)
    assert few[0] < many[0] < 0.9 < many[1] < few[1]


def test_the_level_can_be_chosen():
    """At z = 1 the interval of one hit of one is 1 / (1 + 1) to 1."""
    assert wilson_interval(1, 1, z=1.0) == pytest.approx((0.5, 1.0))
