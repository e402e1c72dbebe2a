"""What a tracker receives, and what it is asked for with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from autocnn.trial import Epoch, Proposal, TrialResult


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerSettings:
    """The trackers of one run of a search; they are no part of a study, and no file has them."""

    tensorboard: str | None = None  # a folder
    mlflow: str | None = None  # URI of a server or a database, which may have a password


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochTrained:
    """An epoch of a trial; a number that came before replaces it, and all that followed."""

    proposal: Proposal
    number: int  # 1 is the first
    epoch: Epoch
    time_s: float  # since 1970


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialEnded:
    """A trial that has been put on record; all its epochs came before."""

    proposal: Proposal
    result: TrialResult
    time_s: float  # since 1970


Event = EpochTrained | TrialEnded


class Tracker(Protocol):
    """Keeps what a search measures, in a process of its own.

    Every method raises RecordError if the tracker's place cannot be written or reached.
    """

    def epoch(self, event: EpochTrained) -> None:
        """Keep the measurements of an epoch."""
        ...

    def trial_ended(self, event: TrialEnded) -> None:
        """Keep how a trial ended."""
        ...

    def close(self) -> None:
        """Keep all that is not kept yet; a trial that has not ended is under way no more."""
        ...


def epoch_scalars(epoch: Epoch) -> dict[str, float]:
    """The measurements of an epoch by the names that all trackers use."""
    return {
        "train/loss": epoch.train_loss,
        "train/accuracy": epoch.train_accuracy,
        "validation/loss": epoch.val_loss,
        "validation/accuracy": epoch.val_accuracy,
        "validation/score": epoch.score,
    }


def trial_scalars(event: TrialEnded) -> Iterator[tuple[str, float]]:
    """The measurements of a whole trial; a trial without an epoch has no score."""
    proposal, result = event.proposal, event.result
    if result.score is not None:
        yield "trial/score", result.score
    yield "trial/epochs", result.epochs
    yield "trial/seconds", result.seconds
    yield "trial/parameters", proposal.parameters
    yield "trial/macs", proposal.macs
