"""The losses of a training, computed from logits in float32."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from keras import ops

from autocnn.nn.run_time import LossValues
from autocnn.space.config import Loss


def sample_losses(
    loss: Loss | LossValues, labels: Any, logits: Any, class_weights: Sequence[float] | None = None
) -> Any:
    """The loss of every sample, times the weight of its class if there are weights.

    Shapes: labels (n,), integers; logits (n, classes); class_weights (classes,); result (n,),
    float32.
    Source: focal loss of arXiv:1708.02002, -(1 - p)^gamma log p.
    """
    losses = _plain_losses(loss, labels, ops.cast(logits, "float32"))
    if class_weights is None:
        return losses
    return losses * ops.take(ops.convert_to_tensor(class_weights, "float32"), labels, axis=0)


def balanced_weights(labels: npt.NDArray[np.int64], n_classes: int) -> tuple[float, ...]:
    """Class weights that make all classes count alike.

    Their mean over `labels` (n,) is 1; a class without a label has weight 0.

    Source: scikit-learn's class_weight="balanced", n / (classes * count).
    """
    counts = np.bincount(labels, minlength=n_classes)
    present = int(np.count_nonzero(counts))
    return tuple(len(labels) / (present * count) if count else 0.0 for count in counts.tolist())


def _plain_losses(loss: Loss | LossValues, labels: Any, logits: Any) -> Any:
    n_classes = logits.shape[-1]
    log_p = ops.log_softmax(logits, axis=-1)
    target = ops.one_hot(labels, n_classes, dtype="float32")
    if loss.name == "focal":
        log_true = ops.sum(target * log_p, axis=-1)
        # At 0, which confident networks reach, the power of a gamma < 1 has an infinite gradient.
        missing = ops.maximum(1.0 - ops.exp(log_true), 1e-7)
        return -ops.power(missing, loss.focal_gamma) * log_true
    smooth = loss.label_smoothing
    target = target * (1.0 - smooth) + smooth / n_classes
    return -ops.sum(target * log_p, axis=-1)
