"""The list of the studies in a results folder."""

from __future__ import annotations

import os
from os import mkfifo

import pyarrow as pa
import pytest

from autocnn.errors import RecordError, StudyError
from autocnn.leaderboard.studies import latest_study, list_summaries, summarise_study
from autocnn.leaderboard.table import build_leaderboard, write_leaderboard
from autocnn.objectives import ACCURACY, LOSS
from autocnn.records.deletion import delete_study
from autocnn.records.lock import Owner, lock_study
from autocnn.records.settings_file import settings_to_toml
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.space.space import SearchSpace

SPACE = SearchSpace(name="none", parameters={})


@pytest.fixture
def paths(tmp_path) -> StudyPaths:
    """A study called a that has begun and holds only its settings."""
    paths = StudyPaths(tmp_path / "a")
    paths.root.mkdir()
    settings = StudySettings(study="a", dataset="mnist", created="2026-01-02T03:04:05+00:00")
    paths.study_toml.write_text(settings_to_toml(settings), encoding="utf-8")
    return paths


def _leaderboard(scores, state="complete") -> pa.Table:
    table = build_leaderboard([], SPACE, ACCURACY)
    rows = [
        {
            "rank": i,
            "trial": i,
            "state": state,
            "score": score,
            "origin": "recipe:a" if i == 0 else "evolution",
            "epochs": 0 if score is None else 3,
        }
        for i, score in enumerate(scores)
    ]
    return pa.Table.from_pylist(rows, schema=table.schema)


def test_a_study_that_has_just_begun(paths):
    """A new study is listed with its settings, no trials and the size of its only file."""
    (summary,) = list_summaries(paths.root.parent)
    assert (summary.name, summary.state, summary.dataset) == ("a", "unfinished", "mnist")
    assert (summary.proposer, summary.trials, summary.best) == ("auto", 0, None)
    assert summary.created == "2026-01-02T03:04:05+00:00"
    assert summary.size == paths.study_toml.stat().st_size


def test_trials_and_the_best_score(paths):
    """Of three trials one has no score; the manifest makes the study finished."""
    write_leaderboard(paths.leaderboard, _leaderboard([0.9, 0.5, None]))
    paths.manifest.write_text("{}")
    summary = summarise_study(paths.root.parent, "a")
    assert (summary.state, summary.trials, summary.best) == ("finished", 3, 0.9)
    assert summary.proposer == "evolution"


def test_the_best_score_is_the_winners(paths, make_record):
    """A pruned trial cannot win, even with the best score."""
    records = [make_record(0, 0.95, state="pruned"), make_record(1, 0.6), make_record(2, 0.7)]
    write_leaderboard(paths.leaderboard, build_leaderboard(records, SPACE, ACCURACY))
    assert summarise_study(paths.root.parent, "a").best == 0.7
    write_leaderboard(paths.leaderboard, build_leaderboard(records[:1], SPACE, ACCURACY))
    assert summarise_study(paths.root.parent, "a").best is None


def test_the_best_loss_is_the_smallest(paths, make_record):
    """The objective of study.toml gives the direction."""
    settings = StudySettings(study="a", objective="loss")
    paths.study_toml.write_text(settings_to_toml(settings), encoding="utf-8")
    table = build_leaderboard([make_record(0, 0.5), make_record(1, 0.25)], SPACE, LOSS)
    write_leaderboard(paths.leaderboard, table)
    summary = summarise_study(paths.root.parent, "a")
    assert (summary.objective, summary.best) == ("loss", 0.25)


def test_recipes_alone_have_no_proposer(paths):
    """The proposer is unknown while only recipes have been trained."""
    write_leaderboard(paths.leaderboard, _leaderboard([0.5]))
    assert summarise_study(paths.root.parent, "a").proposer == "auto"


@pytest.mark.parametrize("name", ["study.toml", "leaderboard.parquet"])
def test_a_damaged_study_is_listed_as_such(paths, name):
    """A damaged study does not hide the others, and can be deleted."""
    (paths.root / name).write_bytes(b"\xff torn")
    (summary,) = list_summaries(paths.root.parent)
    assert (summary.name, summary.state, summary.trials) == ("a", "unreadable", None)
    assert summary.size > 0
    assert delete_study(paths.root.parent, "a") == summary.size


