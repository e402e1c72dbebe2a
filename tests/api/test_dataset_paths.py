"""The path to a user's images is absolute in the settings, so a study resumes from any folder."""

from __future__ import annotations

import pytest

from autocnn.api.settings_sources import absolute_dataset, dataset_stem, resolve_settings
from autocnn.errors import SettingsError
from autocnn.records.settings_file import settings_from_toml, settings_to_toml
from autocnn.records.study_settings import StudySettings


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A folder in the working directory, which is also the user's home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "my photos").mkdir()
    return tmp_path / "my photos"


@pytest.mark.parametrize("path", ["my photos", "./my photos/", "~/my photos"])
def test_a_path_becomes_absolute(photos, path):
    """Relative paths and paths below the home become absolute."""
    settings = resolve_settings({"dataset": path}, {})
    assert settings.dataset == str(photos)
    assert settings.study.startswith("my-photos-20")


@pytest.mark.parametrize("name", ["digits", "absent", "absent/photos", ""])
def test_names_stay_as_they_are(photos, name):
    """A name, or a path that does not exist, is unchanged; the reader reports it."""
    (photos.parent / "digits").mkdir()
    assert absolute_dataset(name) == name


@pytest.mark.parametrize(
    ("dataset", "stem"),
    [("digits", "digits"), ("/a/b", "b"), ("/a/b.NPZ", "b"), ("x.parquet", "x"), ("v1.5", "v1.5")],
)
def test_a_study_is_called_after_the_last_part(dataset, stem):
    """The name of the study is the last part of the path without a suffix."""
    assert dataset_stem(dataset) == stem


def test_a_study_is_resumed_from_another_folder(photos, tmp_path, monkeypatch):
    """A relative path from another folder is accepted; another image size is refused."""
    settings = resolve_settings({"dataset": "my photos", "study": "one", "image_size": "48x64"}, {})
    (tmp_path / "results" / "one").mkdir(parents=True)
    (tmp_path / "results" / "one" / "study.toml").write_text(settings_to_toml(settings))
    results = {"results": str(tmp_path / "results"), "study": "one"}
    monkeypatch.chdir(photos)
    again = resolve_settings({**results, "dataset": "."}, {})
    assert (again.dataset, again.image_size) == (str(photos), "48x64")
    for key, value, message in (
        ("image_size", "64", "with --image-size 48x64, not 64"),
        ("skip_corrupt", True, "with --no-skip-corrupt, not --skip-corrupt"),
        ("resize", "pad", "with --resize crop, not pad"),
    ):
        with pytest.raises(SettingsError, match=message):
            resolve_settings({**results, key: value}, {})


def test_the_settings_survive_the_file():
    """The settings of the images are read back."""
    settings = StudySettings(study="x", dataset="/a b", image_size="48x64", resize="pad")
    assert StudySettings(**settings_from_toml(settings_to_toml(settings), "f")) == settings


@pytest.mark.parametrize("size", ["0", "00x3", "3x", "x3", "12345", "1.5", ""])
def test_a_wrong_size_is_refused(size):
    """A wrong size is refused before any image is read."""
    with pytest.raises(SettingsError, match=f"--image-size must be a side such .* got '{size}'"):
        StudySettings(study="x", image_size=size)
