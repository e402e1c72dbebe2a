"""The folds of a job, and the variables of their networks."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from autocnn.data.prepared import prepare_images
from autocnn.space.seeds import derive_seed
from autocnn.train.checkpoint import State
from autocnn.train.folds import Networks, all_indices, capture, find_folds


@pytest.fixture(scope="session")
def folded(data):
    """The 60 tiny images in three folds of 20."""
    return prepare_images("tiny", ("dark", "bright"), data.images, folds=3)


def test_the_first_fold_is_the_split_with_the_seed_of_the_job(make_job, folded):
    """The others have seeds of their own, and places behind it."""
    folds = find_folds(make_job(seed=7, folds=3), folded)
    assert [fold.number for fold in folds] == [1, 2, 3]
    assert [fold.seed for fold in folds] == [7, *(derive_seed(7, n, "fold") for n in (2, 3))]
    assert folds[0].train.indices.tolist() == folded.split.train.tolist()
    assert [(fold.train_at, fold.held_at) for fold in folds] == [(0, 0), (40, 20), (80, 40)]
    assert sorted(all_indices([fold.held for fold in folds])) == list(range(60))


def test_a_refit_has_one_fold_of_all_images(make_job, folded):
    """Training images come first, then validation images."""
    (fold,) = find_folds(make_job(fit_on="train+validation"), folded)
    assert (fold.seed, fold.n_train) == (7, 60)
    assert fold.train.indices[40:].tolist() == folded.split.validation.tolist()


@pytest.fixture
def network():
    """A layer with two weights, and its optimizer."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    optimizer = keras.optimizers.SGD(momentum=0.9)
    optimizer.build(model.trainable_variables)
    return model, optimizer


def _fill(network, value):
    for part in network:
        for variable in part.variables:
            variable.assign(np.full(variable.shape, value))


def _values(state: State):
    return {float(np.ravel(array)[0]) for array in (*state.model, *state.optimizer)}


def test_each_fold_gets_its_variables_back(network):
    """Three folds are filled with 1, 2 and 3, in turn and in another order."""
    networks = Networks(*network, [capture(*network)] * 2)
    for number in (1, 2, 3):
        networks.switch_to(number)
        _fill(network, number)
    for number in (2, 1, 3, 3, 1):
        networks.switch_to(number)
        assert _values(capture(*network)) == {number}
    assert [_values(state) for state in networks.states()] == [{1}, {2}, {3}]


def test_states_are_taken_over(network):
    """The first fold is in the model then; another number of states is a mistake."""
    networks, states = Networks(*network, [capture(*network)]), []
    for value in (5, 6):
        _fill(network, value)
        states.append(capture(*network))
    networks.switch_to(2)
    networks.restore(states)
    assert _values(capture(*network)) == {5}
    assert [_values(state) for state in networks.states()] == [{5}, {6}]
    with pytest.raises(ValueError, match="1 states for 2 folds"):
        networks.restore(states[:1])
