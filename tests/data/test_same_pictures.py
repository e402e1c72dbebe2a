"""Equal images across parts and in several classes."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.data.part_names import TEST, TRAIN, VALIDATION
from autocnn.data.same_pictures import describe_copies, describe_two_labels, find_two_labels


def ranks(letters):
    """A number for each letter."""
    return np.unique(list(letters), return_inverse=True)[1]


@pytest.mark.parametrize(
    ("letters", "labels", "parts", "notes"),
    [
        ("abcd", [0] * 4, [TRAIN, TRAIN, VALIDATION, TEST], []),
        ("aabb", [0] * 4, [TRAIN, TRAIN, TEST, TEST], []),
        ("aab", [0] * 3, [VALIDATION, TEST, TEST], ["1 test image is also a validation image: "
         "they choose the winner and train its refit, so the test score is too high "
         "by up to 50.00 points"]),
        ("aaa", [0] * 3, [TRAIN, VALIDATION, TEST], [
         "1 validation image is also a training image: the validation score is too high by up to "
         "100.00 points",
         "1 test image is also a training image: the test score is too high by up to 100.00 points",
        ]),
        ("aab", [0, 1, 0], [TRAIN, TEST, TEST], ["1 test image is also a training image with "
         "another label: the test score is too low by up to 50.00 points"]),
        ("aaabb", [0, 1, 1, 0, 0], [TRAIN, TRAIN, TEST, TEST, TEST],
         ["1 test image is also a training image: the test score is too high by up to 33.33 "
          "points"]),
    ],
)  # fmt: skip
def test_a_line_names_the_score_that_errs_and_its_direction(letters, labels, parts, notes):
    """Copies within one part raise nothing; a copy with another label lowers a score."""
    assert describe_copies(np.array(parts, np.int8), np.array(labels), ranks(letters)) == notes


def test_pictures_in_two_classes_are_named():
    """The picture a is in classes 0 and 1, b in one class twice, c in three classes."""
    labels = np.array([1, 0, 0, 0, 2, 1, 0])
    found = find_two_labels(labels, ranks("aabbccc"))
    assert (found.n, found.pairs) == (2, ((1, 0), (6, 5)))
    names = {i: f"{i}.png" for i in range(7)}
    assert describe_two_labels(found, labels, ("cat", "dog", "fox"), names) == [
        "2 pictures are in several classes: 1.png (cat) = 0.png (dog), 6.png (cat) = 5.png (dog); "
        "a network can be right about one of them only"
    ]


def test_at_most_three_pictures_are_named():
    """The fourth is an ellipsis."""
    labels = np.array([0, 1] * 4)
    found = find_two_labels(labels, ranks("aabbccdd"))
    assert (found.n, found.pairs) == (4, ((0, 1), (2, 3), (4, 5)))
    (line,) = describe_two_labels(found, labels, ("x", "y"), dict(enumerate("01234567")))
    assert line.startswith("4 pictures are in several classes: 0 (x) = 1 (y), 2 (x) = 3 (y), ")
    assert line.endswith("4 (x) = 5 (y), …; a network can be right about one of them only")


def test_different_pictures_give_no_line():
    """No picture is in two classes."""
    found = find_two_labels(np.array([0, 1, 1]), ranks("abb"))
    assert (found.n, describe_two_labels(found, np.array([0, 1, 1]), ("x", "y"), {})) == (0, [])
