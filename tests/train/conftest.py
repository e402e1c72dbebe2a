"""Jobs and a scripted stepper for the tests of `autocnn.train`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autocnn.space.config import Block, TrialConfig
from autocnn.train import assembly as preparation
from autocnn.train import averaging, trainer
from autocnn.train.stepper import Evaluation, Sums, TrainingParts
from autocnn.trial import Device, Epoch, TrialJob


@pytest.fixture
def device() -> Device:
    """The device TensorFlow on the CPU, in float32."""
    return Device(backend="tensorflow", kind="cpu", names=("CPU",), bfloat16=False, reason="")


@pytest.fixture
def make_job(tmp_path: Path, config: TrialConfig) -> Callable[..., TrialJob]:
    """A function that makes a job: by default three epochs, a network of three filters."""
    block = Block(filters=(3,), normalisation="batch", dropout=0.1)

    def make(**changes: Any) -> TrialJob:
        fields: dict[str, Any] = {
            "number": 0,
            "config": replace(config, blocks=(block,)),
            "seed": 7,
            "horizon": 3,
            "last_epoch": 3,
            "precision": "float32",
            "folder": tmp_path / "trial",
        }
        return TrialJob(**{**fields, **changes})

    return make


@pytest.fixture
def make_hooks() -> Callable[..., trainer.Hooks]:
    """A function that makes hooks, which by default neither prune nor interrupt."""

    def make(
        report: Callable[[int, Epoch], bool] = lambda number, epoch: False,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> trainer.Hooks:
        return trainer.Hooks(report=report, interrupted=interrupted)

    return make


class ScriptedStepper:
    """Trains nothing: validation is scripted, and every weight becomes the number of the call.

    `correct` holds the hits among the validation images, `losses` the loss, one an epoch.
    """

    def __init__(self, correct: list[float], losses: list[float] | None = None) -> None:
        self.correct, self.losses = correct, losses or [1.0] * len(correct)
        self.parts: Any = None
        self.trained: list[tuple[Any, Any, Any]] = []  # indices, draws, rates of every call
        self.validated: list[tuple[Any, Any]] = []  # indices, weights of every call

    def build(self, parts: TrainingParts, device: Device) -> ScriptedStepper:
        """Return itself in place of `build_stepper`."""
        self.parts = parts
        return self

    def train(self, indices: Any, draws: Any, rates: Any) -> Sums:
        """Record the arguments and set the weights."""
        self.trained.append((indices, draws, rates))
        weights = self.parts.model.get_weights()
        self.parts.model.set_weights([np.full_like(w, len(self.trained)) for w in weights])
        return Sums(0.5 * indices.size, 0.25 * indices.size)

    def evaluate(self, indices: Any, weights: Any) -> Evaluation:
        """The next scripted loss, and its hits and misses, all on images of class 0."""
        self.validated.append((indices, weights))
        i = len(self.validated) - 1
        hits, n = int(self.correct[i]), int(np.sum(weights))
        return Evaluation(self.losses[i], np.array([[hits, n - hits], [0, 0]]))


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ScriptedStepper]:
    """A function that makes trainings use a stepper with this validation, epoch by epoch.

    Averages have no memory, so that the weights of an epoch are those that its last step has set.
    """
    monkeypatch.setattr(averaging, "MEMORY", 1e-9)

    def install(correct: list[float], losses: list[float] | None = None) -> ScriptedStepper:
        stepper = ScriptedStepper(correct, losses)
        monkeypatch.setattr(preparation, "build_stepper", stepper.build)
        return stepper

    return install
