"""The state of a training between two epochs, as one .npz file of plain arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from autocnn.errors import RecordError
from autocnn.files import write_atomic
from autocnn.input_files import open_input
from autocnn.nn.weights import save_weights
from autocnn.trial import CHECKPOINT_FILE, WEIGHTS_FILE, Epoch, epoch_of

Arrays = Sequence[npt.NDArray[Any]]

_CURVE, _SECONDS, _BATCH, _FOLDS = "curve", "seconds", "batch", "folds"
_AVERAGE = "average"
_STATE_GROUPS = ("model", "optimizer")
_GROUPS = (*_STATE_GROUPS, "best_weights")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The variables of one network and of its optimizer."""

    model: Sequence[Any]  # `model.variables`: weights, moving averages, states of the dropout seeds
    optimizer: Sequence[Any]  # `optimizer.variables`, the count of steps included


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The state of a training from which it continues as if it had never stopped."""

    model: Arrays  # of the first fold, as in `State`
    optimizer: Arrays
    best_weights: Arrays  # `model.get_weights()` of the best epoch, of the first fold
    curve: tuple[Epoch, ...]
    seconds: float = 0.0  # wall, of the trial so far, without its parent
    cpu_seconds: float = 0.0
    batch: int = 0  # images of a step; fewer than in the configuration if memory ran out
    others: tuple[State, ...] = ()  # of the folds after the first one
    averages: tuple[Arrays, ...] = ()  # of all folds, `Average.state()` of the weights

    @property
    def states(self) -> tuple[State, ...]:
        """The states of all folds, the first one's first."""
        return (State(model=self.model, optimizer=self.optimizer), *self.others)


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write `checkpoint`; the file appears whole or not at all.

    Raises: RecordError if it cannot be written.
    """
    arrays: dict[str, Any] = {
        f"{group}/{i}": array
        for group in _GROUPS
        for i, array in enumerate(getattr(checkpoint, group))
    }
    for number, state in enumerate(checkpoint.others, start=2):
        for group in _STATE_GROUPS:
            for i, array in enumerate(getattr(state, group)):
                arrays[f"{_fold_group(number, group)}/{i}"] = array
    for number, average in enumerate(checkpoint.averages, start=1):
        for i, array in enumerate(average):
            arrays[f"{_fold_group(number, _AVERAGE)}/{i}"] = array
    rows = [dataclasses.astuple(epoch) for epoch in checkpoint.curve]
    curve = np.array(rows, np.float64).reshape(len(rows), len(dataclasses.fields(Epoch)))
    arrays[_CURVE] = curve
    arrays[_SECONDS] = np.array([checkpoint.seconds, checkpoint.cpu_seconds])
    arrays[_BATCH] = np.array(checkpoint.batch)
    arrays[_FOLDS] = np.array(len(checkpoint.states))
    write_atomic(path, lambda file: np.savez(file, **arrays))


def load_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint that `save_checkpoint` wrote, exact to the last bit; it cannot run code.

    Raises: RecordError if the file is missing or damaged.
    """
    names = [field.name for field in dataclasses.fields(Epoch)]
    try:
        with open_input(path) as raw, np.load(raw, allow_pickle=False) as file:
            groups = {group: _group(file, group) for group in _GROUPS}
            rows = file[_CURVE].tolist()
            curve = tuple(epoch_of(dict(zip(names, row, strict=False))) for row in rows)
            seconds, cpu_seconds = file[_SECONDS].tolist()
            batch = int(file[_BATCH])
            n_folds = int(file[_FOLDS])
            others = tuple(_fold_state(file, n) for n in range(2, n_folds + 1))
            averages = [_group(file, _fold_group(n, _AVERAGE)) for n in range(1, n_folds + 1)]
    except Exception as error:  # zipfile, OSError, KeyError and ValueError, by the kind of damage
        raise RecordError(f"{path}: cannot read the checkpoint: {error}") from error
    return Checkpoint(
        curve=curve,
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        batch=batch,
        others=others,
        averages=tuple(averages) if any(averages) else (),
        **groups,
    )


def find_checkpoint(folder: Path) -> Checkpoint | None:
    """The checkpoint in a trial's folder, or None if there is none.

    Raises: RecordError if it cannot be read.
    """
    path = folder / CHECKPOINT_FILE
    return load_checkpoint(path) if path.is_file() else None


def save_best_weights(folder: Path) -> Checkpoint | None:
    """Make the best weights of a training that did not end the weights of its trial.

    Returns: the checkpoint in `folder` that holds them; None if there is none.
    Raises: RecordError if the checkpoint cannot be read, or the weights cannot be written.
    """
    checkpoint = find_checkpoint(folder)
    if checkpoint is None or not checkpoint.best_weights:
        return None
    save_weights(folder / WEIGHTS_FILE, checkpoint.best_weights)
    return checkpoint


def _group(file: Any, group: str) -> list[npt.NDArray[Any]]:
    n = sum(name.startswith(f"{group}/") for name in file.files)
    return [file[f"{group}/{i}"] for i in range(n)]


def _fold_state(file: Any, number: int) -> State:
    groups = {group: _group(file, _fold_group(number, group)) for group in _STATE_GROUPS}
    return State(**groups)


def _fold_group(number: int, group: str) -> str:
    return f"fold{number}/{group}"
