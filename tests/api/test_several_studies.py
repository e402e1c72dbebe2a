"""Several studies on disk, ranked together."""

from __future__ import annotations

from dataclasses import replace

import pytest
from study_fixtures import copy_study

from autocnn.api.leaderboard import (
    leaderboard_rows,
    rebuild_leaderboard,
    select_rows,
)
from autocnn.api.studies import load_studies, load_study
from autocnn.errors import RecordError, SettingsError, StudyError
from autocnn.records.optuna_record import open_study, write_study_facts
from autocnn.records.study_folder import StudyPaths


@pytest.fixture
def other(study, results):
    """A later copy of digits-1, called digits-2."""
    root = results / "digits-2"
    copy_study(study.root, root, "2026-11-23")
    return StudyPaths(root)


def names_of(views):
    """The names of the studies."""
    return [view.paths.name for view in views]


def test_the_studies_are_in_the_given_order(other, results):
    """Without names only the latest study is read."""
    assert names_of(load_studies(results, ["digits-2", "digits-1"])) == ["digits-2", "digits-1"]
    assert names_of(load_studies(results)) == names_of(load_studies(results, [])) == ["digits-2"]


def test_a_study_named_twice_is_refused(other, results):
    """The trials of a repeated study would count twice."""
    with pytest.raises(SettingsError, match="study digits-1 is named twice; name each study once"):
        load_studies(results, ["digits-1", "digits-2", "digits-1"])


def test_an_unknown_study_is_refused(other, results):
    """The error equals that of a single study."""
    with pytest.raises(StudyError, match=r"no study named 'x' in .*; known: digits-1, digits-2"):
        load_studies(results, ["digits-1", "x"])


def test_another_data_set_is_refused(study, other, results, facts):
    """The fingerprints on record are compared."""
    write_study_facts(open_study(study), replace(facts, fingerprint="12" * 32))
    write_study_facts(open_study(other), replace(facts, fingerprint="ab" * 32))
    other.study_toml.write_text(other.study_toml.read_text().replace('"digits"', '"mnist"'))
    with pytest.raises(
        SettingsError,
        match=r"^study digits-2 differs .* digits-1 in its data set \(mnist, not digits\): ",
    ):
        load_studies(results, ["digits-1", "digits-2"])
    assert names_of(load_studies(results, ["digits-2"])) == ["digits-2"]


def test_another_split_is_refused(other, results):
    """The seeds on record are compared."""
    toml = other.study_toml.read_text().replace("split_seed = 0", "split_seed = 5")
    other.study_toml.write_text(toml)
    with pytest.raises(SettingsError, match=r"in its split seed \(0, not 5\): "):
        load_studies(results, ["digits-2", "digits-1"])


def test_one_study_is_shown_as_ever(study, results):
    """The table of one study has no column of studies."""
    views = load_studies(results, ["digits-1"])
    assert leaderboard_rows(*views).equals(leaderboard_rows(load_study(results, "digits-1")))
    every = leaderboard_rows(*views, columns=["all"])
    assert every.column_names == views[0].leaderboard.column_names


def test_two_studies_are_ranked_together(other, results):
    """Equal trials are in the order of the studies; pruned ones come last."""
    views = load_studies(results, ["digits-2", "digits-1"])
    table = leaderboard_rows(*views)
    assert table.column_names[:4] == ["study", "rank", "trial", "state"]
    assert table.select(["study", "rank", "trial"]).to_pylist() == [
        {"study": "digits-2", "rank": 1, "trial": 2},
        {"study": "digits-1", "rank": 2, "trial": 2},
        {"study": "digits-2", "rank": 3, "trial": 0},
        {"study": "digits-1", "rank": 4, "trial": 0},
        {"study": "digits-2", "rank": 5, "trial": 1},
        {"study": "digits-1", "rank": 6, "trial": 1},
    ]


def test_columns_rows_and_order_are_chosen(other, results):
    """Columns, rows and order are chosen in the way of a single study."""
    views = load_studies(results, ["digits-2", "digits-1"])
    table = leaderboard_rows(*views, sort="trial", columns=["trial", "study", "filters"], top=2)
    assert table.to_pylist() == [
        {"trial": 0, "study": "digits-2", "param.filters": 4},
        {"trial": 0, "study": "digits-1", "param.filters": 4},
    ]
    every = leaderboard_rows(*views, columns=["all"]).column_names
    assert every == ["study", *views[0].leaderboard.column_names]
    with pytest.raises(
        SettingsError,
        match="--columns: no column is named 'scor'; did you mean 'score'\\? known: study,",
    ):
        leaderboard_rows(*views, columns=["scor"])


def test_conditions_hold_for_all_studies(other, results):
    """The name of a study is a column; ranks are those among all trials of all studies."""
    views = load_studies(results, ["digits-2", "digits-1"])

    def found(*where):
        rows = leaderboard_rows(*views, where=where).select(["study", "rank", "trial"]).to_pylist()
        return [tuple(row.values()) for row in rows]

    assert found("score<0.9") == [
        ("digits-2", 3, 0),
        ("digits-1", 4, 0),
        ("digits-2", 5, 1),
        ("digits-1", 6, 1),
    ]
    assert found("score<0.9", "study=digits-1", "state!=pruned") == [("digits-1", 4, 0)]
    with pytest.raises(
        SettingsError,
        match="--where: no column is named 'scor'; did you mean 'score'\\? known: study,",
    ):
        found("scor<1")


def test_rows_of_several_studies_are_selected(other, results):
    """The rows equal those of the merged studies, with each study's number of trials."""
    names = ["digits-2", "digits-1"]
    rows = select_rows(results, names, "trial", ["study", "filters"], 3, ["state=complete"])
    assert rows.trials == {"digits-2": 3, "digits-1": 3}
    assert rows.table.to_pylist() == [
        {"study": "digits-2", "param.filters": 4},
        {"study": "digits-1", "param.filters": 4},
        {"study": "digits-2", "param.filters": 4},
    ]
    with pytest.raises(SettingsError, match="study digits-1 is named twice"):
        select_rows(results, ["digits-1", "digits-1"])


def test_a_damaged_file_names_its_repair(study, other, results):
    """The error names the study of the damaged file."""
    other.leaderboard.write_bytes(other.leaderboard.read_bytes()[:100])
    views = load_studies(results, ["digits-1", "digits-2"])
    with pytest.raises(RecordError, match="`autocnn leaderboard digits-2 --rebuild`"):
        leaderboard_rows(*views)
    rebuild_leaderboard(views[1])
    assert leaderboard_rows(*views).num_rows == 6
