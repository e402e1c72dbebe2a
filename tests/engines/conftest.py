"""A small space, and studies on disk for the tests of `autocnn.engines`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest

from autocnn.engines.optuna_engine import OptunaEngine
from autocnn.engines.protocol import EngineSetup
from autocnn.records.optuna_record import create_study
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.records.trial_log import TrialLog
from autocnn.space.parameters import Between, Categorical, Fixed, Float, Int
from autocnn.space.space import SearchSpace
from autocnn.study.proposals import Proposals


@pytest.fixture
def space() -> SearchSpace:
    """A space with one parameter of every kind; the units depend on the number of layers."""
    return SearchSpace(
        name="test",
        parameters={
            "dense_layers": Int(low=0, high=2),
            "dense_units": Int(low=4, high=64, log=True, when={"dense_layers": Between(low=1)}),
            "optimizer": Categorical(choices=("sgd", "adam", "lion")),
            "learning_rate_scale": Float(low=0.1, high=4.0, log=True),
            "dense_dropout": Float(low=0.0, high=0.4, step=0.2, when={"dense_layers": Between(2)}),
            "flip": Categorical(choices=(False, True)),
            "batch_size": Fixed(value=32),
        },
    )


@pytest.fixture
def paths(tmp_path: Path) -> StudyPaths:
    """The folder of a study called test."""
    paths = StudyPaths(tmp_path / "test")
    paths.root.mkdir()
    return paths


@pytest.fixture
def study(paths: StudyPaths) -> optuna.Study:
    """A new study called test."""
    return create_study(paths, StudySettings(study="test"))


@pytest.fixture
def make_trials(space: SearchSpace) -> Callable[..., Proposals]:
    """Optuna's engine and a log, for 8x8x1 images in 10 classes, 12 epochs and no pruner.

    Keyword arguments replace fields of the engine's setup.
    """

    def make(study: optuna.Study, space: SearchSpace = space, **changes: Any) -> Proposals:
        fields: dict[str, Any] = {
            "image_shape": (8, 8, 1),
            "n_classes": 10,
            "horizon": 12,
            "seed": 0,
            "proposer": "tpe",
            "pruner": "none",
        }
        setup = EngineSetup(**{**fields, **changes})
        engine = OptunaEngine(study, space, setup)
        return Proposals(engine=engine, log=TrialLog(study), study=study, space=space, setup=setup)

    return make
