"""When a trial has stopped improving."""

from __future__ import annotations

from collections.abc import Sequence

from autocnn.space.config import EarlyStopping
from autocnn.trial import Epoch


def best_epoch(curve: Sequence[Epoch]) -> int | None:
    """The epoch (1 is the first) of the highest score; among equals, of the lowest loss.

    The loss decides because a small validation split often gives the same accuracy to many epochs.
    """
    if not curve:
        return None
    best = min(range(len(curve)), key=lambda i: (-curve[i].val_accuracy, curve[i].val_loss))
    return best + 1


def should_stop(scores: Sequence[float], rule: EarlyStopping) -> bool:
    """True once `scores` (one an epoch, larger is better) rose last `rule.patience` epochs ago.

    Only a rise of more than `rule.min_delta` above the best so far counts.
    """
    if not rule.enabled or not scores:
        return False
    best, at = scores[0], 0
    for i, score in enumerate(scores):
        if score > best + rule.min_delta:
            best, at = score, i
    return len(scores) - 1 - at >= rule.patience
