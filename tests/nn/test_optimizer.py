"""From the optimizer of a configuration to that of Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from autocnn.nn.optimizer import OPTIMIZERS as TABLE
from autocnn.nn.optimizer import build_optimizer
from autocnn.space.config import OPTIMIZERS, Optimizer, TrialConfig

CLASSES = {
    "sgd": "SGD",
    "momentum": "SGD",
    "nesterov": "SGD",
    "rmsprop": "RMSprop",
    "adamw": "AdamW",
}


def _variables(kernel: tuple[int, ...] = (2, 2)) -> list[keras.Variable]:
    """A kernel, a bias and the weights of a normalisation, all of them ones."""
    shapes = {"kernel": kernel, "bias": (2,), "gamma": (2,), "beta": (2,)}
    return [keras.Variable(np.ones(shape, np.float32), name=name) for name, shape in shapes.items()]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_name_gives_an_optimizer(name):
    """The optimizer has the class and the settings of its configuration."""
    built = build_optimizer(TrialConfig(optimizer=Optimizer(name=name, learning_rate=0.25)), 1)
    assert type(built).__name__.lower() == CLASSES.get(name, name).lower()
    assert float(built.learning_rate) == 0.25


def test_the_table_has_no_name_that_cannot_be_chosen():
    """Momentum and Nesterov are SGD with a setting, so they have no entry."""
    assert set(TABLE) == set(OPTIMIZERS) - {"momentum", "nesterov"}


@pytest.mark.parametrize("shape", [(2, 2), (3, 3, 2, 2)], ids=["dense", "convolution"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_weights_decay_and_biases_do_not(name, shape):
    """Without a gradient, a weight of 1 becomes 1 - rate x decay = 1 - 0.1 x 0.5 in one step."""
    variables = _variables(shape)
    built = build_optimizer(
        TrialConfig(optimizer=Optimizer(name=name, learning_rate=0.1, weight_decay=0.5)), 1
    )
    built.build(variables)
    built.apply([np.zeros(v.shape, np.float32) for v in variables], variables)
    kernel, *others = (np.asarray(v) for v in variables)
    np.testing.assert_allclose(kernel, np.full(shape, 0.95), rtol=1e-5)
    for other in others:
        np.testing.assert_allclose(other, [1, 1], rtol=1e-6)


@pytest.mark.parametrize("shape", [(2, 2), (3, 3, 2, 2)], ids=["dense", "convolution"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_decay_of_zero_leaves_the_weights_alone(name, shape):
    """A decay of zero changes no weight, for AdamW and Muon too."""
    variables = _variables(shape)
    built = build_optimizer(TrialConfig(optimizer=Optimizer(name=name, learning_rate=0.1)), 1)
    built.build(variables)
    built.apply([np.zeros(v.shape, np.float32) for v in variables], variables)
    for variable in variables:
        np.testing.assert_allclose(np.asarray(variable), np.ones(variable.shape), rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "after"),
    [
        ("sgd", -0.2),  # 2 steps of 0.1
        ("momentum", -0.25),  # 0.1, then 0.5 x 0.1 + 0.1
        ("nesterov", -0.325),  # evaluated half a step ahead: 0.15, then 0.175
    ],
)
def test_two_steps_of_gradient_one(name, after):
    """Two steps worked by hand, with rate 0.1 and momentum 0.5."""
    # Keras: v = 0.5 v - 0.1 g; momentum adds v, Nesterov 0.5 v - 0.1 g. With g = 1: v is -0.1, then
    # -0.15; momentum -0.1 - 0.15; Nesterov (-0.05 - 0.1) + (-0.075 - 0.1).
    weight = keras.Variable(np.zeros(1, np.float32), name="kernel")
    built = build_optimizer(
        TrialConfig(optimizer=Optimizer(name=name, learning_rate=0.1, momentum=0.5)), 1
    )
    built.build([weight])
    for _ in range(2):
        built.apply([np.ones(1, np.float32)], [weight])
    np.testing.assert_allclose(np.asarray(weight), [after], rtol=1e-5)
