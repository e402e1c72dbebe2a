"""The parts of airbench94 (arXiv:2404.00498) that a search space cannot express.

The layers are planned in `autocnn.space.layers`, like those of any network. This file has their
initial weights, the choice of those that are trained, and the optimizer with its groups and its
lookahead. It differs from the published code in three points: the moving statistics of
normalisation take no part in the lookahead, the schedule starts at zero and falls to zero, and
epochs are whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from autocnn.space.layers import WHITENING
from autocnn.space.seeds import derive_seed

WHITENED_IMAGES = 5000  # at most, whose patches determine the whitening layer
WHITENING_EPSILON = 5e-4  # added to the variances, so that no filter becomes huge
SHIFT_RATE = 64.0  # times the learning rate, for the shifts of normalisation
WHITENING_BIAS_SHARE = 3 / 9.9  # of the training, after which the whitening bias is frozen
LOOKAHEAD_EVERY = 5  # steps between two updates of the slow weights
LOOKAHEAD_DECAY = 0.95  # of the slow weights, a step, at the end; grows with the cube of the time


def whitening_sample(n: int) -> npt.NDArray[np.int64]:
    """Positions of the training images, `n` of them, whose patches are whitened.

    They are spread over all positions, because the user's own images are ordered by class.
    """
    return np.linspace(0, n - 1, min(n, WHITENED_IMAGES)).astype(np.int64)


def initialise(
    model: keras.Model, images: npt.NDArray[np.uint8], mean: Any, std: Any, seed: int
) -> None:
    """Set the first weights of `model`: a whitening layer, which is not trained, and identities.

    Shapes: images (n, height, width, channels), those of `whitening_sample`; mean and std
    (channels,).
    """
    first = model.get_layer(WHITENING)
    patches = (images.astype(np.float32) - np.asarray(mean)) / np.asarray(std)
    first.kernel.assign(whitening_filters(patches.astype(np.float32)))
    first.kernel.trainable = False
    for i, layer in enumerate(model.layers):
        rng = np.random.default_rng(derive_seed(seed, i, "airbench94"))
        if isinstance(layer, keras.layers.Conv2D):
            if layer is not first:
                layer.kernel.assign(dirac_kernel(rng, layer.kernel.shape))
            else:
                layer.bias.assign(_uniform(rng, layer.bias.shape, layer.kernel.shape))
        elif isinstance(layer, keras.layers.Dense):
            layer.kernel.assign(_uniform(rng, layer.kernel.shape, layer.kernel.shape))


def whitening_filters(images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Filters that make 2 x 2 patches uncorrelated and of variance one, then their negatives.

    Shapes: images (n, height, width, channels), scaled; result (2, 2, channels, 8 * channels).
    """
    channels = images.shape[-1]
    windows = np.lib.stride_tricks.sliding_window_view(images, (2, 2), axis=(1, 2))
    patches = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, 4 * channels)
    covariance = patches.T @ patches / len(patches)  # about zero, not the mean, as published
    variances, directions = np.linalg.eigh(covariance.astype(np.float64))
    filters = (directions / np.sqrt(variances + WHITENING_EPSILON))[:, ::-1]
    both = np.concatenate([filters, -filters], axis=1).astype(np.float32)
    return both.reshape(2, 2, channels, 8 * channels)


def dirac_kernel(rng: np.random.Generator, shape: Sequence[int]) -> npt.NDArray[np.float32]:
    """A kernel of `shape` (height, width, in, out) whose first filters copy their channel."""
    height, width, channels, filters = shape
    kernel = _uniform(rng, shape, shape)
    same = min(channels, filters)
    kernel[:, :, :, :same] = 0
    kernel[height // 2, width // 2, range(same), range(same)] = 1
    return kernel


def _uniform(
    rng: np.random.Generator, shape: Sequence[int], kernel: Sequence[int]
) -> npt.NDArray[np.float32]:
    """PyTorch's default weights: uniform within 1 / sqrt(inputs of a unit) of zero."""
    limit = 1 / np.sqrt(np.prod(kernel[:-1]))
    return rng.uniform(-limit, limit, tuple(shape)).astype(np.float32)


class GroupedNesterov(keras.optimizers.Optimizer):
    """Nesterov's SGD with faster shifts, a bias that freezes, decay in the momentum, lookahead.

    `n_steps` is the length of the training: the bias freezes at a share of it, and the lookahead
    changes with it.
    """

    def __init__(
        self, learning_rate: Any, momentum: float, weight_decay: float, n_steps: int
    ) -> None:
        super().__init__(learning_rate, name="grouped_nesterov")
        self.momentum, self.decay = momentum, weight_decay
        self.n_steps = n_steps

    def build(self, variables: Sequence[Any]) -> None:
        """Create the velocities, and the slow weights of the lookahead as copies of the weights."""
        super().build(variables)
        self.factors = [SHIFT_RATE if v.path.endswith("/beta") else 1.0 for v in variables]
        self.freezes = [v.path.startswith(f"{WHITENING}/") for v in variables]
        self.velocities = self.add_optimizer_variables(variables, "velocity")
        self.slow = self.add_optimizer_variables(variables, "slow")
        for slow, variable in zip(self.slow, variables, strict=True):
            slow.assign(variable)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Take one step of one variable, at the rate and decay of its group."""
        i = self._get_variable_index(variable)
        rate = self.factors[i] * ops.cast(learning_rate, variable.dtype)
        momentum: Any = self.momentum
        if self.freezes[i]:
            share = ops.cast(self.iterations, variable.dtype) / self.n_steps
            moves = ops.cast(share < WHITENING_BIAS_SHARE, variable.dtype)
            rate, momentum = moves * rate, moves * momentum
        step = rate * (gradient + variable * (self.decay / self.factors[i]))
        velocity = self.velocities[i] * momentum - step
        self.assign(self.velocities[i], velocity)
        self.assign_add(variable, momentum * velocity - step)

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        """Take one step of all variables; every few steps they are mixed with the slow weights."""
        super().apply(grads, trainable_variables)
        share = ops.cast(self.iterations, "float32") / self.n_steps
        is_due = ops.equal(ops.mod(self.iterations, LOOKAHEAD_EVERY), 0)
        looks = ops.logical_or(is_due, ops.greater_equal(share, 1.0))
        # If the last step is not due, the weights become the slow ones, unmixed.
        kept = ops.where(is_due, LOOKAHEAD_DECAY**LOOKAHEAD_EVERY * share**3, 1.0)
        for slow, variable in zip(self.slow, self._trainable_variables, strict=True):
            mixed = slow * kept + variable * (1.0 - kept)
            slow.assign(mixed)
            variable.assign(ops.where(looks, mixed, ops.convert_to_tensor(variable)))
