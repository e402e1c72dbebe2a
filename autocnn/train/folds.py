"""The networks of a trial: one for each fold, with its images, its seed and its state.

One model and one optimizer serve all folds: the variables of one fold at a time are in them, those
of the others wait as arrays on the device.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from autocnn.data.dataset import IndexedImages
from autocnn.data.prepared import PreparedData
from autocnn.space.seeds import derive_seed
from autocnn.train.checkpoint import State
from autocnn.trial import TrialJob


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """One network of a trial: the images that it trains on, those held out, and its seed.

    The indices of all folds follow each other in the arrays of `TrainingParts`; `train_at` and
    `held_at` are the positions at which this fold's begin.
    """

    number: int  # from 1
    seed: int  # of initial weights, shuffling, augmentation and dropout
    train: IndexedImages
    held: IndexedImages
    train_at: int
    held_at: int

    @property
    def n_train(self) -> int:
        """The number of images that are trained on."""
        return self.train.n

    @property
    def n_held(self) -> int:
        """The number of images that are held out."""
        return self.held.n


def find_folds(job: TrialJob, data: PreparedData) -> list[Fold]:
    """The folds that `job` trains; a refit has one, which trains on all images.

    The first fold has the job's seed, so that a job with one fold is a plain training.
    """
    if job.fit_on == "train":
        pairs = data.folds(job.folds)
    else:
        pairs = [(data.train_and_validation().indices, data.split.validation)]
    folds: list[Fold] = []
    train_at = held_at = 0
    for number, (train, held) in enumerate(pairs, start=1):
        fold = Fold(
            number=number,
            seed=job.seed if number == 1 else derive_seed(job.seed, number, "fold"),
            train=IndexedImages(source=data.images, indices=train),
            held=IndexedImages(source=data.images, indices=held),
            train_at=train_at,
            held_at=held_at,
        )
        folds.append(fold)
        train_at, held_at = train_at + fold.n_train, held_at + fold.n_held
    return folds


def all_indices(parts: Sequence[IndexedImages]) -> NDArray[np.int64]:
    """The indices of all `parts`, one after another."""
    return np.concatenate([part.indices for part in parts])


class Networks:
    """The variables of all folds, of which those of one fold are in the model and optimizer."""

    def __init__(self, model: Any, optimizer: Any, others: Sequence[State] = ()) -> None:
        """`others` are the states of the folds after the first one, which is in the model."""
        self.model, self.optimizer = model, optimizer
        self._states: list[State | None] = [None, *others]
        self._current = 0

    def switch_to(self, number: int) -> None:
        """Put the variables of fold `number`, from 1, into the model and the optimizer."""
        at = number - 1
        if at == self._current:
            return
        wanted = self._states[at]
        assert wanted is not None
        self._states[self._current] = capture(self.model, self.optimizer)
        restore(wanted, self.model, self.optimizer)
        self._states[at], self._current = None, at

    def states(self) -> tuple[State, ...]:
        """The states of all folds, the first one's first, as arrays of NumPy."""
        here = capture(self.model, self.optimizer)
        states = (here if state is None else state for state in self._states)
        return tuple(State(model=_host(s.model), optimizer=_host(s.optimizer)) for s in states)

    def restore(self, states: Sequence[State]) -> None:
        """Take over the states of all folds; the first one's variables are in the model then.

        Raises: ValueError if there are not as many as folds.
        """
        if len(states) != len(self._states):
            raise ValueError(f"{len(states)} states for {len(self._states)} folds")
        restore(states[0], self.model, self.optimizer)
        self._states, self._current = [None, *states[1:]], 0


def capture(model: Any, optimizer: Any) -> State:
    """A copy, on the device, of every variable of a Keras model and of its optimizer."""
    return State(
        model=[keras.ops.copy(variable) for variable in model.variables],
        optimizer=[keras.ops.copy(variable) for variable in optimizer.variables],
    )


def restore(state: State, model: Any, optimizer: Any) -> None:
    """Assign the variables of `state` to `model` and its optimizer, which must be built."""
    for variable, value in zip(model.variables, state.model, strict=True):
        variable.assign(value)
    for variable, value in zip(optimizer.variables, state.optimizer, strict=True):
        variable.assign(value)


def _host(arrays: Sequence[Any]) -> list[NDArray[Any]]:
    return [np.array(keras.ops.convert_to_numpy(array)) for array in arrays]
