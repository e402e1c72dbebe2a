"""Trained networks for the tests of `autocnn.exports`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from autocnn.data.value_range import ValueRange
from autocnn.models.contract import ModelContract
from autocnn.models.trained import TrainedModel
from autocnn.nn.model import ImageSpec, build_model
from autocnn.space.config import Block, Dense, TrialConfig

SPEC = ImageSpec(shape=(8, 8, 3), n_classes=4, mean=(100.0, 50.0, 0.0), std=(50.0, 25.0, 1.0))
CONTRACT = ModelContract(
    class_names=("a", "b", "c", "d"),
    image_shape=(8, 8, 3),
    value_range=ValueRange("integers", 4095),
    dataset="letters",
    study="letters-1",
    trial=7,
    autocnn="0.1.0",
)
CONFIGS = {
    "standardize": TrialConfig(
        blocks=(
            Block(filters=(4, 6), normalisation="batch", pool="max", dropout=0.2),
            Block(filters=(6,), normalisation="group", dropout=0.2, dropout_kind="spatial"),
        ),
        head="global_max",
        dense=(Dense(units=5, normalisation="layer", activation="gelu"),),
    ),
    "unit": TrialConfig(
        blocks=(Block(filters=(3,), kernel=2, stride=2, padding="valid", activation="leaky_relu"),),
        pixels="unit",
    ),
}


@pytest.fixture(params=CONFIGS)
def config(request: pytest.FixtureRequest) -> TrialConfig:
    """Each of two configurations that together have most kinds of layers."""
    return CONFIGS[request.param]


@pytest.fixture
def make_model() -> Callable[..., TrainedModel]:
    """A function that makes a trained network of 8x8 images, without any default weight."""

    def make(config: TrialConfig = CONFIGS["unit"], seed: int = 3) -> TrainedModel:
        rng = np.random.default_rng(seed)
        initial = build_model(config, SPEC, seed=seed).get_weights()
        weights = tuple(w if w.ndim > 1 else rng.uniform(0.1, 0.6, w.shape) for w in initial)
        return TrainedModel(
            config=config, image=SPEC, class_names=CONTRACT.class_names, weights=weights
        )

    return make
