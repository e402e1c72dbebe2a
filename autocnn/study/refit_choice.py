"""The trial whose configuration a longer refit trains: the best one, or a tied one that can learn.

A network that has learned its training images by heart gains nothing from more epochs, while one
whose score is as good within chance, and which still misses many of them, does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autocnn.objectives import Objective, Standing, can_win, rank_key
from autocnn.records.trial_record import TrialRecord
from autocnn.trial import Proposal, TrialResult, TrialState

BY_HEART = 0.9  # accuracy on training images, augmented as they are, from which they are known ...
FAR = 0.15  # ... by heart, if validation is less accurate by as much
TIED_ERRORS = 2.0  # standard errors of the best score, within which others are tied with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A trial that ended with a score."""

    standing: Standing
    result: TrialResult


def candidate_of(trial: TrialRecord | Proposal, result: TrialResult) -> Candidate:
    """The candidate of a trial that ended with `result`."""
    standing = Standing(
        number=trial.number,
        state=result.state,
        score=result.score,
        val_loss=result.val_loss,
        parameters=trial.parameters,
    )
    return Candidate(standing=standing, result=result)


def choose_for_refit(
    candidates: Iterable[Candidate], objective: Objective, class_sizes: Sequence[int]
) -> Candidate | None:
    """The candidate that a longer refit is made of; None if none can win.

    `class_sizes` are the validation images by class. The best candidate is chosen unless it has
    learned its images by heart: then the best of those tied with it that have not.
    """
    ranked = [each for each in candidates if can_win(objective, each.standing)]
    ranked.sort(key=lambda each: rank_key(objective, each.standing))
    if not ranked or not knows_by_heart(ranked[0].result):
        return ranked[0] if ranked else None
    best = ranked[0].standing.score
    assert best is not None
    most = TIED_ERRORS * objective.error(best, class_sizes)
    for each in ranked:
        score = each.standing.score
        assert score is not None
        is_tied = objective.advantage(best, score) <= most
        is_whole = each.result.state is TrialState.COMPLETE
        if is_tied and is_whole and not knows_by_heart(each.result):
            return each
    return ranked[0]


def knows_by_heart(result: TrialResult) -> bool:
    """True if the network of the best epoch knows its training images, and others much less."""
    if result.best_epoch is None:
        return False
    epoch = result.curve[result.best_epoch - 1]
    return epoch.train_accuracy >= BY_HEART and epoch.train_accuracy - epoch.val_accuracy >= FAR
