"""Records, results and test images for the tests of finals and plans."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from autocnn.data.dataset import Images
from autocnn.models.trained import TrainedModel
from autocnn.nn.model import ImageSpec
from autocnn.records.trial_record import TrialRecord
from autocnn.space.config import TrialConfig
from autocnn.trial import FailureCause, TrialResult, TrialState, epoch_of

CONFIG = TrialConfig(pixels="unit")
SPEC = ImageSpec(shape=(1, 1, 1), n_classes=3, mean=(0.0,), std=(1.0,))


@pytest.fixture
def make_result(make_result: Callable[..., TrialResult]) -> Callable[..., TrialResult]:
    """A function that makes a result from training losses; validation accuracy grows by 0.1."""

    def make(*losses: float, **changes: Any) -> TrialResult:
        scores = (0.1 * number for number in range(1, len(losses) + 1))
        fields: dict[str, Any] = {"losses": losses, "best_epoch": None, "seconds": 9.0}
        return make_result(*scores, **{**fields, **changes})

    return make


@pytest.fixture
def make_record(make_record: Callable[..., TrialRecord]) -> Callable[[TrialResult], TrialRecord]:
    """A function that makes a record of trial 5 with this result."""
    return lambda result: make_record(5, result=result, seed=77)


@pytest.fixture
def trained(make_record: Callable[..., TrialRecord]) -> Callable[..., TrialRecord]:
    """A function that makes the record of a repetition with this score; no score: it failed."""

    def make(number: int, name: str, repeat: int, score: float | None = None) -> TrialRecord:
        result = TrialResult(state=TrialState.FAILED, cause=FailureCause.DIVERGED)
        if score is not None:
            epoch = epoch_of(
                {
                    "train_loss": 1.0,
                    "train_accuracy": 0.5,
                    "val_loss": 1.0,
                    "val_accuracy": score,
                    "seconds": 2.0,
                }
            )
            result = TrialResult(
                state=TrialState.COMPLETE, curve=(epoch,), best_epoch=1, seconds=2.0
            )
        values = {"variant": name, "repeat": repeat}
        record = replace(make_record(result), number=number, values=values)
        return replace(record, state=result.state)

    return make


@pytest.fixture
def dark_or_bright() -> TrainedModel:
    """A model of one pixel: class 0 below 127.5, class 1 above it, class 2 never.

    Its logits are 0.5 - x, x - 0.5 and -9, of a pixel x from 0 to 1.
    """
    kernel = np.array([[-1.0, 1.0, 0.0]], np.float32)
    biases = np.array([0.5, -0.5, -9.0], np.float32)
    return TrainedModel(
        config=CONFIG, image=SPEC, class_names=("dark", "bright", "none"), weights=(kernel, biases)
    )


@pytest.fixture
def make_test() -> Callable[..., Images]:
    """A function that makes test images of one grey pixel, or of `side` pixels a side."""

    def make(pixels: list[int], labels: list[int], side: int = 1) -> Images:
        one = np.array(pixels, np.uint8).reshape(-1, 1, 1, 1)
        images = np.broadcast_to(one, (len(pixels), side, side, 1))
        return Images(images=images, labels=np.array(labels, np.int64))

    return make
