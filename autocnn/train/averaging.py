"""Averaged weights: what a training is judged by, and what it ships.

While the learning rate is high, the weights of a single step score two to three points below their
average over the last part of an epoch; at the end of a schedule both are alike (decision 0050).
The average is exponential, its memory is a share of the schedule, and statistics of normalisation
are averaged as well. Source: Polyak and Juditsky 1992; Izmailov et al., arXiv:1803.05407.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from autocnn.train.folds import Networks

MEMORY = 0.03  # of the steps of the schedule

Arrays = Sequence[npt.NDArray[Any]]


class Average:
    """An exponential average of the weights of one network, corrected for its beginning."""

    def __init__(self, memory: float) -> None:
        """`memory` is in steps."""
        self._memory = memory
        self._mass = 0.0  # of all weights so far, in the sum that is divided by it
        self.values: list[npt.NDArray[Any]] = []

    def add(self, weights: Arrays, n_steps: int) -> None:
        """Take in the weights after so many further steps."""
        share = 1 - math.exp(-n_steps / self._memory)
        self._mass += (1 - self._mass) * share
        if not self.values:
            self.values = [np.array(array) for array in weights]
        for old, new in zip(self.values, weights, strict=True):
            old += (share / self._mass * (new - old)).astype(old.dtype)

    def state(self) -> list[npt.NDArray[Any]]:
        """What `restore` takes; empty before the first steps."""
        return [np.array(self._mass), *self.values] if self.values else []

    def restore(self, state: Arrays) -> None:
        """Go on from a state."""
        self._mass = float(state[0]) if len(state) else 0.0
        self.values = [np.array(array) for array in state[1:]]


class Averages:
    """The averages of all folds of a training."""

    def __init__(self, networks: Networks, n_folds: int, n_steps: int) -> None:
        """`n_steps` are those of the whole schedule."""
        self._networks = networks
        self._averages = [Average(MEMORY * n_steps) for _ in range(n_folds)]

    def add(self, number: int, n_steps: int) -> None:
        """Take in the weights of fold `number`, from 1, which are in the model."""
        self._averages[number - 1].add(self._networks.model.get_weights(), n_steps)

    @contextmanager
    def in_model(self, number: int) -> Iterator[None]:
        """Put the average of fold `number` into the model; at the end it has its own weights."""
        values = self._averages[number - 1].values
        if not values:
            yield
            return
        model = self._networks.model
        own = model.get_weights()
        model.set_weights(values)
        try:
            yield
        finally:
            model.set_weights(own)

    def first(self) -> list[npt.NDArray[Any]]:
        """A copy of the average of the first fold, whose weights are in the model."""
        values = self._averages[0].values or self._networks.model.get_weights()
        return [np.array(array) for array in values]

    def states(self) -> tuple[Arrays, ...]:
        """The states of all folds."""
        return tuple(average.state() for average in self._averages)

    def restore(self, states: Sequence[Arrays]) -> None:
        """Go on from the states of all folds; without them, from the next steps."""
        for average, state in zip(self._averages, states, strict=False):
            average.restore(state)
