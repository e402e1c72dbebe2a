"""Weights that come to the search's machine through the database."""

from __future__ import annotations

import optuna
import pytest

from autocnn.errors import RecordError
from autocnn.records import shared_weights
from autocnn.records.database import open_database
from autocnn.records.optuna_private import storage_of
from autocnn.records.shared_weights import drop_weights, fetch_weights, put_weights
from autocnn.records.study_folder import StudyPaths

CONTENT = bytes(range(256)) * 10


@pytest.fixture
def study(tmp_path):
    """A study in SQLite."""
    storage = open_database(f"sqlite:///{tmp_path}/studies.db")
    return optuna.create_study(study_name="far", storage=storage)


@pytest.fixture
def there(tmp_path):
    """The folder of another machine, which has the weights of trial 3."""
    paths = StudyPaths(tmp_path / "there")
    paths.trial(3).mkdir(parents=True)
    paths.weights(3).write_bytes(CONTENT)
    return paths


@pytest.fixture
def here(tmp_path):
    """The folder of the search."""
    paths = StudyPaths(tmp_path / "here")
    paths.root.mkdir()
    return paths


def names(study):
    """The names of all studies in the database."""
    return sorted(optuna.get_all_study_names(storage_of(study)))


def test_weights_become_a_file_of_the_search(study, there, here):
    """The file has the same bytes; then the record holds the weights no more."""
    assert put_weights(study, there, 3)
    assert put_weights(study, there, 3)  # again, after a death before the trial was ended
    assert names(study) == ["far", "far (weights of trial 3)"]
    assert fetch_weights(study, here, [3, 4]) == [4]
    assert here.weights(3).read_bytes() == CONTENT
    assert names(study) == ["far"]
    assert fetch_weights(study, here, [3]) == []
    assert study.get_trials() == []


def test_a_trial_without_weights_puts_nothing(study, there, monkeypatch):
    """Nor does one whose weights are too many for a database."""
    assert not put_weights(study, there, 4)
    monkeypatch.setattr(shared_weights, "MOST_BYTES", len(CONTENT) - 1)
    assert not put_weights(study, there, 3)
    assert names(study) == ["far"]


def test_weights_that_are_not_kept_are_dropped(study, there):
    """Dropping what is not there does nothing."""
    put_weights(study, there, 3)
    drop_weights(study, 3)
    drop_weights(study, 3)
    assert names(study) == ["far"]


def test_a_process_that_died_before_the_content_left_no_weights(study, here):
    """An empty study of that name holds nothing."""
    optuna.create_study(study_name="far (weights of trial 3)", storage=storage_of(study))
    assert fetch_weights(study, here, [3]) == [3]


def test_damaged_weights_are_refused(study, there, here, monkeypatch):
    """The hash on record is that of the file."""
    put_weights(study, there, 3)
    place = optuna.load_study(study_name="far (weights of trial 3)", storage=storage_of(study))
    trial = place.get_trials()[0]
    changed = {**trial.user_attrs, "weights": "AAAA"}
    drop_weights(study, 3)
    place = optuna.create_study(study_name="far (weights of trial 3)", storage=storage_of(study))
    state = optuna.trial.TrialState.FAIL
    place.add_trial(optuna.trial.create_trial(state=state, user_attrs=changed))
    with pytest.raises(RecordError, match="weights on record are damaged"):
        fetch_weights(study, here, [3])
    assert not here.weights(3).exists()
