"""Images checks its arrays when it is made; an index set refers to some of the images."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.data import dataset
from autocnn.data.dataset import Images, IndexedImages
from autocnn.errors import DatasetError


def test_images_have_their_number_and_the_shape_of_one():
    """Five images of 2 rows, 3 columns and 1 channel have n 5 and shape (2, 3, 1)."""
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
    """The error of a wrong type, shape, length or label shows the given value."""
    with pytest.raises(DatasetError, match=message):
        Images(images=pixels, labels=labels)


def test_take_keeps_images_and_labels_together(make_images):
    """Taking indices 2 and 0 gives those two images with their own labels, in that order."""
    taken = make_images([10, 20, 30], [0, 1, 2]).take(np.array([2, 0]))
    assert taken.images[:, 0, 0, 0].tolist() == [30, 10]
    assert taken.labels.tolist() == [2, 0]


@pytest.fixture
def some(make_images) -> IndexedImages:
    """Images 3, 0 and 1 of four, which are 10, 20, 30 and 40 of classes 0, 1, 2 and 3."""
    source = make_images([10, 20, 30, 40], [0, 1, 2, 3])
    return IndexedImages(source=source, indices=np.array([3, 0, 1]))


def test_an_index_set_keeps_its_order(some):
    """Labels and pixels come in the order of the indices."""
    assert (some.n, some.shape, some.labels.tolist()) == (3, (1, 2, 1), [3, 0, 1])
    assert some.pixels(np.array([2, 0]))[:, 0, 0, 0].tolist() == [20, 40]
    copy = some.copy()
    assert copy.images[:, 0, 0, 0].tolist() == [40, 10, 20]
    assert copy.labels.tolist() == [3, 0, 1]


def test_blocks_are_copied_some_at_a_time(some, monkeypatch):
    """Two images of two pixels fit a block of five pixels."""
    monkeypatch.setattr(dataset, "BLOCK_PIXELS", 5)
    assert [block[:, 0, 0, 0].tolist() for block in some.blocks()] == [[40, 10], [20]]
