"""A study whose folder is on another machine is fetched from its database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autocnn.errors import RecordError, StudyError
from autocnn.records.deletion import delete_study
from autocnn.records.fetched_study import ORIGIN, OWN, fetch_study, write_origin
from autocnn.records.open_study import open_folder
from autocnn.records.optuna_record import create_study, study_exists
from autocnn.records.study_folder import StudyPaths, claim_folder, place_of, refuse_joined
from autocnn.records.study_settings import SETTINGS, StudySettings
from autocnn.space.toml import load_space

SPACE = load_space("mlp").text


@pytest.fixture
def url(tmp_path):
    """An SQLite database that does not exist yet."""
    return f"sqlite:///{tmp_path}/studies.db"


@pytest.fixture
def settings(url, tmp_path):
    """The settings of a study as its search has them."""
    return StudySettings(
        study="far",
        dataset="digits",
        space="mlp",
        trials=7,
        seed=3,
        workers=8,
        worker_memory_mb=512,
        precision="float32",
        results=str(tmp_path / "home"),
        storage=url,
        created="2026-01-01T00:00:00+00:00",
    )


@pytest.fixture
def study(settings, tmp_path):
    """The study on record, with what another machine needs."""
    study = create_study(StudyPaths(tmp_path / "home" / "far"), settings)
    write_origin(study, settings, SPACE)
    return study


def test_a_fetched_study_has_the_settings_of_its_search(study, settings, url, tmp_path):
    """The settings and the space are the search's; where and how it trains is the machine's own."""
    here = tmp_path / "here"
    paths = fetch_study(here, "far", url)
    found = open_folder(paths.root)
    assert found.settings == replace(
        settings, results=str(here), workers=None, worker_memory_mb=None
    )
    assert found.space.text == SPACE
    assert study_exists(paths, found.recorded)
    assert found.record.study_name == "far"
    assert place_of(paths) != ""


def test_the_settings_of_a_machine_are_settings():
    """Each name of the list is one of a setting."""
    assert SETTINGS.keys() >= OWN


def test_what_has_changed_is_fetched_again(study, settings, url, tmp_path):
    """A second fetch takes over more trials, and the folder stays the same one."""
    paths = fetch_study(tmp_path / "here", "far", url)
    place = place_of(paths)
    write_origin(study, replace(settings, trials=9), SPACE)
    assert fetch_study(tmp_path / "here", "far", url) == paths
    assert open_folder(paths.root).settings.trials == 9
    assert place_of(paths) == place


def test_the_folder_of_the_search_is_left_alone(study, settings, url, tmp_path):
    """Where the search's own folder is in reach, nothing is fetched."""
    home = claim_folder(tmp_path / "home", "far")
    home.study_toml.write_text("# the search's\n")
    assert fetch_study(tmp_path / "home", "far", url) == home
    assert home.study_toml.read_text() == "# the search's\n"
    assert place_of(home) == ""
    refuse_joined(home)


def test_a_fetched_folder_is_not_searched_in(study, url, tmp_path):
    """A second search would end the study while the first one runs."""
    paths = fetch_study(tmp_path / "here", "far", url)
    with pytest.raises(StudyError, match=r"made by `autocnn worker`, which only trains"):
        refuse_joined(paths)


def test_an_unknown_study_lists_those_of_the_database(study, url, tmp_path):
    """The line has the known names and a hint; no folder is made."""
    with pytest.raises(StudyError, match=r"no study named 'fat' in sqlite:.*known: far"):
        fetch_study(tmp_path / "here", "fat", url)
    assert not (tmp_path / "here").exists()


def test_a_study_that_is_just_being_started_cannot_be_fetched(settings, url, tmp_path):
    """The settings are put on record after the study."""
    create_study(StudyPaths(tmp_path / "home" / "far"), settings)
    with pytest.raises(StudyError, match="just being started"):
        fetch_study(tmp_path / "here", "far", url)


def test_a_missing_database_is_refused(tmp_path):
    """An SQLite file that is not there is not made."""
    with pytest.raises(RecordError, match=r"studies\.db: there is no such file"):
        fetch_study(tmp_path / "here", "far", f"sqlite:///{tmp_path}/studies.db")


def test_the_folder_of_an_earlier_study_is_refused(study, settings, url, tmp_path):
    """Checkpoints of another study of the same name are never continued."""
    fetch_study(tmp_path / "here", "far", url)
    write_origin(study, replace(settings, created="2026-02-02T00:00:00+00:00"), SPACE)
    with pytest.raises(StudyError, match="was fetched for an earlier study far; delete the folder"):
        fetch_study(tmp_path / "here", "far", url)


def test_deleting_a_fetched_folder_leaves_the_study(study, settings, url, tmp_path):
    """The record belongs to the search."""
    paths = fetch_study(tmp_path / "here", "far", url)
    delete_study(tmp_path / "here", "far")
    assert not paths.root.exists()
    assert study_exists(StudyPaths(tmp_path / "home" / "far"), settings)


def test_the_origin_is_written_once(study, settings):
    """The texts are on record, without a password."""
    assert study.user_attrs[ORIGIN].keys() == {"study.toml", "space.toml"}
