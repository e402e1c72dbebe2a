"""The best epoch of a learning curve, and the rule that ends a training without improvement."""

from __future__ import annotations

from collections.abc import Sequence

from autocnn.objectives import Objective, score_key
from autocnn.space.config import EarlyStopping
from autocnn.trial import Epoch


def best_epoch(curve: Sequence[Epoch], objective: Objective) -> int | None:
    """The epoch (1 is the first) of the best score, or None for an empty curve.

    Equal scores are ordered by the validation loss, because a small validation split often gives
    the same accuracy to many epochs; the first of epochs that are equal in both is taken.
    """
    if not curve:
        return None
    keys = [score_key(objective, epoch.score, epoch.val_loss) for epoch in curve]
    return keys.index(min(keys)) + 1


def should_stop(scores: Sequence[float], rule: EarlyStopping, objective: Objective) -> bool:
    """True once `scores` (one an epoch) improved last `rule.patience` epochs ago.

    An epoch improves if its score is better than the best so far by more than `rule.min_delta`.
    """
    if not rule.enabled or not scores:
        return False
    margin = rule.min_delta if objective.maximize else -rule.min_delta
    best, at = scores[0], 0
    for i, score in enumerate(scores):
        if objective.is_better(score, best + margin):
            best, at = score, i
    return len(scores) - 1 - at >= rule.patience
