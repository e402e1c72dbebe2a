"""Records, proposals and a space that the tests of `autocnn.records` share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autocnn.records.paths import StudyPaths
from autocnn.records.record import TrialRecord
from autocnn.records.settings import StudySettings, settings_to_toml
from autocnn.space.config import Block, Dense, TrialConfig
from autocnn.space.parameters import Categorical, Fixed, Float, Int, OneOf
from autocnn.space.space import SearchSpace
from autocnn.trial import Epoch, Proposal, TrialResult, TrialState

CONFIG = TrialConfig(blocks=(Block(filters=(8, 16), pool="max"),), dense=(Dense(units=10),))


def _curve(scores: tuple[float, ...]) -> tuple[Epoch, ...]:
    return tuple(
        Epoch(
            train_loss=1.0 / (i + 1),
            train_accuracy=score / 2,
            val_loss=0.5 / (i + 1),
            val_accuracy=score,
            seconds=2.5 * (i + 1),
        )
        for i, score in enumerate(scores)
    )


@pytest.fixture
def make_result() -> Callable[..., TrialResult]:
    """A result from its scores, one an epoch; the best is the first largest."""

    def make(*scores: float, **changes: Any) -> TrialResult:
        fields: dict[str, Any] = {
            "state": TrialState.COMPLETE,
            "curve": _curve(scores),
            "best_epoch": scores.index(max(scores)) + 1 if scores else None,
            "seconds": 2.5 * len(scores),
            "cpu_seconds": 4.0 * len(scores),
            "precision": "float32",
        }
        return TrialResult(**{**fields, **changes})

    return make


@pytest.fixture
def make_record(make_result: Callable[..., TrialResult]) -> Callable[..., TrialRecord]:
    """A record with this number, state and scores; 100 parameters unless it is said."""

    def make(
        number: int, *scores: float, state: str = "complete", parameters: int = 100, **changes: Any
    ) -> TrialRecord:
        result = None if state == "running" else make_result(*scores, state=TrialState(state))
        fields: dict[str, Any] = {
            "number": number,
            "state": TrialState(state),
            "origin": "tpe",
            "values": {"filters": 8, "rate": 0.25, "pool": "max", "seed_of_pool": True},
            "config": CONFIG,
            "seed": 1234,
            "parameters": parameters,
            "macs": 5000,
            "last_epoch": 12,
            "result": result,
        }
        return TrialRecord(**{**fields, **changes})

    return make


@pytest.fixture
def make_proposal() -> Callable[..., Proposal]:
    """A proposal with this number."""

    def make(number: int, **changes: Any) -> Proposal:
        fields: dict[str, Any] = {
            "number": number,
            "values": {"filters": 8, "rate": 0.1, "pool": "max"},
            "config": CONFIG,
            "origin": "recipe:small",
            "seed": 4_000_000_000,
            "parameters": 1290,
            "macs": 88_000,
            "last_epoch": 12,
        }
        return Proposal(**{**fields, **changes})

    return make


@pytest.fixture
def space() -> SearchSpace:
    """One parameter of every kind; `rate` is active where the pool is max."""
    return SearchSpace(
        name="test",
        parameters={
            "filters": Int(low=8, high=64, step=8),
            "pool": Categorical(choices=("max", "average")),
            "rate": Float(low=0.0, high=0.5, when={"pool": OneOf(("max",))}),
            "side": Categorical(choices=(3, 5)),
            "decay": Categorical(choices=(0, 0.5)),
            "flip": Categorical(choices=(False, True)),
            "mixed": Categorical(choices=("none", 2, False)),
            "kernel": Fixed(value=3),
        },
    )


@pytest.fixture
def settings() -> StudySettings:
    """The settings of a study called digits-1."""
    return StudySettings(study="digits-1", trials=3, created="2026-11-22T10:00:00+00:00")


@pytest.fixture
def paths(tmp_path: Path, settings: StudySettings) -> StudyPaths:
    """The folder of that study, with its study.toml."""
    paths = StudyPaths(tmp_path / settings.study)
    paths.root.mkdir()
    paths.study_toml.write_text(settings_to_toml(settings))
    return paths
