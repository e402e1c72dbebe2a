"""The seam between a study and whatever proposes its configurations.

An engine reads the record and never writes to it: `autocnn.records.trial_log` does that, and
`autocnn.study.proposals` joins the two. tests/engines/test_no_writes.py holds every module of this
room to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial

from autocnn.objectives import ACCURACY, Objective
from autocnn.space.plan import Planned
from autocnn.trial import Wait

FIRST_LOOK = 0  # the epoch of a score from within the first epoch


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSetup:
    """What an engine must know besides the space."""

    image_shape: tuple[int, int, int]  # height, width, channels
    n_classes: int
    horizon: int  # epochs of the longest trial
    seed: int
    proposer: str  # the name of the sampler, or of Keras Tuner's tuner
    pruner: str
    objective: Objective = ACCURACY  # of the reported scores
    costs: tuple[str, ...] = ()  # of a network, that are goals besides the score
    class_sizes: tuple[int, ...] = ()  # validation images by class; empty: scores count as exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A trial as an engine proposes it, before it has a number and is known to be feasible."""

    source: BaseSampler | Planned  # draws the values of the space; or the one training of a plan
    last_epoch: int  # epochs to be trained at most, those of the parent included
    first_epoch: int = 0  # epochs that the parent has trained
    parent: int | None = None  # the trial whose training goes on
    notes: Mapping[str, Any] = field(default_factory=dict)  # to be written with the trial


class Engine(Protocol):
    """Proposes trials and learns from their scores; no method writes to the record."""

    def propose(self, left: FrozenTrial | None = None) -> Draft | Wait | None:
        """The next trial, or `left`, which an interrupted run left behind, once more.

        Returns: Wait if other trials must end first; None if nothing is left to be trained, or if
        `left` is to be left alone.
        """
        ...

    def learn(self, number: int, score: float | None) -> Mapping[str, Any]:
        """Learn how a trial ended; None: without any score.

        Returns: notes to be written with the trial, from which the engine can be built again.
        """
        ...

    def should_prune(self, trial: FrozenTrial, epoch: int) -> bool:
        """True if `trial` is not worth more epochs than `epoch`, whose score it has.

        `trial` is as it is on record: the engine reads the others only where it needs them.

        The pruners of Optuna keep the rungs that a trial has come to in its system attributes, and
        write them here: that is Optuna's own record.
        """
        ...

    def continuable(self) -> frozenset[int]:
        """The trials that may be continued, here or by a later trial: their checkpoints stay."""
        ...
