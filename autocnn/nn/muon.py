"""Muon for the kernels of hidden layers, AdamW for all other weights.

The Muon of Keras orthogonalises matrices only: the kernels of dense layers, the logits included.
The filters of a convolution stay under AdamW there, and the logits are the one layer for which its
authors advise against Muon. Here a filter bank is the matrix (height * width * inputs, outputs).

Sources: https://kellerjordan.github.io/posts/muon/ for the rule, the coefficients and the choice of
the weights; arXiv:2502.16982 for the scale of a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

MOMENTUM = 0.95
NEWTON_SCHULZ_STEPS = 5
COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of s, s^3 and s^5; the slope at zero is steep
SMALLEST_NORM = 1e-7  # added to a norm, so that a gradient of zero stays zero
STEP_RMS = 0.2  # root mean square of a step at rate 1, about that of AdamW
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7  # of AdamW, as in Keras

HIDDEN_KERNELS = ("kernel", "pointwise_kernel")  # a depthwise kernel mixes no channels
OUTPUT_LAYER = "logits"


class Muon(keras.optimizers.Optimizer):
    """Momentum with orthogonal steps for hidden kernels, AdamW for the rest; decay is decoupled."""

    def __init__(self, learning_rate: Any, weight_decay: float | None = None) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, name="muon")

    def build(self, variables: Sequence[Any]) -> None:
        """Create a momentum for each variable, and a velocity for each that follows AdamW."""
        super().build(variables)
        self.momentums = self.add_optimizer_variables(variables, "momentum")
        self.velocities = [
            None if is_hidden_kernel(v) else self.add_variable_from_reference(v, "velocity")
            for v in variables
        ]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Take one step of one variable, by the rule of its kind."""
        i = self._get_variable_index(variable)
        rate = ops.cast(learning_rate, variable.dtype)
        gradient = ops.cast(gradient, variable.dtype)
        if self.velocities[i] is None:
            self._orthogonal_step(gradient, variable, rate, self.momentums[i])
        else:
            self._adamw_step(gradient, variable, rate, i)

    def _orthogonal_step(self, gradient: Any, variable: Any, rate: Any, momentum: Any) -> None:
        self.assign(momentum, momentum * MOMENTUM + gradient)
        ahead = ops.reshape(gradient + momentum * MOMENTUM, (-1, variable.shape[-1]))
        step = orthogonalise(ahead) * (STEP_RMS * max(ahead.shape) ** 0.5)
        self.assign_sub(variable, rate * ops.reshape(step, variable.shape))

    def _adamw_step(self, gradient: Any, variable: Any, rate: Any, i: int) -> None:
        mean, square = self.momentums[i], self.velocities[i]
        n = ops.cast(self.iterations + 1, variable.dtype)
        rate = rate * ops.sqrt(1 - ops.power(BETA_2, n)) / (1 - ops.power(BETA_1, n))
        self.assign_add(mean, (gradient - mean) * (1 - BETA_1))
        self.assign_add(square, (ops.square(gradient) - square) * (1 - BETA_2))
        self.assign_sub(variable, mean * rate / (ops.sqrt(square) + EPSILON))


def is_hidden_kernel(variable: Any) -> bool:
    """True for the kernel of a dense layer or a convolution that is not the output layer."""
    layer, _, name = variable.path.rpartition("/")
    return name in HIDDEN_KERNELS and layer.rpartition("/")[2] != OUTPUT_LAYER


def orthogonalise(matrix: Any) -> Any:
    """`matrix` with its singular values moved to between 0.68 and 1.21, by Newton-Schulz.

    Singular values below about a thousandth of the norm move part of the way; zeros stay zeros.

    Shape of matrix and result: (rows, columns).
    """
    linear, cubic, quintic = COEFFICIENTS
    is_tall = matrix.shape[0] > matrix.shape[1]
    x = ops.transpose(matrix) if is_tall else matrix
    x = x / (ops.sqrt(ops.sum(ops.square(x))) + SMALLEST_NORM)
    for _ in range(NEWTON_SCHULZ_STEPS):
        products = ops.matmul(x, ops.transpose(x))
        polynomial = cubic * products + quintic * ops.matmul(products, products)
        x = linear * x + ops.matmul(polynomial, x)
    return ops.transpose(x) if is_tall else x
