"""What a converted file keeps of the network's answers, and how fast it is on this machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autocnn.models.file_report import Agreement

if TYPE_CHECKING:  # imports Keras
    from autocnn.models.predictor import Pixels, Predictor, Probabilities

WARM_UP = 5  # calls that are not timed: the first ones make room and compile
TIMED = 50


def agreement(network: Probabilities, file: Probabilities, labels: NDArray[np.int64]) -> Agreement:
    """Compare answers for the images with these labels; shapes (n, classes) twice, and (n,)."""
    ours, theirs = network.argmax(axis=1), file.argmax(axis=1)
    return Agreement(
        n=len(labels),
        equal=float(np.mean(ours == theirs)),
        accuracy=float(np.mean(theirs == labels)),
        network_accuracy=float(np.mean(ours == labels)),
    )


def latency(
    predict: Predictor, image: Pixels, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Seconds that one call with one image takes: the median of TIMED calls.

    Input shape: (1, height, width, channels).
    """
    seconds = []
    for _ in range(WARM_UP + TIMED):
        start = clock()
        predict(image)
        seconds.append(clock() - start)
    return statistics.median(seconds[WARM_UP:])


def even_positions(n: int, most: int) -> NDArray[np.int64]:
    """At most `most` positions of `n`, spread evenly, for images may be ordered by class."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(np.int64))
