"""The batches of one fold."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.data.prepared import prepare_images
from autocnn.space.config import Augmentation
from autocnn.train.folds import find_folds
from autocnn.train.one_fold import evaluation_batches, training_batches


@pytest.fixture
def second(make_job, data):
    """The second of three folds: positions 40 to 79 train, and 20 to 39 are held out."""
    folded = prepare_images("tiny", ("dark", "bright"), data.images, folds=3)
    return find_folds(make_job(folds=3), folded)[1]


def test_positions_begin_at_the_place_of_the_fold(second):
    """Five batches of 16 take each of 40 images twice, in one order."""
    positions, draws = training_batches(second, 1, Augmentation(shift=1), 5, 16)
    order = positions.ravel()
    assert positions.dtype == np.int32
    assert sorted(order[:40]) == list(range(40, 80))
    assert order[40:].tolist() == order[:40].tolist()
    assert draws.shape == (5, 16, 3)


def test_orders_differ_by_epoch(second):
    """Equal epochs have equal orders."""
    orders = [training_batches(second, e, Augmentation(), 3, 16)[0].tolist() for e in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]


def test_every_image_held_out_counts_once(second, monkeypatch):
    """Batches of 8: the third has 4 images, and then padding."""
    monkeypatch.setattr("autocnn.nn.batches.EVALUATION_BATCH", 8)
    positions, weights = evaluation_batches(second, (8, 8, 1))
    assert positions.shape == weights.shape == (3, 8)
    assert positions[weights == 1].tolist() == list(range(20, 40))
    assert weights[2].tolist() == [1, 1, 1, 1, 0, 0, 0, 0]
    assert set(positions[weights == 0].tolist()) <= set(range(20, 40))


@pytest.mark.parametrize(("least", "shape"), [(1, (7, 3)), (10, (2, 10)), (64, (1, 20))])
def test_as_many_images_as_are_trained_on_are_evaluated_at_once(second, least, shape, monkeypatch):
    """Three fit by their size; a batch never has more than the 20 that there are."""
    monkeypatch.setattr("autocnn.nn.batches.EVALUATION_BATCH", 3)
    positions, weights = evaluation_batches(second, (8, 8, 1), least)
    assert positions.shape == shape
    assert positions[weights == 1].tolist() == list(range(20, 40))
