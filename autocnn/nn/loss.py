"""The losses, from logits, in float32."""

from __future__ import annotations

from typing import Any

from keras import ops

from autocnn.space.config import Loss


def sample_losses(loss: Loss, labels: Any, logits: Any) -> Any:
    """The loss of every sample.

    Shapes: labels (n,), integers; logits (n, classes); result (n,), float32.
    Source: focal loss of arXiv:1708.02002, -(1 - p)^gamma log p.
    """
    logits = ops.cast(logits, "float32")
    n_classes = logits.shape[-1]
    log_p = ops.log_softmax(logits, axis=-1)
    target = ops.one_hot(labels, n_classes, dtype="float32")
    if loss.name == "focal":
        log_true = ops.sum(target * log_p, axis=-1)
        # Never 0: there the power of a gamma < 1 has an infinite gradient. Sure networks get there.
        missing = ops.maximum(1.0 - ops.exp(log_true), 1e-7)
        return -ops.power(missing, loss.focal_gamma) * log_true
    smooth = loss.label_smoothing
    target = target * (1.0 - smooth) + smooth / n_classes
    return -ops.sum(target * log_p, axis=-1)
