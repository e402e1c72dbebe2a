"""Images checks its arrays when it is made."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.data.dataset import Images
from autocnn.errors import DatasetError


def test_images_know_their_number_and_the_shape_of_one():
    """Five images of 2 rows, 3 columns and 1 channel say so."""
    images = Images(images=np.zeros((5, 2, 3, 1), np.uint8), labels=np.zeros(5, np.int64))
    assert (images.n, images.shape) == (5, (2, 3, 1))


@pytest.mark.parametrize(
    ("pixels", "labels", "message"),
    [
        (np.zeros((2, 3, 3, 1)), np.zeros(2, np.int64), "expected uint8"),
        (np.zeros((2, 3, 3), np.uint8), np.zeros(2, np.int64), r"got uint8 \(2, 3, 3\)"),
        (np.zeros((2, 3, 3, 1), np.uint8), np.zeros(2, np.uint8), "expected int64"),
        (np.zeros((2, 3, 3, 1), np.uint8), np.zeros(3, np.int64), r"expected int64 \(2,\)"),
        (np.zeros((2, 3, 3, 1), np.uint8), np.array([0, -1]), "got -1"),
    ],
)
def test_other_arrays_are_refused(pixels, labels, message):
    """A wrong type, shape, length or label is an error that says what came."""
    with pytest.raises(DatasetError, match=message):
        Images(images=pixels, labels=labels)


def test_take_keeps_images_and_labels_together(make_images):
    """Taking indices 2 and 0 gives those two images with their own labels, in that order."""
    taken = make_images([10, 20, 30], [0, 1, 2]).take(np.array([2, 0]))
    assert taken.images[:, 0, 0, 0].tolist() == [30, 10]
    assert taken.labels.tolist() == [2, 0]
