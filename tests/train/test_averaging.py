"""Averages of weights: their arithmetic, and when a training uses them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from autocnn.train import averaging
from autocnn.train.averaging import Average, Averages

HALF_LIFE = 1 / math.log(2)  # the memory with which one step has the share 1/2


def _average(*values: float) -> float:
    average = Average(HALF_LIFE)
    for value in values:
        average.add([np.array([value], np.float32)], 1)
    return float(average.values[0][0])


def test_an_average_is_corrected_for_its_beginning():
    """Shares of 1/4 and 1/2 of two values, 1/8 more of a third: divided by their sum."""
    assert _average(3.0) == 3.0
    assert _average(0.0, 3.0) == pytest.approx(2.0)  # (1/4 * 0 + 1/2 * 3) / (3/4)
    assert _average(8.0, 0.0, 7.0) == pytest.approx((1 + 0 + 3.5) / (7 / 8))


def test_steps_that_are_taken_at_once_weigh_as_much_as_one_by_one():
    """Two steps have the share 3/4 of the average."""
    average = Average(HALF_LIFE)
    average.add([np.array([8.0])], 1)
    average.add([np.array([1.0])], 2)
    assert average.values[0][0] == pytest.approx((8 / 8 + 3 / 4) / (7 / 8))


def test_an_average_goes_on_from_its_state():
    """The mass is kept too: without it a restored average would forget what came before."""
    average, restored = Average(HALF_LIFE), Average(HALF_LIFE)
    average.add([np.array([8.0]), np.array([2.0])], 1)
    restored.restore(average.state())
    for each in (average, restored):
        each.add([np.array([1.0]), np.array([0.0])], 1)
    assert [v.tolist() for v in restored.values] == [v.tolist() for v in average.values]
    assert Average(1.0).state() == []


def test_an_average_keeps_values_of_its_own():
    """The arrays that were added, and those that a state hands out, may change afterwards."""
    weights = [np.array([1.0])]
    average = Average(1.0)
    average.add(weights, 1)
    weights[0][0] = 5.0
    assert average.values[0][0] == 1.0


class _Model:
    """A model with one weight."""

    def __init__(self, value: float) -> None:
        self.value = value

    def get_weights(self):
        return [np.array([self.value])]

    def set_weights(self, weights):
        self.value = float(weights[0][0])


class _Networks:
    def __init__(self, model: _Model) -> None:
        self.model = model


def test_the_model_has_the_average_for_a_while(monkeypatch):
    """Its own weights are there again afterwards, after an error as well."""
    monkeypatch.setattr(averaging, "MEMORY", HALF_LIFE)
    model = _Model(0.0)
    averages = Averages(_Networks(model), n_folds=2, n_steps=1)
    averages.add(2, 1)
    model.value = 3.0
    averages.add(2, 1)
    with averages.in_model(2):
        assert model.value == pytest.approx(2.0)
    assert model.value == 3.0
    with averages.in_model(1):  # no step of this fold was taken
        assert model.value == 3.0
    with pytest.raises(ValueError, match="stop"), averages.in_model(2):
        raise ValueError("stop")
    assert model.value == 3.0
    assert averages.first()[0][0] == 3.0  # of fold 1, which has no average


def test_the_memory_is_a_share_of_the_schedule():
    """Of 100 steps it is 3: three steps have the share 1 - 1/e."""
    model = _Model(1.0)
    averages = Averages(_Networks(model), n_folds=1, n_steps=100)
    averages.add(1, 97)
    model.value = 0.0
    averages.add(1, 3)
    assert averages.first()[0][0] == pytest.approx(math.exp(-1))
