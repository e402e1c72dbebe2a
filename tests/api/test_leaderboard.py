"""The leaderboard of a study on disk."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from autocnn.api.leaderboard import leaderboard_rows, rebuild_leaderboard, select_rows
from autocnn.api.studies import load_study
from autocnn.errors import RecordError, SettingsError, StudyError
from autocnn.leaderboard.table import read_leaderboard, write_leaderboard
from autocnn.records.optuna_record import (
    open_study,
    read_records,
    write_proposal,
    write_result,
)


@pytest.fixture
def view(study, results):
    """The study digits-1, read from disk."""
    return load_study(results, study.name)


@pytest.fixture
def current(study, view):
    """The study digits-1 with a current leaderboard file and an unreadable journal.

    It has the size of the real one: who opens it fails.
    """
    rebuild_leaderboard(view)
    study.journal.write_bytes(b"x" * (study.journal.stat().st_size - 1) + b"\n")
    return study


# rows of a loaded study


def test_rows_come_by_rank_or_by_column(view):
    """The order is that of the leaderboard's own view."""
    assert leaderboard_rows(view)["trial"].to_pylist() == [2, 0, 1]
    rows = leaderboard_rows(view, sort="trial", columns=["trial", "filters"], top=2)
    assert rows.to_pylist() == [{"trial": 0, "param.filters": 4}, {"trial": 1, "param.filters": 4}]


def test_all_columns_can_be_had(view):
    """The columns include curves, configuration and parameters."""
    assert leaderboard_rows(view, columns=["all"]).column_names == view.leaderboard.column_names


@pytest.mark.parametrize("columns", [["trial", "trial"], ["filters", "param.filters"]])
def test_a_column_that_is_given_twice_is_shown_once(view, columns):
    """A row cannot hold two cells of one name."""
    assert leaderboard_rows(view, columns=columns).num_columns == 1


@pytest.mark.parametrize(
    ("where", "ranks"),
    [
        (["state=complete"], [1, 2]),
        (["score<0.9"], [2, 3]),
        (["score<0.9", "state=complete"], [2]),
        (["filters=8"], []),
    ],
)
def test_rows_are_those_that_meet_all_conditions(view, where, ranks):
    """A rank is that among all trials, and a condition may name a column not shown."""
    assert leaderboard_rows(view, columns=["rank"], where=where)["rank"].to_pylist() == ranks


# rows of the file


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"columns": ["all"]},
        {"columns": ["trial", "filters"], "sort": "seconds", "top": 2},
        {"columns": ["val_loss"], "where": ["state=complete", "learning_rate_scale<9"]},
        {"where": ["score<0.9"], "sort": "score", "top": 1},
    ],
)
def test_a_current_file_gives_the_rows_alone(view, current, results, wish):
    """The rows equal those of the loaded study, and the record is not opened."""
    rows = select_rows(results, ["digits-1"], **wish)
    assert rows.table.equals(leaderboard_rows(view, **wish))
    assert rows.trials == {"digits-1": 3}


def test_the_latest_study_is_the_default(current, results):
    """The latest study follows from the time of creation, not from the name."""
    shutil.copytree(current.root, results / "zz")
    toml = (results / "zz" / "study.toml").read_text().replace("2026-11-22", "2026-11-21")
    (results / "zz" / "study.toml").write_text(toml)
    assert select_rows(results).trials == {"digits-1": 3}
    assert select_rows(str(results), ["zz"]).trials == {"zz": 3}


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        (
            {"columns": ["scor"]},
            "--columns: no column is named 'scor'; did you mean 'score'[?] known: rank, trial,",
        ),
        (
            {"sort": "scor"},
            "--sort: no column is named 'scor'; did you mean 'score'[?] known: rank, trial,",
        ),
        (
            {"where": ["scor=1"]},
            "--where: no column is named 'scor'; did you mean 'score'[?] known: rank, trial,",
        ),
        ({"sort": "val_loss"}, "--sort: val_loss holds a curve, which has no order"),
        ({"top": 0}, "--top must be at least 1, got 0"),
    ],
)
def test_a_wrong_view_is_refused(view, current, results, wish, message):
    """The error equals that of a loaded study, and lists all columns."""
    for ask in (lambda: select_rows(results, **wish), lambda: leaderboard_rows(view, **wish)):
        with pytest.raises(SettingsError, match=message):
            ask()


