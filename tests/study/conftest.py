"""Proposals, results and tiny data for the tests of `autocnn.study`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from autocnn.data.dataset import Images
from autocnn.data.prepared import PreparedData, prepare_images
from autocnn.space.config import Block, EarlyStopping, Optimizer, TrialConfig
from autocnn.trial import Epoch, Proposal, TrialResult, TrialState

CONFIG = TrialConfig(
    blocks=(Block(filters=(2,)),),
    head="global_max",
    batch_size=16,
    optimizer=Optimizer(name="adam", learning_rate=0.02),
    early_stopping=EarlyStopping(enabled=False),
)


@pytest.fixture(scope="session")
def data() -> PreparedData:
    """60 noisy images of 8x8 in two classes, dark and bright: 54 train, 6 validate."""
    rng = np.random.default_rng(0)
    labels = np.arange(60, dtype=np.int64) % 2
    pixels = rng.integers(0, 156, (60, 8, 8, 1)) + 100 * labels[:, None, None, None]
    images = Images(images=pixels.astype(np.uint8), labels=labels)
    return prepare_images("tiny", ("dark", "bright"), images)


@pytest.fixture(scope="session")
def config() -> TrialConfig:
    """One convolution of two filters."""
    return CONFIG


@pytest.fixture
def make_proposal() -> Callable[[int], Proposal]:
    """A proposal with this number; its seed is ten times that."""

    def make(number: int) -> Proposal:
        return Proposal(
            number=number,
            values={},
            config=replace(CONFIG, batch_size=16 + number),  # no trial is another's duplicate
            origin="tpe",
            seed=10 * number,
            parameters=100,
            macs=1000,
            last_epoch=3,
        )

    return make


@pytest.fixture
def make_result() -> Callable[..., TrialResult]:
    """A result from its scores, one every 10 s; the best is the first largest."""

    def make(*scores: float, **changes: Any) -> TrialResult:
        curve = tuple(
            Epoch(
                train_loss=1.0,
                train_accuracy=0.5,
                val_loss=1.0,
                val_accuracy=score,
                seconds=10.0 * epoch,
            )
            for epoch, score in enumerate(scores, start=1)
        )
        fields: dict[str, Any] = {
            "state": TrialState.COMPLETE,
            "curve": curve,
            "best_epoch": scores.index(max(scores)) + 1 if scores else None,
            "seconds": 10.0 * len(scores),
        }
        return TrialResult(**{**fields, **changes})

    return make
