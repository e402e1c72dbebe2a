"""Where the files of a study lie, and how a study is found."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autocnn.errors import RecordError, SettingsError, StudyError
from autocnn.records.study_folder import StudyPaths, claim_folder, find_study, list_studies


def make_study(results: Path, name: str, created: str) -> StudyPaths:
    """A study folder of this name, created at this time."""
    paths = StudyPaths(results / name)
    paths.root.mkdir(parents=True)
    paths.study_toml.write_text(f'created = "{created}"\n')
    return paths


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ("study_toml", "study.toml"),
        ("journal", "journal.log"),
        ("leaderboard", "leaderboard.parquet"),
        ("manifest", "manifest.json"),
        ("trials", "trials"),
        ("finals", "finals"),
        ("winner", "finals/winner.keras"),
        ("finals_json", "finals/finals.json"),
        ("confusion", "finals/confusion.json"),
    ],
)
def test_every_file_has_its_place(attribute, expected):
    """The layout of a study's folder is the documented one."""
    assert getattr(StudyPaths(Path("results/a")), attribute) == Path("results/a") / expected


def test_a_trial_has_a_numbered_folder():
    """Trial numbers are padded, so that a listing is in order."""
    assert StudyPaths(Path("r/a")).trial(7) == Path("r/a/trials/00007")


def test_a_study_knows_the_studies_in_its_folder(tmp_path):
    """Those that have begun, and those that a process has just locked; no other folders."""
    paths = make_study(tmp_path, "a", "2026-11-22T12:00:00+00:00")
    make_study(paths.root, "ablation-3", "2026-11-22T13:00:00+00:00")
    for name in ("ablation-2", "trials"):
        (paths.root / name).mkdir()
    (paths.root / "ablation-2" / ".lock").touch()
    assert [child.name for child in paths.children()] == ["ablation-2", "ablation-3"]


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
    """Listing is no error where nothing was ever searched."""
    assert list_studies(tmp_path / "results") == []


def test_a_study_is_found_by_name_or_as_the_latest(tmp_path):
    """Without a name the latest study is meant."""
    make_study(tmp_path, "one", "2026-11-22T12:00:00+00:00")
    make_study(tmp_path, "two", "2026-11-22T13:00:00+00:00")
    assert find_study(tmp_path, "one").name == "one"
    assert find_study(tmp_path, None).name == "two"


def test_an_unknown_study_is_told_with_the_known_ones(tmp_path):
    """A misspelt name shows what there is to choose from."""
    make_study(tmp_path, "one", "2026-11-22T12:00:00+00:00")
    make_study(tmp_path, "two", "2026-11-22T13:00:00+00:00")
    with pytest.raises(StudyError, match=r"no study named 'three' in .*; known: one, two"):
        find_study(tmp_path, "three")


@pytest.mark.parametrize("made", [True, False])
def test_without_studies_the_way_to_one_is_told(tmp_path, made):
    """An absent or empty results folder leads to `autocnn search`."""
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


@pytest.mark.parametrize("name", ["", " ", "a/b", "a\\b", "..", ".hidden", "a\nb", "/etc"])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path, name):
    """A study's name is one plain folder name."""
    with pytest.raises(SettingsError, match="--study must be a plain folder name, got"):
        claim_folder(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_claiming_makes_the_folder(tmp_path):
    """The results folder is made with the study's."""
    paths = claim_folder(tmp_path / "results", "digits 1")
    assert paths.root == tmp_path / "results" / "digits 1"
    assert paths.root.is_dir()
    assert not paths.exists


def test_claiming_accepts_the_study_that_is_there(tmp_path):
    """A folder with study.toml is a study: the caller sees that it exists."""
    make_study(tmp_path, "one", "2026-11-22T12:00:00+00:00")
    assert claim_folder(tmp_path, "one").exists


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path):
    """Nothing is written into a folder of other files."""
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("x")
    with pytest.raises(RecordError, match="thesis: holds something else than a study"):
        claim_folder(tmp_path, "thesis")
    assert [p.name for p in (tmp_path / "thesis").iterdir()] == ["chapter.tex"]


@pytest.mark.parametrize("file", ["results", "results/one"])
def test_a_file_in_place_of_a_folder_is_told(tmp_path, file):
    """A file where the results or the study should lie is named."""
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text("x")
    with pytest.raises(RecordError, match=f"{path}: is a file where a folder is needed"):
        claim_folder(tmp_path / "results", "one")


def test_a_file_above_the_results_folder_is_told(tmp_path):
    """The folder cannot be made below a file."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(RecordError, match=r"cannot be written \(Not a directory\)"):
        claim_folder(tmp_path / "file" / "results", "one")


def test_a_folder_without_permission_is_told(tmp_path, monkeypatch):
    """A folder that may be read only is told before anything is computed."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(RecordError, match=r"cannot be written \(Permission denied\)"):
        claim_folder(tmp_path, "one")
