"""A search in Python whose trainings are scripted: nothing is trained, no process is started."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scripted import ScriptedExecutor, Training

from autocnn.executors import choose
from autocnn.nn.model import ImageSpec, build_model
from autocnn.nn.weights import save_weights
from autocnn.python.searching import search
from autocnn.python.studies import Study
from autocnn.trial import Epoch, TrialJob, TrialResult, TrialState

SPACE = """description = "one small convolution"
[parameters]
blocks = 1
convolutions = 1
filters = { choices = [1, 2, 3, 4, 5, 6, 7, 8] }
learning_rate_scale = { low = 0.5, high = 2.0 }
head = "global_max"
dense_layers = 0
"""
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


@pytest.fixture
def executor(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """The scripted executor, in place of the processes of this machine."""
    made = Scripted()
    monkeypatch.setitem(choose.EXECUTORS, "local", lambda setup: made)
    return made


@pytest.fixture
def arrays() -> tuple[NDArray[np.uint8], NDArray[np.str_]]:
    """90 noisy images of 8x8 in three classes, which differ in brightness."""
    rng = np.random.default_rng(0)
    codes = np.arange(90) % N_CLASSES
    images = rng.integers(0, 60, (90, 8, 8)) + 90 * codes[:, None, None]
    return images.astype(np.uint8), np.array(["dark", "grey", "light"])[codes]


@pytest.fixture
def few(tmp_path: Path) -> dict[str, Any]:
    """Settings of a search of two short trials in a folder of its own."""
    space = tmp_path / "small.toml"
    space.write_text(SPACE)
    return {
        "space": space,
        "results": tmp_path / "results",
        "trials": 2,
        "epochs": 2,
        "folds": 1,
        "pruner": "none",
        "recipes": False,
        "finals": 1,
        "progress": False,
    }


@pytest.fixture
def study(
    executor: Scripted, arrays: tuple[NDArray[np.uint8], NDArray[np.str_]], few: dict[str, Any]
) -> Study:
    """A finished study "shades" of the arrays."""
    return search(*arrays, **few, study="shades")
