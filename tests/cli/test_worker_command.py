"""`autocnn worker`: a study that it cannot join is refused in one line."""

from __future__ import annotations

import pytest

from autocnn.records.optuna_record import create_study
from autocnn.records.settings_file import settings_to_toml
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.records.trusted import remember_named


@pytest.fixture
def results(tmp_path):
    """A folder with one study, called a, whose record is in its folder."""
    folder = tmp_path / "r" / "a"
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text(settings_to_toml(StudySettings(study="a")))
    return folder.parent


def change(results, **changes):
    """Replace settings of study a."""
    settings = StudySettings(study="a", created="2026-01-01T00:00:00+00:00", **changes)
    (results / "a" / "study.toml").write_text(settings_to_toml(settings))
    if settings.storage is not None:
        remember_named(settings.storage)
    return settings


def test_a_study_with_a_journal_cannot_be_joined(autocnn, results):
    """Only one process writes a journal; the line has the command for a shared study."""
    done = autocnn("worker", "--results", results)
    assert (done.code, done.out) == (2, "")
    assert "study a keeps its record in its own folder" in done.err
    assert "--storage sqlite:///FILE" in done.err
    assert done.err.count("\n") == 1


def test_an_oracle_of_keras_tuner_cannot_be_shared(autocnn, results, tmp_path):
    """An oracle is in the memory of one process."""
    change(results, engine="keras-tuner", storage=f"sqlite:///{tmp_path}/s.db")
    done = autocnn("worker", "--results", results, "--study", "a")
    assert (done.code, done.out) == (2, "")
    assert "Keras Tuner, whose oracle lives in one process" in done.err
    assert done.err.count("\n") == 1


def test_a_study_that_is_being_created_is_refused(autocnn, results, tmp_path):
    """The horizon of such a study is not on record yet."""
    settings = change(results, storage=f"sqlite:///{tmp_path}/s.db")
    (results / "a" / "space.toml").write_text("[parameters]\nblocks = 1\n")
    create_study(StudyPaths(results / "a"), settings)
    done = autocnn("worker", "--results", results, "--study", "a")
    assert (done.code, done.out) == (1, "")
    assert "just being started" in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--workers", "0", "--workers must be 1 to 1024, got 0"),
        ("--gpus", "first, second", "--gpus must be GPU numbers such as 0,1, got 'first, second'"),
        ("--workers-per-gpu", "-1", "must be auto or a whole number such as 2, got '-1'"),
        ("--workers-per-gpu", "2000", "--workers-per-gpu must be auto, or 1 to 1024, got 2000"),
    ],
)
@pytest.mark.parametrize("command", ["search", "worker"])
def test_wrong_numbers_of_workers_are_refused(autocnn, results, command, option, value, expected):
    """The error is one line with the name of the option."""
    done = autocnn(command, "--results", results, option, value)
    assert (done.code, done.out) == (2, "")
    assert expected in done.err


def test_an_unknown_study_lists_the_existing_ones(autocnn, results):
    """The error lists the existing studies."""
    done = autocnn("worker", "--results", results, "--study", "b")
    assert (done.code, done.out) == (1, "")
    assert done.err.endswith("known: a\n")
