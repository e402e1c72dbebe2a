"""The end of a trial that stops improving, and its best epoch."""

from __future__ import annotations

import math

import pytest

from autocnn.objectives import ACCURACY, LOSS
from autocnn.space.config import EarlyStopping
from autocnn.train.early_stopping import best_epoch, should_stop
from autocnn.trial import Epoch


@pytest.mark.parametrize(
    ("scores", "patience", "stop"),
    [
        ([], 1, False),
        ([0.5], 1, False),
        ([0.5, 0.4], 1, True),
        ([0.5, 0.6], 1, False),
        ([0.5, 0.5], 1, True),  # an equal score is no improvement
        ([0.1, 0.5, 0.4, 0.4], 3, False),
        ([0.5, 0.4, 0.4, 0.4], 3, True),
        ([0.5, 0.4, 0.3, 0.6], 3, False),
        ([0.5, 0.4, 0.45, 0.49], 3, True),  # better than the last score, not than the best
    ],
)
def test_patience_counts_from_the_best_epoch(scores, patience, stop):
    """Early stopping measures patience from the best epoch, not from the start."""
    assert should_stop(scores, EarlyStopping(patience=patience), ACCURACY) is stop


@pytest.mark.parametrize(
    ("scores", "stop"),
    [
        ([0.5, 0.625, 0.75], True),  # exactly min_delta is not more than min_delta
        ([0.5, 0.875, 0.875], False),
        ([0.25, 0.375, 0.625], False),  # two small steps make one large one
    ],
)
def test_only_a_rise_above_min_delta_counts(scores, stop):
    """Improvements of at most 1/4 above the best counted score are noise."""
    rule = EarlyStopping(patience=2, min_delta=0.25)
    assert should_stop(scores, rule, ACCURACY) is stop


def test_early_stopping_can_be_switched_off():
    """Without early stopping a training never stops early."""
    rule = EarlyStopping(enabled=False, patience=1)
    assert not should_stop([0.5] + [0.1] * 50, rule, ACCURACY)


def _curve(points: list[tuple[float, float]]) -> list[Epoch]:
    return [
        Epoch(
            train_loss=1.0,
            train_accuracy=0.5,
            val_accuracy=0.5,
            val_loss=loss,
            seconds=1.0,
            score=score,
        )
        for score, loss in points
    ]


@pytest.mark.parametrize(
    ("points", "best"),
    [
        ([], None),
        ([(0.5, 1.0)], 1),
        ([(0.5, 1.0), (0.9, 2.0), (0.7, 0.1)], 2),
        ([(0.9, 1.0), (0.9, 0.5), (0.9, 0.7)], 2),  # among equals the lowest loss
        ([(0.9, 0.5), (0.9, 0.5)], 1),  # the first of equal epochs
        ([(0.0, math.inf), (0.0, 3.0)], 2),
    ],
)
def test_the_best_epoch_has_the_highest_score(points, best):
    """Epochs count from 1; the loss decides between equal scores."""
    assert best_epoch(_curve(points), ACCURACY) == best


def test_the_best_epoch_of_a_loss_has_the_lowest_score():
    """Epoch 2 has the lowest cross-entropy, and not the highest accuracy."""
    assert best_epoch(_curve([(0.5, 0.5), (0.25, 0.25), (1.0, 1.0)]), LOSS) == 2


@pytest.mark.parametrize(
    ("scores", "stop"),
    [
        ([0.9, 0.5, 0.7], False),  # a loss improves as it falls
        ([0.5, 0.7, 0.9], True),
        ([1.0, 0.5, 0.5], True),  # a fall of exactly min_delta is not more than min_delta
        ([1.0, 0.25, 0.25], False),
    ],
)
def test_patience_of_a_loss_counts_from_the_lowest(scores, stop):
    """A training for the loss stops two epochs after its last fall of more than 1/2."""
    delta = 0.5 if scores[0] == 1.0 else 0.0
    assert should_stop(scores, EarlyStopping(patience=2, min_delta=delta), LOSS) is stop
