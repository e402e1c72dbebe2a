"""A study is opened once: which values it returns, and how it is found."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autocnn.errors import RecordError, SettingsError, StudyError
from autocnn.records.open_study import find_study, list_studies, open_folder
from autocnn.records.optuna_record import create_study, write_study_facts
from autocnn.records.study_folder import StudyPaths
from autocnn.space.parameters import Fixed


def make_study(results: Path, name: str, created: str) -> StudyPaths:
    """A study folder of this name, created at this time."""
    paths = StudyPaths(results / name)
    paths.root.mkdir(parents=True)
    paths.study_toml.write_text(f'created = "{created}"\n')
    return paths


# values of an open study


def test_an_empty_folder_has_no_settings(tmp_path):
    """The folder of a new study has no settings and is no plan."""
    study = open_folder(tmp_path / "new")
    assert (study.name, study.exists, study.stored, study.is_plan) == ("new", False, {}, False)
    with pytest.raises(StudyError, match="no study is on record here; `autocnn search` starts one"):
        _ = study.record


def test_settings_have_the_name_of_the_folder(paths):
    """The settings have the folder's name; the record keeps the name in study.toml."""
    study = open_folder(paths.root.rename(paths.root.parent / "copy"))
    assert (study.settings.study, study.settings.trials) == ("copy", 3)
    assert study.recorded.study == "digits-1"


def test_the_space_has_the_batch_of_the_settings(paths):
    """The text that the study keeps states another one."""
    paths.study_toml.write_text("batch_size = 512\n")
    paths.space_toml.write_text("[parameters]\nblocks = 1\nbatch_size = 32\n")
    study = open_folder(paths.root)
    batches = [each.parameters["batch_size"] for each in (study.space, study.stated_space)]
    assert batches == [Fixed(value=512), Fixed(value=32)]


def test_the_record_is_found_by_the_settings(paths, settings, facts):
    """The record is the database of the settings, or the journal if they name none."""
    write_study_facts(create_study(paths, settings), facts)
    study = open_folder(paths.root)
    assert study.recorded.storage is None
    assert (study.record.study_name, study.facts, study.read_trials()) == ("digits-1", facts, [])


def test_a_password_comes_from_the_environment_or_is_given(paths, settings, monkeypatch):
    """The password is an argument or an environment variable; study.toml holds none."""
    public, secret = (f"postgresql+psycopg://ada{word}@h/d" for word in ("", ":s3cret"))
    paths.study_toml.write_text(f'storage = "{public}"\n')
    with pytest.raises(SettingsError, match="was not named on this machine"):
        _ = open_folder(paths.root).recorded
    assert open_folder(paths.root, public).recorded.storage == public
    assert open_folder(paths.root, secret).recorded.storage == secret
    monkeypatch.setenv("OPTUNA_STORAGE", secret)
    assert open_folder(paths.root).recorded.storage == secret


@pytest.mark.parametrize("space", ["small", "/somewhere/small.toml"])
def test_the_space_has_its_short_name(paths, space):
    """The name is that in the library, or the file's name without folder and suffix."""
    paths.study_toml.write_text(f'space = "{space}"\n')
    paths.space_toml.write_text("[parameters]\nblocks = 1\n")
    assert open_folder(paths.root).space.name == "small"


def test_study_toml_is_read_once(paths):
    """A later change of study.toml is not read."""
    study = open_folder(paths.root)
    assert study.settings.trials == 3
    paths.study_toml.write_text('engine = "plan"\n')
    assert (study.settings.trials, study.is_plan, study.stored["trials"]) == (3, False, 3)
    assert open_folder(paths.root).is_plan


def test_a_damaged_study_toml_is_one_clear_error(paths):
    """The error is one line, and the study can still be listed."""
    paths.study_toml.write_bytes(b"\xff")
    study = open_folder(paths.root)
    assert not study.is_plan
    for _ in range(2):
        with pytest.raises(SettingsError, match=r"study\.toml: cannot be read as UTF-8 text"):
            _ = study.settings


def test_finding_a_study_does_without_optuna(paths):
    """Finding a study does not import Optuna, which loads slowly."""
    code = (
        "import sys; from pathlib import Path; from autocnn.records.open_study import find_study; "
        "find_study(Path(sys.argv[1])).settings; print('optuna' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(paths.root.parent)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


# finding a study


def test_studies_are_listed_by_creation_time(tmp_path):
    """The time in study.toml decides, in any time zone; other folders are left out."""
    make_study(tmp_path, "a-last", "2026-11-22T12:00:00+00:00")
    make_study(tmp_path, "z-first", "2026-11-22T12:30:00+02:00")
    make_study(tmp_path, "m-middle", "2026-11-22T11:00:00")
    (tmp_path / "reference").mkdir()
    (tmp_path / "file.txt").touch()
    names = [paths.name for paths in list_studies(tmp_path)]
    assert names == ["z-first", "m-middle", "a-last"]


@pytest.mark.parametrize("text", ["", "created = 3", 'created = "soon"', "no toml", b"\xff"])
def test_without_a_creation_time_the_file_time_counts(tmp_path, text):
    """A study.toml without a readable time is dated by its file."""
    make_study(tmp_path, "new", "2026-11-22T12:00:00+00:00")
    old = make_study(tmp_path, "old", "")
    old.study_toml.write_bytes(text if isinstance(text, bytes) else text.encode())
    os.utime(old.study_toml, (1_000_000, 1_000_000))
    assert [paths.name for paths in list_studies(tmp_path)] == ["old", "new"]


def test_no_results_folder_means_no_studies(tmp_path):
    """The list of studies is empty if there is no results folder."""
    assert list_studies(tmp_path / "results") == []


def test_a_study_is_found_by_name_or_as_the_latest(tmp_path):
    """The latest study is opened if no name is given."""
    make_study(tmp_path, "one", "2026-11-22T12:00:00+00:00")
    make_study(tmp_path, "two", "2026-11-22T13:00:00+00:00")
    assert find_study(tmp_path, "one").name == "one"
    assert find_study(tmp_path, None).name == "two"


def test_an_unknown_study_lists_the_existing_ones(tmp_path):
    """The error of a misspelt name lists the existing studies."""
    make_study(tmp_path, "one", "2026-11-22T12:00:00+00:00")
    make_study(tmp_path, "two", "2026-11-22T13:00:00+00:00")
    with pytest.raises(StudyError, match=r"no study named 'three' in .*; known: one, two"):
        find_study(tmp_path, "three")


@pytest.mark.parametrize("made", [True, False])
def test_without_studies_the_error_names_the_search_command(tmp_path, made):
    """The error of an absent or empty results folder names `autocnn search`."""
    results = tmp_path / "results"
    if made:
        results.mkdir()
    with pytest.raises(StudyError, match="`autocnn search` starts"):
        find_study(results, None)


def test_an_unreadable_results_folder_is_one_clear_line(tmp_path, monkeypatch):
    """A folder that may not be listed is an error of records."""

    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(RecordError, match=r"cannot be read \(Permission denied\)"):
        list_studies(tmp_path)
