"""Muon: which weights take orthogonal steps, what these are, and AdamW's rule for the others."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from autocnn.nn.model import ImageSpec, build_model
from autocnn.nn.muon import Muon, is_hidden_kernel, orthogonalise
from autocnn.nn.optimizer import build_optimizer
from autocnn.space.config import Block, Dense, Optimizer, TrialConfig

SPEC = ImageSpec(shape=(8, 8, 1), n_classes=3, mean=(100.0,), std=(50.0,))
CONFIG = TrialConfig(
    blocks=(
        Block(filters=(4,), normalisation="batch"),
        Block(filters=(6,), normalisation="group", convolution="separable", residual=True),
    ),
    dense=(Dense(units=5, normalisation="layer"),),
)


def _orthogonal(matrix):
    return np.asarray(orthogonalise(keras.ops.convert_to_tensor(matrix, dtype="float32")))


def _singular_values(matrix):
    return np.linalg.svd(matrix, compute_uv=False)


def _five_steps(s):
    """The Newton-Schulz polynomial of a single singular value, five times."""
    for _ in range(5):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    return s


def _step(shape, gradient, *, rate=1.0, name="kernel"):
    """By how much one step from zero moves a weight."""
    weight = keras.Variable(np.zeros(shape, np.float32), name=name)
    optimizer = Muon(rate)
    optimizer.build([weight])
    optimizer.apply([np.asarray(gradient, np.float32).reshape(shape)], [weight])
    return np.asarray(weight)


@pytest.mark.parametrize("shape", [(27, 96), (96, 27), (864, 96), (9, 32), (10, 10)])
def test_singular_values_are_moved_near_one(shape):
    """Those of a random matrix are between 0.68 and 1.21 afterwards, wide or tall."""
    matrix = np.random.default_rng(0).normal(size=shape)
    values = _singular_values(_orthogonal(matrix))
    assert values.min() > 0.68
    assert values.max() < 1.21


def test_a_diagonal_matrix_follows_the_polynomial():
    """diag(3, -4) has the norm 5: its values 0.6 and -0.8 go through the polynomial five times."""
    # By hand, the first of the five: 3.4445 x 0.6 - 4.775 x 0.216 + 2.0315 x 0.07776 = 1.19327.
    expected = np.diag([_five_steps(0.6), -_five_steps(0.8)])
    np.testing.assert_allclose(_orthogonal(np.diag([3.0, -4.0])), expected, rtol=1e-4)


def test_directions_are_kept():
    """The result has the singular vectors of the matrix: U^T result V is diagonal."""
    matrix = np.random.default_rng(1).normal(size=(12, 5))
    u, _, vt = np.linalg.svd(matrix, full_matrices=False)
    turned = u.T @ _orthogonal(matrix) @ vt.T
    np.testing.assert_allclose(turned, np.diag(np.diag(turned)), atol=1e-4)


def test_a_gradient_of_zero_moves_nothing():
    """Zero divided by its norm is not NaN."""
    np.testing.assert_array_equal(_orthogonal(np.zeros((3, 4))), np.zeros((3, 4)))
    np.testing.assert_array_equal(_step((3, 3, 2, 4), np.zeros(72)), np.zeros((3, 3, 2, 4)))


@pytest.mark.parametrize("shape", [(2, 2), (1, 1, 2, 2)], ids=["dense", "convolution"])
def test_the_first_step_by_hand(shape):
    """At rate 0.5, diag(3, 4) moves by 0.5 x 0.2 x sqrt(2) x polynomial of 0.6 and 0.8."""
    moved = _step(shape, np.diag([3.0, 4.0]), rate=0.5).reshape(2, 2)
    expected = -0.5 * 0.2 * 2**0.5 * np.diag([_five_steps(0.6), _five_steps(0.8)])
    np.testing.assert_allclose(moved, expected, rtol=1e-4)


def test_filters_are_one_matrix_of_patches_by_outputs():
    """The step of a 3x3 kernel of 2 inputs and 4 outputs is that of its (18, 4) matrix."""
    gradient = np.random.default_rng(2).normal(size=(18, 4))
    moved = _step((3, 3, 2, 4), gradient).reshape(18, 4)
    np.testing.assert_allclose(moved, -0.2 * 18**0.5 * _orthogonal(gradient), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("shape", [(3, 3, 8, 16), (1, 1, 16, 4), (40, 10)])
def test_a_step_has_the_size_of_an_adamw_step(shape):
    """At rate 1 its root mean square is 0.2 times a mean of singular values near one."""
    moved = _step(shape, np.random.default_rng(3).normal(size=shape))
    assert 0.2 * 0.68 < np.sqrt(np.mean(moved**2)) < 0.2 * 1.21


def test_the_momentum_looks_ahead():
    """Gradients diag(1, 0), then diag(0, 1): the direction is diag(0.9025, 1.95)."""
    # Momentum 0.95 x diag(1, 0) + diag(0, 1); ahead diag(0, 1) + 0.95 x diag(0.95, 1).
    weight = keras.Variable(np.zeros((2, 2), np.float32), name="kernel")
    optimizer = Muon(1.0)
    optimizer.build([weight])
    for gradient in (np.diag([1.0, 0.0]), np.diag([0.0, 1.0])):
        before = np.array(weight)
        optimizer.apply([gradient.astype(np.float32)], [weight])
    expected = -0.2 * 2**0.5 * _orthogonal(np.diag([0.9025, 1.95]))
    np.testing.assert_allclose(np.asarray(weight) - before, expected, rtol=1e-3, atol=1e-5)


def test_kernels_of_hidden_layers_take_orthogonal_steps():
    """Depthwise filters, logits, biases and normalisation do not; pointwise filters do."""
    model = build_model(CONFIG, SPEC)
    names = {v.path: is_hidden_kernel(v) for v in model.trainable_variables}
    assert {path for path, is_chosen in names.items() if is_chosen} == {
        "block1_conv1/kernel",
        "block2_conv1/pointwise_kernel",
        "block2_bypass/kernel",
        "dense1/kernel",
    }
    assert {"block2_conv1/depthwise_kernel", "logits/kernel", "block1_conv1_norm/gamma"} < set(
        names
    )


def test_the_logits_step_as_with_adamw():
    """A first step of AdamW is the rate times the sign: 0.1 for each weight of the logits."""
    model = build_model(CONFIG, SPEC)
    optimizer = build_optimizer(TrialConfig(optimizer=Optimizer(name="muon", learning_rate=0.1)), 1)
    variables = model.trainable_variables
    optimizer.build(variables)
    before = [np.array(v) for v in variables]
    rng = np.random.default_rng(4)
    optimizer.apply([rng.normal(size=v.shape).astype(np.float32) for v in variables], variables)
    for variable, old in zip(variables, before, strict=True):
        moved = np.abs(np.asarray(variable) - old)
        is_sign = np.allclose(moved, 0.1, atol=1e-4)
        assert is_sign != is_hidden_kernel(variable), variable.path


@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_weights_that_are_left_out_follow_adamw_bit_for_bit(decay):
    """After three steps a bias, a gamma and a depthwise kernel equal those of Keras' AdamW."""
    shapes = {"bias": (4,), "gamma": (4,), "depthwise_kernel": (3, 3, 4, 1)}
    ends = []
    for kind in (Muon, keras.optimizers.AdamW):
        rng = np.random.default_rng(5)
        variables = [
            keras.Variable(rng.normal(size=shape).astype(np.float32), name=name)
            for name, shape in shapes.items()
        ]
        optimizer = kind(0.01, weight_decay=decay)
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        optimizer.build(variables)
        for _ in range(3):
            gradients = [rng.normal(size=v.shape).astype(np.float32) for v in variables]
            optimizer.apply(gradients, variables)
        ends.append([np.array(v) for v in variables])
    for ours, theirs in zip(*ends, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_hidden_kernel_has_no_velocity():
    """The state of a kernel is one momentum; that of a bias a momentum and a velocity."""
    variables = [
        keras.Variable(np.zeros(shape, np.float32), name=name)
        for name, shape in (("kernel", (3, 3, 2, 4)), ("bias", (4,)))
    ]
    optimizer = Muon(0.1)
    optimizer.build(variables)
    shapes = sorted(tuple(v.shape) for v in optimizer.variables)
    assert shapes == [(), (), (3, 3, 2, 4), (4,), (4,)]  # a count of steps and the rate first
