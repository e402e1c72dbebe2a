"""The seam between the study and whatever proposes configurations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from autocnn.trial import Proposal, TrialResult, Wait


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSetup:
    """What an engine must know besides the space."""

    image_shape: tuple[int, int, int]
    n_classes: int
    horizon: int  # epochs of the longest trial
    seed: int
    proposer: str  # the name of the sampler, or of Keras Tuner's tuner
    pruner: str
    n_validation: int | None = None  # images behind a score; None: scores are taken as exact


class Engine(Protocol):
    """Proposes configurations and learns from their scores."""

    def ask(
        self, stops: Callable[[], bool] = ..., limit: int | None = ...
    ) -> Proposal | Wait | None:
        """The next configuration; Wait: other trials must report first; None: nothing is left.

        A draw may take seconds, and many may be infeasible: Wait is also the answer where `stops`
        says True, and where the study has begun `limit` trials already.
        """
        ...

    def first_look(self, number: int, score: float) -> bool:
        """Tell a score from within the first epoch; True: prune this trial now."""
        ...

    def report(self, number: int, epoch: int, score: float) -> bool:
        """Tell the score of one epoch (1 is the first); True: prune this trial now."""
        ...

    def tell(self, number: int, result: TrialResult) -> None:
        """Tell how a trial ended."""
        ...

    def leave(self, number: int, result: TrialResult | None) -> None:
        """Note how far a trial came, and keep it running on record, to be continued later."""
        ...

    def holds(self, number: int) -> bool:
        """True where no other process has taken the trial over."""
        ...

    def keep(self) -> frozenset[int]:
        """Say, often, that this process is alive; the trials of it that another took over."""
        ...

    def runs_elsewhere(self) -> bool:
        """True where another process is training a trial of the study."""
        ...

    def continuable(self) -> frozenset[int]:
        """The trials that may be continued, here or by a later proposal: their checkpoints stay."""
        ...
