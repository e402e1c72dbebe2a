"""A study on disk that was not trained, for the tests of `autocnn.api`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from autocnn.leaderboard.file import record_bytes
from autocnn.leaderboard.table import build_leaderboard, write_leaderboard
from autocnn.nn.model import ImageSpec, build_model
from autocnn.nn.weights import save_weights
from autocnn.objectives import ACCURACY
from autocnn.records.facts import Facts
from autocnn.records.optuna_record import (
    create_study,
    read_records,
    silence_optuna,
    write_proposal,
    write_result,
    write_study_facts,
)
from autocnn.records.settings_file import settings_to_toml
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.space.toml import load_space
from autocnn.trial import Proposal, TrialResult, TrialState

SPACE = """description = "one small convolution"
[parameters]
blocks = 1
convolutions = 1
filters = { choices = [1, 2, 3, 4, 5, 6, 7, 8] }
learning_rate_scale = { low = 0.5, high = 2.0 }  # so no trial is another one's duplicate
head = "global_max"
dense_layers = 0
"""
SPEC = ImageSpec(shape=(8, 8, 1), n_classes=10, mean=(78.0,), std=(96.0,))


@pytest.fixture
def space_file(tmp_path: Path) -> Path:
    """A space of eight points: one convolution of one to eight filters."""
    path = tmp_path / "small.toml"
    path.write_text(SPACE)
    return path


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """The folder of all studies, which does not exist yet."""
    return tmp_path / "results"


@pytest.fixture
def write_study(
    results: Path,
    space_file: Path,
    facts: Facts,
    make_proposal: Callable[..., Proposal],
    make_result: Callable[..., TrialResult],
) -> Callable[[str | None], StudyPaths]:
    """A function that writes digits-1, whose record is in the given storage, if there is one.

    Trial 0 reached 0.5, trial 1 was pruned at 0.3, trial 2 reached 0.9. Trials 0 and 2 have their
    weights; there were no finals.
    """

    def write(storage: str | None) -> StudyPaths:
        silence_optuna()
        space = load_space(str(space_file))
        paths = StudyPaths(results / "digits-1")
        paths.root.mkdir(parents=True)
        settings = StudySettings(
            study="digits-1",
            space=str(space_file),
            trials=3,
            epochs=2,
            recipes=False,
            results=str(results),
            storage=storage,
            created="2026-11-22T10:00:00+00:00",
        )
        paths.study_toml.write_text(settings_to_toml(settings))
        paths.space_toml.write_text(space.text)
        record = create_study(paths, settings)
        images = {"image_shape": SPEC.shape, "class_names": tuple("0123456789")}
        write_study_facts(record, replace(facts, **images, mean=SPEC.mean, std=SPEC.std))
        results_by_trial = (
            make_result(0.4, 0.5),
            make_result(0.3, state=TrialState.PRUNED),
            make_result(0.9, 0.8),
        )
        for number, result in enumerate(results_by_trial):
            values = {"blocks": 1, "convolutions": 1, "filters": 4, "head": "global_max"}
            values["dense_layers"] = 0
            config = space.config(values)
            trial = record.ask()
            write_proposal(
                trial,
                make_proposal(
                    number, values=values, config=config, seed=number, parameters=90, macs=2344
                ),
            )
            write_result(trial, result)
            record.tell(trial, result.score)
            if result.state is TrialState.COMPLETE:
                paths.trial(number).mkdir(parents=True)
                model = build_model(config, SPEC, seed=number)
                save_weights(paths.trial(number) / "best.npz", model.get_weights())
        n_bytes = record_bytes(paths.journal)
        table = build_leaderboard(read_records(record), space, ACCURACY)
        write_leaderboard(paths.leaderboard, table, n_bytes)
        return paths

    return write


@pytest.fixture
def study(write_study: Callable[[str | None], StudyPaths]) -> StudyPaths:
    """digits-1 with a journal."""
    return write_study(None)


@pytest.fixture
def postgres_study(
    write_study: Callable[[str | None], StudyPaths], postgres_url: str
) -> StudyPaths:
    """digits-1 in PostgreSQL; the settings on disk have no password."""
    return write_study(postgres_url)
