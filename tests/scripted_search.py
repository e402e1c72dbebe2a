"""A scripted executor for whole searches on small images, and such images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scripted import ScriptedExecutor, Training

from autocnn.nn.model import ImageSpec, build_model
from autocnn.nn.weights import save_weights
from autocnn.trial import Epoch, TrialJob, TrialResult, TrialState

N_CLASSES = 3


class Scripted(ScriptedExecutor):
    """Trial n has the score 0.5 + n / 10, and random weights."""

    def __init__(self) -> None:
        super().__init__()
        self.before_job: Callable[[TrialJob], None] = lambda job: None
        self.n_classes = N_CLASSES

    def train(self, job: TrialJob) -> Training:
        """Report every epoch, then save the weights."""
        self.before_job(job)
        score = 0.5 + job.number / 10
        curve = tuple(
            Epoch(
                train_loss=1 / number,
                train_accuracy=score,
                val_loss=1.0,
                val_accuracy=score,
                seconds=float(number),
                score=score,
            )
            for number in range(1, job.last_epoch + 1)
        )
        for number, epoch in enumerate(curve, start=1):
            yield number, epoch
            if self.cancelled:
                return TrialResult(state=TrialState.STOPPED)
        job.folder.mkdir(parents=True, exist_ok=True)
        spec = ImageSpec(shape=(8, 8, 1), n_classes=self.n_classes, mean=(128.0,), std=(64.0,))
        model = build_model(job.config, spec, seed=job.seed)
        save_weights(job.folder / "best.npz", model.get_weights())
        return TrialResult(
            state=TrialState.COMPLETE,
            curve=curve,
            best_epoch=job.last_epoch if job.fit_on == "train" else None,
            precision=job.precision,
        )


def shaded(n: int) -> tuple[NDArray[np.uint8], NDArray[np.str_]]:
    """`n` noisy images of 8x8 in three classes, which differ in brightness, and their labels."""
    rng = np.random.default_rng(0)
    codes = np.arange(n) % N_CLASSES
    images = rng.integers(0, 60, (n, 8, 8)) + 90 * codes[:, None, None]
    return images.astype(np.uint8), np.array(["dark", "grey", "light"])[codes]
