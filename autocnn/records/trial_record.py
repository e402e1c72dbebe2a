"""`TrialRecord`: one trial of a study, from its proposal to its result."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from autocnn.space.config import TrialConfig
from autocnn.space.parameters import Value
from autocnn.trial import FailureCause, Proposal, TrialResult, TrialState


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRecord:
    """One trial, from its proposal to what became of it."""

    number: int
    state: TrialState
    origin: str
    values: Mapping[str, Value]  # by parameter name, active parameters only
    config: TrialConfig
    seed: int
    parameters: int
    macs: int  # multiply-accumulates of one image's forward pass
    last_epoch: int  # epochs to be trained at most, those of the parent included
    first_epoch: int = 0  # epochs that the parent has trained already
    parent: int | None = None  # the trial whose training went on
    promoted_from: int | None = None  # the trial whose configuration has a longer schedule here
    result: TrialResult | None = None  # None: still running, or its process died
    started: datetime | None = None  # UTC
    finished: datetime | None = None  # UTC

    @property
    def score(self) -> float | None:
        """The score of the best epoch, or None if no epoch is on record."""
        return None if self.result is None else self.result.score

    @property
    def val_loss(self) -> float | None:
        """The validation cross-entropy of the best epoch, or None if no epoch is on record."""
        return None if self.result is None else self.result.val_loss

    @property
    def best_epoch(self) -> int | None:
        """The epoch with the score; 1 is the first."""
        return None if self.result is None else self.result.best_epoch

    @property
    def epochs(self) -> int:
        """Epochs on record."""
        return 0 if self.result is None else self.result.epochs

    @property
    def trained_config(self) -> TrialConfig:
        """The configuration as it was trained: with smaller batches where memory was too small."""
        smaller = None if self.result is None else self.result.batch_size
        return self.config if smaller is None else replace(self.config, batch_size=smaller)

    @property
    def duration(self) -> float | None:
        """Wall seconds of training, or None where there is no result."""
        return None if self.result is None else self.result.seconds

    @property
    def proposal(self) -> Proposal:
        """What an engine wanted to see trained."""
        names = (f.name for f in dataclasses.fields(Proposal))
        return Proposal(**{name: getattr(self, name) for name in names})

    @property
    def cause(self) -> FailureCause | None:
        """Why the trial failed, where that is known."""
        return None if self.result is None else self.result.cause


def record_of(
    proposal: Proposal,
    state: TrialState,
    result: TrialResult | None,
    started: datetime | None,
    finished: datetime | None,
) -> TrialRecord:
    """The record of a trial: its proposal and what became of it; times in UTC."""
    fields = {f.name: getattr(proposal, f.name) for f in dataclasses.fields(Proposal)}
    return TrialRecord(**fields, state=state, result=result, started=started, finished=finished)
