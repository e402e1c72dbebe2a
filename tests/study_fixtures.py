"""Records, proposals, a space and a study's folder, for the tests of records and leaderboards."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from autocnn.records.settings_file import settings_to_toml
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.records.trial_record import TrialRecord
from autocnn.space.parameters import Categorical, Fixed, Float, Int, OneOf
from autocnn.space.space import SearchSpace
from autocnn.trial import Proposal


@pytest.fixture
def make_record(make_record: Callable[..., TrialRecord]) -> Callable[..., TrialRecord]:
    """A function that makes a record with number, scores and state; 100 parameters by default."""
    values = {"filters": 8, "rate": 0.25, "pool": "max", "seed_of_pool": True}
    return partial(make_record, values=values, parameters=100)


@pytest.fixture
def make_proposal(make_proposal: Callable[..., Proposal]) -> Callable[..., Proposal]:
    """A proposal with this number: from a recipe, with a seed that needs more than 31 bits."""
    values = {"filters": 8, "rate": 0.1, "pool": "max"}
    return partial(make_proposal, values=values, origin="recipe:small", seed=4_000_000_000)


@pytest.fixture
def space() -> SearchSpace:
    """A space with one parameter of every kind; `rate` is active if the pool is max."""
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


def copy_study(source: Path, target: Path, day: str) -> None:
    """Copy a study of 2026-11-22 as one that was created on another day, such as 2026-11-23."""
    shutil.copytree(source, target)
    for path in (target / "study.toml", target / "journal.log"):
        path.write_text(path.read_text().replace("2026-11-22T", f"{day}T"))
