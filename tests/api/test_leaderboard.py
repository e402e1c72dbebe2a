"""The leaderboard of a study on disk."""

from __future__ import annotations

import shutil

import pytest

from autocnn.api.leaderboard import leaderboard_rows, rebuild_leaderboard, select_rows
from autocnn.api.studies import load_study
from autocnn.errors import RecordError, SettingsError, StudyError
from autocnn.leaderboard.table import read_leaderboard, write_leaderboard
from autocnn.records.optuna_record import open_study


@pytest.fixture
def view(study, results):
    """digits-1, read from disk."""
    return load_study(results, study.name)


@pytest.fixture
def current(study, view):
    """digits-1, whose file says which journal it was made from, and whose journal cannot be read.

    It has the size of the real one: who opens it fails.
    """
    rebuild_leaderboard(view)
    study.journal.write_bytes(b"x" * (study.journal.stat().st_size - 1) + b"\n")
    return study


# of a study that was loaded


def test_rows_come_by_rank_or_by_column(view):
    """As the leaderboard's own view does."""
    assert leaderboard_rows(view)["trial"].to_pylist() == [2, 0, 1]
    rows = leaderboard_rows(view, sort="trial", columns=["trial", "filters"], top=2)
    assert rows.to_pylist() == [{"trial": 0, "param.filters": 4}, {"trial": 1, "param.filters": 4}]


def test_all_columns_can_be_had(view):
    """Curves, configuration and parameters too."""
    assert leaderboard_rows(view, columns=["all"]).column_names == view.leaderboard.column_names


@pytest.mark.parametrize("columns", [["trial", "trial"], ["filters", "param.filters"]])
def test_a_column_that_is_asked_for_twice_is_shown_once(view, columns):
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
def test_rows_are_those_where_all_conditions_hold(view, where, ranks):
    """A rank stays the one among all trials, and nobody needs to see the column."""
    assert leaderboard_rows(view, columns=["rank"], where=where)["rank"].to_pylist() == ranks


# from the file


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
    """The same as the loaded study; the record is not opened."""
    rows = select_rows(results, ["digits-1"], **wish)
    assert rows.table.equals(leaderboard_rows(view, **wish))
    assert rows.trials == {"digits-1": 3}


def test_the_latest_study_is_taken_where_none_is_named(current, results):
    """By the time it was created, not by its name."""
    shutil.copytree(current.root, results / "zz")
    toml = (results / "zz" / "study.toml").read_text().replace("2026-11-22", "2026-11-21")
    (results / "zz" / "study.toml").write_text(toml)
    assert select_rows(results).trials == {"digits-1": 3}
    assert select_rows(str(results), ["zz"]).trials == {"zz": 3}


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"columns": ["scor"]}, "--columns: no column is named 'scor'; known: rank, trial, state,"),
        ({"sort": "scor"}, "--sort: no column is named 'scor'; known: rank, trial, state,"),
        ({"where": ["scor=1"]}, "--where: no column is named 'scor'; known: rank, trial, state,"),
        ({"sort": "val_loss"}, "--sort: val_loss holds a curve, which has no order"),
        ({"top": 0}, "--top must be at least 1, got 0"),
    ],
)
def test_a_wrong_wish_is_told(view, current, results, wish, message):
    """With all columns, read or not, as for a loaded study."""
    for ask in (lambda: select_rows(results, **wish), lambda: leaderboard_rows(view, **wish)):
        with pytest.raises(SettingsError, match=message):
            ask()


def test_only_what_is_needed_is_read(current, results, monkeypatch):
    """To show, to sort by and to compare."""
    from autocnn.leaderboard.file import LeaderboardFile

    asked = []
    read = LeaderboardFile.read
    monkeypatch.setattr(
        LeaderboardFile, "read", lambda file, names: asked.append(set(names)) or read(file, names)
    )
    select_rows(results, ["digits-1"], "seconds", ["trial"], 1, ["filters=4", "parameters<100"])
    assert asked == [{"trial", "seconds", "rank", "param.filters", "parameters"}]


def test_a_journal_that_has_grown_is_read(study, view, results):
    """The trial that began since is shown, and the file stays as it is."""
    rebuild_leaderboard(view)
    before = study.leaderboard.read_bytes()
    record = open_study(study)
    record.add_trial(record.get_trials()[1])  # the pruned one once more
    rows = select_rows(results)
    assert rows.trials == {"digits-1": 4}
    assert rows.table["state"].to_pylist() == ["complete", "complete", "pruned", "pruned"]
    assert study.leaderboard.read_bytes() == before


def test_a_file_that_says_nothing_of_its_journal_is_checked(study, results):
    """Of an older autocnn, or of a study in a database: the record is opened."""
    assert select_rows(results).trials == {"digits-1": 3}
    study.journal.write_bytes(b"damaged\n{}\n")
    with pytest.raises(RecordError, match="the record of the study cannot be read"):
        select_rows(results)


@pytest.mark.parametrize("damage", ["deleted", "truncated"])
def test_a_damaged_file_names_its_repair(study, view, results, damage):
    """Which helps."""
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


# making it again


@pytest.mark.parametrize("damage", ["deleted", "truncated"])
def test_the_leaderboard_is_made_again_from_the_record(study, view, results, damage):
    """Byte for byte."""
    before = rebuild_leaderboard(view).read_bytes()
    if damage == "deleted":
        study.leaderboard.unlink()
    else:
        study.leaderboard.write_bytes(before[:100])
    assert rebuild_leaderboard(load_study(results)) == study.leaderboard
    assert study.leaderboard.read_bytes() == before


def test_a_leaderboard_that_is_behind_the_record_is_not_shown(study, results):
    """As after kill -9: the file has one trial less, the record has them all."""
    view = load_study(results)
    whole = view.leaderboard
    write_leaderboard(study.leaderboard, whole.slice(0, 2))
    assert view.leaderboard.equals(whole)
    assert select_rows(results).table["trial"].to_pylist() == [2, 0, 1]
    assert read_leaderboard(study.leaderboard).num_rows == 2


def test_a_damaged_leaderboard_names_the_repair(study, view):
    """And does not hinder looking at the trials."""
    study.leaderboard.write_bytes(study.leaderboard.read_bytes()[:100])
    with pytest.raises(RecordError, match="`autocnn leaderboard digits-1 --rebuild`"):
        leaderboard_rows(view)
    assert view.trial().number == 2