def test_deleting_leaves_the_others(paths, tmp_path):
    """The folder is deleted with its contents; no other study changes."""
    (tmp_path / "other").mkdir()
    (paths.trial(3)).mkdir(parents=True)
    (paths.trial(3) / "best.npz").write_bytes(b"x" * 1000)
    expected = 1000 + paths.study_toml.stat().st_size
    assert delete_study(tmp_path, "a") == expected
    assert [path.name for path in tmp_path.iterdir()] == ["other"]
    with pytest.raises(StudyError, match="holds no study yet"):
        delete_study(tmp_path, "a")


def test_a_link_to_a_study_is_not_followed(paths, tmp_path):
    """The target of a link is not deleted; the error is one line."""
    results = tmp_path / "elsewhere"
    results.mkdir()
    (results / "a").symlink_to(paths.root, target_is_directory=True)
    with pytest.raises(RecordError, match="cannot be deleted"):
        delete_study(results, "a")
    assert paths.study_toml.exists()


def test_a_study_with_running_workers_is_not_deleted(paths, tmp_path):
    """A worker that joined holds a lock; the study can be deleted once the worker has ended."""
    owner = Owner(paths)
    with pytest.raises(StudyError, match=f"is in use by {owner.name}; wait"):
        delete_study(tmp_path, paths.name)
    assert paths.study_toml.exists()
    owner._file.close()  # the system closes the file when a process dies
    delete_study(tmp_path, paths.name)
    assert not paths.root.exists()


@pytest.fixture
def child(paths) -> StudyPaths:
    """An ablation in the folder of study a."""
    child = StudyPaths(paths.root / "ablation-3")
    child.root.mkdir()
    return child


def test_a_study_whose_ablation_is_trained_is_not_deleted(paths, child, tmp_path):
    """The error names the ablation and its process; the study can be deleted after its end."""
    expected = rf"^study a is in use: process {os.getpid()} trains ablation-3 in its folder; wait"
    with lock_study(child), pytest.raises(StudyError, match=expected):
        delete_study(tmp_path, "a")
    assert paths.study_toml.exists()
    delete_study(tmp_path, "a")
    assert not paths.root.exists()


@pytest.mark.parametrize("finished", [True, False])
def test_a_locked_study_is_running(paths, finished):
    """A study is running as long as its lock is held, even if its folder holds no trial."""
    if finished:
        paths.manifest.write_text("{}")
    with lock_study(paths):
        assert summarise_study(paths.root.parent, "a").state == "running"
    state = "finished" if finished else "unfinished"
    assert summarise_study(paths.root.parent, "a").state == state


# the latest study


@pytest.fixture
def later(tmp_path) -> StudyPaths:
    """A study that began after study a."""
    paths = StudyPaths(tmp_path / "later")
    paths.root.mkdir()
    settings = StudySettings(study="later", created="2026-02-02T03:04:05+00:00")
    paths.study_toml.write_text(settings_to_toml(settings), encoding="utf-8")
    return paths


@pytest.mark.parametrize("scores", [None, [], [None]])
def test_the_latest_study_has_something_to_show(paths, later, tmp_path, scores):
    """A later study without any epoch is skipped: no file, no trial, or a failed trial."""
    write_leaderboard(paths.leaderboard, _leaderboard([0.5]))
    if scores is not None:
        write_leaderboard(later.leaderboard, _leaderboard(scores))
    assert latest_study(tmp_path).name == paths.name
    write_leaderboard(later.leaderboard, _leaderboard([None, 0.25]))
    assert latest_study(tmp_path).name == later.name


def test_without_anything_to_show_the_latest_of_all_is_taken(paths, later, tmp_path):
    """If no study has an epoch, the latest of all is returned."""
    assert latest_study(tmp_path).name == later.name


@pytest.mark.parametrize(
    "make", [lambda path, to: path.symlink_to(to), lambda path, _: mkfifo(path)]
)
def test_a_study_whose_lock_is_a_link_or_a_pipe_is_deleted(paths, tmp_path, make):
    """What the link leads to is not touched."""
    target = tmp_path / "target"
    target.write_text("precious")
    make(paths.lock, target)
    delete_study(tmp_path, paths.name)
    assert not paths.root.exists()
    assert target.read_text() == "precious"
