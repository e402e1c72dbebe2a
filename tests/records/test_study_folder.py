"""The files of a study's folder, and how the folder is claimed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autocnn.errors import RecordError, SettingsError
from autocnn.records import study_folder
from autocnn.records.study_folder import StudyPaths, claim_folder, lost_folder, refuse_lost


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


def test_the_studies_inside_a_folder_are_listed(tmp_path):
    """The list holds studies that have begun or are locked, and no other folders."""
    paths = make_study(tmp_path, "a", "2026-11-22T12:00:00+00:00")
    make_study(paths.root, "ablation-3", "2026-11-22T13:00:00+00:00")
    for name in ("ablation-2", "trials"):
        (paths.root / name).mkdir()
    (paths.root / "ablation-2" / ".lock").touch()
    assert [child.name for child in paths.children()] == ["ablation-2", "ablation-3"]


@pytest.mark.parametrize("name", ["", " ", "a/b", "a\\b", "..", ".hidden", "a\nb", "/etc"])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path, name):
    """A study's name is one plain folder name."""
    with pytest.raises(SettingsError, match="--study must be a plain folder name, got"):
        claim_folder(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_claiming_makes_the_folder(tmp_path):
    """Claiming creates the results folder together with the study's folder."""
    paths = claim_folder(tmp_path / "results", "digits 1")
    assert paths.root == tmp_path / "results" / "digits 1"
    assert paths.root.is_dir()
    assert not paths.exists


def test_claiming_accepts_an_existing_study(tmp_path):
    """A folder with study.toml is a study, and claiming it returns that it exists."""
    make_study(tmp_path, "one", "2026-11-22T12:00:00+00:00")
    assert claim_folder(tmp_path, "one").exists


def test_a_folder_of_other_files_is_refused(tmp_path):
    """Nothing is written into a folder of other files."""
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("x")
    with pytest.raises(RecordError, match="thesis: holds something else than a study"):
        claim_folder(tmp_path, "thesis")
    assert [p.name for p in (tmp_path / "thesis").iterdir()] == ["chapter.tex"]


@pytest.mark.parametrize("file", ["results", "results/one"])
def test_a_file_in_place_of_a_folder_is_refused(tmp_path, file):
    """The error names the file that has the path of the results or the study."""
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text("x")
    with pytest.raises(RecordError, match=f"{path}: is a file where a folder is needed"):
        claim_folder(tmp_path / "results", "one")


def test_a_file_above_the_results_folder_is_refused(tmp_path):
    """A folder cannot be created below a file."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(RecordError, match=r"cannot be written \(Not a directory\)"):
        claim_folder(tmp_path / "file" / "results", "one")


def test_a_folder_without_write_permission_is_refused(tmp_path, monkeypatch):
    """A read-only folder is refused before anything is computed."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(RecordError, match=r"cannot be written \(Permission denied\)"):
        claim_folder(tmp_path, "one")


def test_a_folder_with_a_half_written_file_only_can_be_claimed(tmp_path):
    """A process that was killed while it wrote its first file left it."""
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / ".study.toml.0123.tmp").touch()
    assert claim_folder(tmp_path, "s").root == tmp_path / "s"


@pytest.mark.parametrize(
    "name",
    [
        "journal.log",
        "worker.log",
        "trials",
        "trials/00001",
        "finals/winner.keras",
        "costs",
        ".lock",
    ],
)
def test_a_study_with_a_link_is_not_claimed(tmp_path, name):
    """What a received study leads to outside of its folder is never written."""
    outside = tmp_path / "outside"
    outside.mkdir()
    paths = claim_folder(tmp_path, "a")
    paths.study_toml.touch()
    (paths.root / name).parent.mkdir(exist_ok=True)
    (paths.root / name).symlink_to(outside)
    with pytest.raises(RecordError, match=rf"a/{name}: is a link or a special file"):
        claim_folder(tmp_path, "a")


def test_the_link_that_is_a_lock_of_optuna_is_accepted(tmp_path):
    """Optuna locks a journal by a link, which a killed process leaves, also under its last name."""
    paths = claim_folder(tmp_path, "a")
    paths.study_toml.touch()
    (paths.root / "journal.log.lock").symlink_to("journal.log")
    (paths.root / "journal.log.lock0123-4567.rename").symlink_to("journal.log")
    claim_folder(tmp_path, "a")


def test_a_study_in_a_study_may_be_no_link(tmp_path):
    """The folder of an ablation lies in the folder of its study; the results may be a link."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "study.toml").touch()
    (tmp_path / "ablation-1").symlink_to(tmp_path / "outside")
    claim_folder(tmp_path, "ablation-1")
    (tmp_path / "study.toml").touch()
    with pytest.raises(RecordError, match="ablation-1: is a link"):
        claim_folder(tmp_path, "ablation-1")


# --- a study that is deleted while it is in use ---


def test_a_folder_that_is_just_being_deleted_is_one_line(tmp_path, monkeypatch):
    """A file is missing first, and the settings are gone a moment later."""
    paths = make_study(tmp_path, "a", "2026-11-22")
    monkeypatch.setattr(study_folder.time, "sleep", lambda s: paths.study_toml.unlink())
    with pytest.raises(RecordError, match=r"/a: was deleted or moved while"), lost_folder(paths):
        (paths.root / "best.npz").read_bytes()


def test_an_error_of_a_folder_that_is_there_stays_what_it_is(tmp_path, monkeypatch):
    """A missing file is looked for at most ten times, another error once."""
    paths, waits = make_study(tmp_path, "a", "2026-11-22"), []
    monkeypatch.setattr(study_folder.time, "sleep", waits.append)
    refuse_lost(paths)
    with pytest.raises(FileNotFoundError), lost_folder(paths):
        (paths.root / "best.npz").read_bytes()
    assert waits == 9 * [0.1]
    with pytest.raises(IsADirectoryError), lost_folder(paths):
        paths.root.read_bytes()
    assert len(waits) == 9
