"""The frozen data that all rooms exchange: proposals, jobs, results and their states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from autocnn.space.config import TrialConfig
from autocnn.space.parameters import Value
from autocnn.states import FailureCause as FailureCause
from autocnn.states import TrialState as TrialState

RECIPE_ORIGIN = "recipe:"  # begins the origin of a trial that is a recipe; its name follows
PROMOTED_ORIGIN = "promoted:"  # begins that of a promoted trial; the other trial's number follows
WARM_ORIGIN = "warm:"  # of a trial that an earlier study had; STUDY/NUMBER follows
WEIGHTS_FILE = "best.npz"  # in a trial's folder: the weights of its best epoch
CHECKPOINT_FILE = "checkpoint.npz"  # the state of a training that may go on


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """The device on which trainings run."""

    backend: str  # "tensorflow" or "jax"
    kind: str  # "cpu" or "gpu"
    names: tuple[str, ...]
    bfloat16: bool  # the hardware multiplies bfloat16
    reason: str  # for or against bfloat16, for `autocnn info`
    versions: tuple[str, ...] = ()  # of Keras and its backend

    def choose_precision(self, wanted: str) -> str:
        """The precision for `wanted`: for "auto" bfloat16 if the hardware multiplies it."""
        if wanted != "auto":
            return wanted
        return "bfloat16" if self.bfloat16 else "float32"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A configuration that an engine proposes to train."""

    number: int
    values: Mapping[str, Value]  # by parameter name, active parameters only
    config: TrialConfig  # the configuration that the values describe
    # RECIPE_ORIGIN or WARM_ORIGIN and a name, "enqueued" (by another program), the sampler's name
    origin: str
    seed: int  # of the training: initial weights, shuffling, augmentation, dropout
    parameters: int
    macs: int  # multiply-accumulates of one image's forward pass
    last_epoch: int  # epochs to be trained at most, those of the parent included
    first_epoch: int = 0  # epochs that the parent has trained already
    parent: int | None = None  # the trial whose training goes on
    promoted_from: int | None = None  # the trial whose configuration has a longer schedule here

    def schedule_epochs(self, horizon: int) -> int:
        """The epochs of the schedule: `horizon`, the study's, unless the trial is promoted."""
        return horizon if self.promoted_from is None else self.last_epoch


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """A configuration that is trained once more, from the start, with a longer schedule."""

    of: int  # the trial that had it first
    epochs: int  # of the longer schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """An engine's answer when other trials must report first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialJob:
    """One training, ready to be sent to a worker process."""

    number: int
    config: TrialConfig
    seed: int
    horizon: int  # epochs over which the schedule runs
    last_epoch: int  # epochs trained at most, those continued from included; <= horizon
    precision: str  # "float32" or "bfloat16"
    folder: Path  # best weights and the log go here
    time_limit_s: float | None = None
    pace_limit_s: float | None = None  # predicted time above which the trial is pruned; None: never
    first_look: float = 0.0  # fraction of the first epoch after which epoch 0 is reported; 0: never
    first_epoch: int = 0  # epochs that were trained by the trial that this one continues
    continue_from: Path | None = None  # its checkpoint; without the file, from the start
    keeps_checkpoint: bool = False  # at the end, for a trial that continues this one
    class_weights: bool = False  # True: in the loss, all classes count alike
    measures_latency: bool = False  # before the training
    max_latency_ms: float | None = None  # of one image; a slower network is not trained
    objective: str = "accuracy"  # the name of what early stopping and the best epoch go by
    folds: int = 1  # networks that are trained side by side, each without other images
    fit_on: str = "train"  # or "train+validation", for a refit: nothing is validated
    alone: bool = False  # True: while no other job of the executor has memory on its GPU

    @property
    def root(self) -> Path:
        """The folder of the study, which no writer of the job makes again if it is gone."""
        return self.folder.parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One point of a learning curve, measured at the end of one epoch."""

    train_loss: float
    train_accuracy: float  # under augmentation and dropout, averaged over the epoch
    val_loss: float  # plain cross-entropy, whatever the training loss; NaN in a refit
    val_accuracy: float  # NaN in a refit
    seconds: float  # wall, since the trial's start, all folds together
    score: float  # of the study's objective on the validation split; NaN in a refit


def epoch_of(fields: Mapping[str, float]) -> Epoch:
    """The epoch with these fields; one from before objectives existed is scored by its accuracy."""
    return Epoch(**{"score": fields["val_accuracy"], **fields})


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """What one training gave."""

    state: TrialState
    curve: tuple[Epoch, ...] = ()
    best_epoch: int | None = None  # 1 is the first
    seconds: float = 0.0  # wall
    cpu_seconds: float = 0.0
    precision: str = ""
    cause: FailureCause | None = None  # of a failure, or of the crash that stopped the trial
    message: str = ""
    attempts: int = 1
    batch_size: int | None = None  # a smaller one than the configuration's, if memory was too small
    duplicate_of: int | None = None  # the trial whose result was taken over
    latency_ms: float | None = None  # wall, in which one image is classified; None: not measured
    # Wall seconds of training on one image in the first epoch; None: it had one call only
    image_seconds: float | None = None

    @property
    def score(self) -> float | None:
        """The score of the best epoch, or None if no epoch was finished."""
        return None if self.best_epoch is None else self.curve[self.best_epoch - 1].score

    @property
    def val_loss(self) -> float | None:
        """The validation cross-entropy of the best epoch, or None if no epoch was finished."""
        return None if self.best_epoch is None else self.curve[self.best_epoch - 1].val_loss

    @property
    def epochs(self) -> int:
        """Epochs that were trained to their end, those of a parent included."""
        return len(self.curve)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A trial that is being trained."""

    proposal: Proposal
    curve: tuple[Epoch, ...] = ()


END_PHASES = (
    "finished",
    "interrupted",  # by Ctrl-C or SIGTERM
    "failed",  # without a network
    "left",  # by a process that joined: the study may go on elsewhere
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A snapshot of a running study, to be shown."""

    phase: str  # "starting", "searching", "finals", "refitting", "testing" or one of END_PHASES
    counts: Mapping[TrialState, int]  # finished trials by state
    horizon: int = 0
    best: tuple[int, float] | None = None  # trial and score
    running: tuple[Running, ...] = ()  # one a busy worker
    curve: tuple[Epoch, ...] = ()  # of the refit
    seconds_left: float | None = None  # of the budget; None: no budget

    @property
    def done(self) -> int:
        """Trials that ended with a score: complete and stopped ones."""
        return self.counts.get(TrialState.COMPLETE, 0) + self.counts.get(TrialState.STOPPED, 0)


class Listener(Protocol):
    """Receives every event of a study."""

    def progress(self, progress: Progress) -> None:
        """Receive a snapshot, after every event and several times a second."""
        ...

    def trial_finished(self, proposal: Proposal, result: TrialResult) -> None:
        """Receive a trial that has been put on record."""
        ...

    def message(self, text: str) -> None:
        """Receive a line of text for display."""
        ...


@dataclass(slots=True)
class Relay:
    """A listener that passes every event on to `listener`; a class of it may do more."""

    listener: Listener

    def progress(self, progress: Progress) -> None:
        """Pass it on."""
        self.listener.progress(progress)

    def trial_finished(self, proposal: Proposal, result: TrialResult) -> None:
        """Pass it on."""
        self.listener.trial_finished(proposal, result)

    def message(self, text: str) -> None:
        """Pass it on."""
        self.listener.message(text)
