"""The arrays of a caller are deleted together with the last study that names them."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from autocnn.data.array_store import ROOT, store_arrays
from autocnn.records.deletion import delete_study, folder_size
from autocnn.records.settings_file import settings_to_toml
from autocnn.records.study_settings import StudySettings


@pytest.fixture
def results(tmp_path):
    """A folder of studies."""
    return tmp_path / "results"


@pytest.fixture
def store(results):
    """A function that stores arrays of this brightness below the folder of studies."""

    def make(level):
        images, labels = np.full((6, 4, 4), level, np.uint8), np.arange(6) % 2
        return store_arrays({"x_train": images, "y_train": labels}, results / ROOT)

    return make


@pytest.fixture
def begin(results):
    """A function that begins a study of a data set."""

    def make(name, dataset):
        folder = results / name
        folder.mkdir(parents=True)
        settings = StudySettings(study=name, dataset=str(dataset), results=str(results))
        (folder / "study.toml").write_text(settings_to_toml(settings))
        return folder

    return make


def test_arrays_go_with_the_last_study_that_names_them(results, store, begin):
    """The bytes that became free count them."""
    arrays = store(1)
    first, second = begin("first", arrays), begin("second", arrays)
    sizes = folder_size(first), folder_size(second) + folder_size(arrays)
    assert delete_study(results, "first") == sizes[0]
    assert arrays.is_dir()
    assert delete_study(results, "second") == sizes[1]
    assert list(results.iterdir()) == []


def test_arrays_of_another_study_stay(results, store, begin):
    """Only those that the deleted study names are looked at."""
    mine, other = store(1), store(2)
    begin("first", mine)
    begin("second", other)
    delete_study(results, "first")
    assert (mine.exists(), other.is_dir()) == (False, True)


def test_other_data_sets_stay(results, begin, tmp_path):
    """Images of one's own are never deleted, whatever their folder is called."""
    own = tmp_path / "arrays-0123456789ab"
    own.mkdir()
    begin("first", own)
    delete_study(results, "first")
    assert own.is_dir()


def test_arrays_stay_while_a_study_cannot_be_read(results, store, begin):
    """It may be one of theirs."""
    arrays = store(1)
    begin("first", arrays)
    (begin("second", arrays) / "study.toml").write_text("dataset = [\n")
    delete_study(results, "first")
    assert arrays.is_dir()


def test_a_link_is_not_followed(results, store, begin, tmp_path):
    """What it leads to stays."""
    arrays, elsewhere = store(1), tmp_path / "elsewhere"
    shutil.move(arrays, elsewhere)
    arrays.symlink_to(elsewhere)
    begin("first", arrays)
    delete_study(results, "first")
    assert sorted(each.name for each in elsewhere.iterdir()) == ["x_train.npy", "y_train.npy"]
