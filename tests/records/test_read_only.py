"""A storage that is read and never written."""

from __future__ import annotations

import inspect

import optuna
import pytest
from optuna.storages import BaseStorage

from autocnn.errors import RecordError
from autocnn.records.read_only import ReadOnlyStorage

WRITES = {
    "create_new_study": ([optuna.study.StudyDirection.MAXIMIZE],),
    "delete_study": (0,),
    "set_study_user_attr": (0, "key", 1),
    "set_study_system_attr": (0, "key", 1),
    "create_new_trial": (0,),
    "set_trial_param": (0, "x", 0.5, optuna.distributions.FloatDistribution(0, 1)),
    "set_trial_state_values": (0, optuna.trial.TrialState.COMPLETE, [1.0]),
    "set_trial_intermediate_value": (0, 1, 0.5),
    "set_trial_user_attr": (0, "key", 1),
    "set_trial_system_attr": (0, "key", 1),
}


@pytest.fixture
def inner() -> optuna.storages.InMemoryStorage:
    """A storage of the studies "mine", with one trial of the value 0.5, and "other"."""
    storage = optuna.storages.InMemoryStorage()
    study = optuna.create_study(storage=storage, study_name="mine", direction="maximize")
    trial = study.ask()
    trial.suggest_float("x", 0, 1)
    study.tell(trial, 0.5)
    optuna.create_study(storage=storage, study_name="other")
    return storage


@pytest.mark.parametrize("name", WRITES)
def test_writes_are_refused(inner, name):
    """Whatever program calls them; the study stays as it is."""
    storage = ReadOnlyStorage(inner, "mine")
    with pytest.raises(RecordError, match="study mine was opened for reading"):
        getattr(storage, name)(*WRITES[name])
    assert [trial.user_attrs for trial in inner.get_all_trials(0)] == [{}]
    assert len(inner.get_all_studies()) == 2


def test_every_write_of_optuna_is_known():
    """A method that a later Optuna adds is sorted into reads or writes here."""
    reads = ("get_", "remove_session", "check_")
    names = [name for name, _ in inspect.getmembers(BaseStorage, inspect.isfunction)]
    public = [name for name in names if not name.startswith("_")]
    assert {name for name in public if not name.startswith(reads)} == set(WRITES)


def test_one_study_is_read(inner):
    """Others of the same file or database are left out, and later trials are seen."""
    storage = ReadOnlyStorage(inner, "mine")
    assert [study.study_name for study in storage.get_all_studies()] == ["mine"]
    study = optuna.load_study(study_name="mine", storage=storage)
    assert (study.best_value, len(study.trials)) == (0.5, 1)
    optuna.load_study(study_name="mine", storage=inner).ask()
    assert len(storage.get_all_trials(0)) == 2
