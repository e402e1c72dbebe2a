"""The trial whose configuration a longer refit trains: the one that can be expected to gain most.

A network that knows its training images much better than others gains little from more epochs: it
learns the rest of them by heart. One that misses as many of both still learns what they have in
common, often because its images are augmented.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from autocnn.objectives import Objective, Standing, can_win, rank_key
from autocnn.records.trial_record import TrialRecord
from autocnn.trial import Proposal, TrialResult

GAP_WEIGHT = 0.5  # of the training accuracy's lead beyond FREE_LEAD, that is taken off a score
FREE_LEAD = 0.1  # that a network has which learns well: leads of a few points differ by chance
BY_HEART = 0.75  # accuracy on training images, augmented as they are, from which they are known ...
FAR = 0.15  # ... by heart, if validation is less accurate by as much


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A trial that ended with a score."""

    standing: Standing
    result: TrialResult
    is_varied: bool = False  # its training images are augmented by more than mirror images


def candidate_of(trial: TrialRecord | Proposal, result: TrialResult) -> Candidate:
    """The candidate of a trial that ended with `result`."""
    standing = Standing(
        number=trial.number,
        state=result.state,
        score=result.score,
        val_loss=result.val_loss,
        parameters=trial.parameters,
    )
    varied = trial.config.augmentation.varies
    return Candidate(standing=standing, result=result, is_varied=varied)


def choose_for_refit(candidates: Iterable[Candidate], objective: Objective) -> Candidate | None:
    """The candidate that a longer refit is made of; None if none can win.

    It has the best score less GAP_WEIGHT times the lead of its training accuracy beyond FREE_LEAD.
    The best rank decides of a loss, and if trials are ranked by size.
    """
    ranked = [each for each in candidates if can_win(objective, each.standing)]
    ranked.sort(key=lambda each: rank_key(objective, each.standing))
    by_rank = objective.smallest_from is not None or not objective.is_fraction
    if not ranked or by_rank:
        return ranked[0] if ranked else None
    return max(ranked, key=_expected)  # the best ranked of equals


def _expected(candidate: Candidate) -> float:
    score = candidate.standing.score
    assert score is not None
    return score - GAP_WEIGHT * max(0.0, training_lead(candidate.result) - FREE_LEAD)


def training_lead(result: TrialResult) -> float:
    """How much more accurate the best epoch is on its training images, augmented as they are."""
    if result.best_epoch is None:
        return 0.0
    epoch = result.curve[result.best_epoch - 1]
    return max(0.0, epoch.train_accuracy - epoch.val_accuracy)


def knows_by_heart(result: TrialResult, *, is_varied: bool = False) -> bool:
    """True if the network of the best epoch knows its training images, and others much less.

    Images that are varied in each epoch cannot be learned so.
    """
    if result.best_epoch is None or is_varied:
        return False
    epoch = result.curve[result.best_epoch - 1]
    return epoch.train_accuracy >= BY_HEART and training_lead(result) >= FAR
