"""Two finished studies of digits that no training made, with every file that a study can have."""

from __future__ import annotations

import math
from pathlib import Path

from scripted import ScriptedExecutor, Training

from autocnn.api.search_study import search
from autocnn.nn.model import ImageSpec, build_model
from autocnn.nn.weights import save_weights
from autocnn.records.study_settings import StudySettings
from autocnn.trial import Epoch, TrialJob, TrialResult, TrialState

SPACE = """description = "one small convolution"
[parameters]
blocks = 1
convolutions = 1
filters = { choices = [1, 2, 3, 4, 5, 6, 7, 8] }
kernel = { low = 1, high = 5, step = 2, when = { filters = { low = 2 } } }
learning_rate_scale = { low = 0.5, high = 2.0 }
head = "global_max"
dense_layers = 0
"""
SPEC = ImageSpec(shape=(8, 8, 1), n_classes=10, mean=(78.0,), std=(96.0,))
NAMES = ("alpha", "beta")


class SavingExecutor(ScriptedExecutor):
    """An executor that saves weights of the right shapes; the score grows with the number."""

    def train(self, job: TrialJob) -> Training:
        """Report every epoch, then save the weights."""
        validates = job.fit_on == "train"
        curve = []
        for number in range(1, job.last_epoch + 1):
            score = (0.5 + job.number / 20) * number / job.last_epoch if validates else math.nan
            curve.append(
                Epoch(
                    train_loss=1 / number if validates else 0.1,
                    train_accuracy=0.5,
                    val_loss=1.0,
                    val_accuracy=score,
                    seconds=0.5 * number,
                    score=score,
                )
            )
            yield number, curve[-1]
        job.folder.mkdir(parents=True, exist_ok=True)
        model = build_model(job.config, SPEC, seed=job.seed)
        save_weights(job.folder / "best.npz", model.get_weights())
        return TrialResult(
            state=TrialState.COMPLETE,
            curve=tuple(curve),
            best_epoch=job.last_epoch if validates else None,
            precision=job.precision,
        )


def make_studies(folder: Path) -> Path:
    """Make the studies below `folder`; return the folder of all studies."""
    space = folder / "small.toml"
    space.write_text(SPACE)
    results = folder / "results"
    for seed, name in enumerate(NAMES):
        settings = StudySettings(
            study=name,
            space=str(space),
            results=str(results),
            trials=3,
            epochs=2,
            pruner="none",
            recipes=False,
            folds=1,
            finals=2,
            seeds=1,
            seed=seed,
        )
        outcome = search(settings, open_executor=lambda setup: SavingExecutor())
        assert outcome.state == "finished", outcome
    return results
