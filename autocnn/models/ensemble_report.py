"""What was measured of an ensemble of a study's networks. Keras is not imported."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from autocnn.models.contract import ModelContract, contract_to_json
from autocnn.models.file_report import FileReport
from autocnn.models.selection import CrossFit
from autocnn.objectives import Objective


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkScore:
    """A network on the validation images, with the views of the ensemble."""

    score: float  # of the study's objective
    accuracy: float
    loss: float  # mean cross-entropy


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleMember:
    """A trial whose network is in the ensemble."""

    trial: int
    weight: float
    alone: NetworkScore
    parameters: int
    macs: int  # of one image, without the views


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleOutcome:
    """An ensemble, and what was measured of it."""

    study: str
    objective: Objective
    members: tuple[EnsembleMember, ...]  # the largest weight first
    candidates: int  # networks whose weights are kept
    n: int  # validation images
    best: EnsembleMember  # the network with the best score alone
    together: NetworkScore  # on the images by which the members were chosen
    without_views: NetworkScore | None  # the same members; None: there are no views
    cross_fit: CrossFit
    parameters: int
    macs: int  # of one image, all members and views
    views: str
    knows_mirrored: bool  # mirrored images had a part in the training of every member
    contract: ModelContract
    file: FileReport | None = None

    def as_json(self) -> dict[str, Any]:
        """The outcome as plain values, ready for JSON."""
        values = asdict(self)
        values["objective"] = self.objective.name
        values["contract"] = contract_to_json(self.contract)
        if self.file is not None:
            values["file"] = {**asdict(self.file), "path": str(self.file.path)}
        return values
