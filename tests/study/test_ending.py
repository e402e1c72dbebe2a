"""The line about a search that has nothing left to try."""

from __future__ import annotations

import math

import pytest

from autocnn.study.ending import exhausted_line


@pytest.mark.parametrize(
    ("n_points", "n_tried", "line"),
    [
        (12, 12, "all 12 points of the space were tried: the search ends"),
        (12_000, 12_000, "all 12,000 points of the space were tried: the search ends"),
        (1, 1, "the only point of the space was tried: the search ends"),
        (
            12,
            7,
            "nothing new was found to try after 7 of 12 points of the space: ",
        ),
        (math.inf, 1000, "nothing new was found to try after 1,000 points of the space: "),
    ],
)
def test_the_line_says_how_much_of_the_space_was_tried(n_points, n_tried, line):
    """The points without a network count as tried."""
    assert exhausted_line(n_points, n_tried).startswith(line)
