"""`TrialRecord`: what is known of one trial, and its form in JSON."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from autocnn.space.config import TrialConfig, config_from_dict, config_to_dict
from autocnn.space.parameters import Value
from autocnn.trial import Epoch, FailureCause, Proposal, TrialResult, TrialState, epoch_of

CURVES = tuple(f.name for f in dataclasses.fields(Epoch))


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


def proposal_to_dict(proposal: Proposal) -> dict[str, Any]:
    """`proposal` as plain dictionaries and lists, ready for JSON."""
    return {
        "number": proposal.number,
        "origin": proposal.origin,
        "values": dict(proposal.values),
        "seed": proposal.seed,
        "parameters": proposal.parameters,
        "macs": proposal.macs,
        "first_epoch": proposal.first_epoch,
        "last_epoch": proposal.last_epoch,
        "parent": proposal.parent,
        "config": config_to_dict(proposal.config),
    }


def proposal_from_dict(data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a `Proposal`, and so of its `TrialRecord`, by name."""
    return {**data, "config": config_from_dict(data["config"])}


def result_to_dict(result: TrialResult) -> dict[str, Any]:
    """`result` ready for JSON: each curve as a list, NaN as None, infinities as strings."""
    data = {
        "state": str(result.state),
        "best_epoch": result.best_epoch,
        "seconds": result.seconds,
        "cpu_seconds": result.cpu_seconds,
        "precision": result.precision,
        "cause": None if result.cause is None else str(result.cause),
        "message": result.message,
        "attempts": result.attempts,
        "batch_size": result.batch_size,
        "duplicate_of": result.duplicate_of,
        "curve": {name: [getattr(epoch, name) for epoch in result.curve] for name in CURVES},
    }
    plain: dict[str, Any] = json_safe(data)
    return plain


def result_from_dict(data: Mapping[str, Any]) -> TrialResult:
    """The inverse of `result_to_dict`, exact to the last bit."""
    columns = {name: [_from_json(value) for value in data["curve"][name]] for name in data["curve"]}
    rows = zip(*columns.values(), strict=True)
    curve = (epoch_of(dict(zip(columns, row, strict=True))) for row in rows)
    cause = data["cause"]
    return TrialResult(
        state=TrialState(data["state"]),
        curve=tuple(curve),
        best_epoch=data["best_epoch"],
        seconds=_from_json(data["seconds"]),
        cpu_seconds=_from_json(data["cpu_seconds"]),
        precision=data["precision"],
        cause=None if cause is None else FailureCause(cause),
        message=data["message"],
        attempts=data["attempts"],
        batch_size=data["batch_size"],
        duplicate_of=data["duplicate_of"],
    )


def json_safe(value: Any) -> Any:
    """`value` with every NaN as None and every infinity as a string; tuples become lists."""
    if isinstance(value, Mapping):
        return {str(key): json_safe(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_safe(item) for item in value]
    if not isinstance(value, float):
        return value
    if math.isnan(value):
        return None
    return float(value) if math.isfinite(value) else str(float(value))


def _from_json(value: float | str | None) -> float:
    return math.nan if value is None else float(value)