def test_only_what_is_needed_is_read(current, results, monkeypatch):
    """Only columns that are shown, sorted by or compared are read."""
    from autocnn.leaderboard.file import LeaderboardFile

    columns_read = []
    read = LeaderboardFile.read
    monkeypatch.setattr(
        LeaderboardFile,
        "read",
        lambda file, names: columns_read.append(set(names)) or read(file, names),
    )
    select_rows(results, ["digits-1"], "seconds", ["trial"], 1, ["filters=4", "parameters<100"])
    assert columns_read == [{"trial", "seconds", "rank", "param.filters", "parameters"}]


def test_a_journal_that_has_grown_is_read(study, view, results):
    """The trial that began since is shown, and the leaderboard file is unchanged."""
    rebuild_leaderboard(view)
    before = study.leaderboard.read_bytes()
    record = open_study(study)
    pruned, trial = read_records(record)[1], record.ask()  # the pruned trial again
    write_proposal(trial, replace(pruned.proposal, number=trial.number))
    write_result(trial, pruned.result)
    record.tell(trial, pruned.score)
    rows = select_rows(results)
    assert rows.trials == {"digits-1": 4}
    assert rows.table["state"].to_pylist() == ["complete", "complete", "pruned", "pruned"]
    assert study.leaderboard.read_bytes() == before


def test_a_file_without_the_size_of_its_journal_is_checked(study, results):
    """The record is opened if the file is older, or if the study has a database."""
    assert select_rows(results).trials == {"digits-1": 3}
    study.journal.write_bytes(b"damaged\n{}\n")
    with pytest.raises(RecordError, match="the record of the study cannot be read"):
        select_rows(results)


@pytest.mark.parametrize("damage", ["deleted", "truncated"])
def test_a_damaged_file_names_its_repair(study, view, results, damage):
    """The repair in the error message works."""
    rebuild_leaderboard(view)
    expected = select_rows(results).table
    if damage == "deleted":
        study.leaderboard.unlink()
    else:
        study.leaderboard.write_bytes(study.leaderboard.read_bytes()[:100])
    with pytest.raises((RecordError, StudyError), match="`autocnn leaderboard digits-1 --rebuild`"):
        select_rows(results)
    rebuild_leaderboard(load_study(results))
    assert select_rows(results).table.equals(expected)


# rebuilding the leaderboard


@pytest.mark.parametrize("damage", ["deleted", "truncated"])
def test_the_leaderboard_is_made_again_from_the_record(study, view, results, damage):
    """The rebuilt file is equal byte by byte."""
    before = rebuild_leaderboard(view).read_bytes()
    if damage == "deleted":
        study.leaderboard.unlink()
    else:
        study.leaderboard.write_bytes(before[:100])
    assert rebuild_leaderboard(load_study(results)) == study.leaderboard
    assert study.leaderboard.read_bytes() == before


def test_a_leaderboard_that_is_behind_the_record_is_not_shown(study, results):
    """After kill -9 the file may have one trial less than the record, which is shown."""
    view = load_study(results)
    whole = view.leaderboard
    write_leaderboard(study.leaderboard, whole.slice(0, 2))
    assert view.leaderboard.equals(whole)
    assert select_rows(results).table["trial"].to_pylist() == [2, 0, 1]
    assert read_leaderboard(study.leaderboard).num_rows == 2


def test_a_damaged_leaderboard_names_the_repair(study, view):
    """The trials can be read even if the leaderboard is damaged."""
    study.leaderboard.write_bytes(study.leaderboard.read_bytes()[:100])
    with pytest.raises(RecordError, match="`autocnn leaderboard digits-1 --rebuild`"):
        leaderboard_rows(view)
    assert view.trial().number == 2
