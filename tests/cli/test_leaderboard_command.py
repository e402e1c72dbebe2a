"""`autocnn leaderboard STUDY` with `--where`, of a study that was not trained."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest

from autocnn.leaderboard.file import record_bytes
from autocnn.leaderboard.table import build_leaderboard, write_leaderboard
from autocnn.objectives import ACCURACY
from autocnn.records.settings_file import settings_to_toml
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.space.toml import parse_space

SPACE = """description = "one small convolution"
[parameters]
blocks = 1
convolutions = 1
filters = { choices = [4, 8] }
optimizer = { choices = ["adam", "adamw"] }
"""


@pytest.fixture
def study(tmp_path, make_record):
    """The study tiny: a leaderboard of four trials, and an unreadable journal of its size."""
    paths = StudyPaths(tmp_path / "results" / "tiny")
    paths.root.mkdir(parents=True)
    paths.study_toml.write_text(settings_to_toml(StudySettings(study="tiny")))
    paths.journal.write_text("this is no journal of Optuna's\n")
    records = [
        make_record(0, 0.5, parameters=100, values={"filters": 4, "optimizer": "adam"}),
        make_record(1, 0.75, parameters=300, values={"filters": 8, "optimizer": "adamw"}),
        make_record(2, 0.6, state="pruned", values={"filters": 8, "optimizer": "adam"}),
        make_record(3, state="running", parameters=200, values={"filters": 4}),
    ]
    table = build_leaderboard(records, parse_space(SPACE, name="tiny", where="tiny.toml"), ACCURACY)
    write_leaderboard(paths.leaderboard, table, record_bytes(paths.journal))
    return paths


@pytest.fixture
def leaderboard(autocnn, study):
    """A function that runs the command on the study."""
    return lambda *arguments: autocnn("leaderboard", *arguments, "--results", study.root.parent)


def test_the_file_alone_is_shown(leaderboard):
    """The journal has not grown since the file was written, so it is not read."""
    done = leaderboard()
    assert (done.code, done.err) == (0, "")
    lines = [line.rstrip() for line in done.out.splitlines()]
    assert lines[0] == "tiny (4 trials)"
    assert len(lines[2:]) == 4


def test_a_journal_that_has_grown_is_read(study, leaderboard):
    """The journal is read, which fails here."""
    with study.journal.open("a") as journal:
        journal.write("{}\n")
    done = leaderboard()
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert "the record of the study cannot be read" in done.err


@pytest.mark.parametrize(
    ("conditions", "ranks"),
    [
        (["state=complete"], [1, 2]),
        (["state=complete", "parameters<200"], [2]),
        (["optimizer=adam"], [2, 3]),
        (["param.optimizer != adamw"], [2, 3]),
        (["filters=4"], [2, 4]),
        (["score>=0.6"], [1, 3]),
        (["score>1"], []),
    ],
)
def test_conditions_choose_the_rows(leaderboard, conditions, ranks):
    """All conditions must hold; the rank is that in the whole study."""
    wish = [part for text in conditions for part in ("--where", text)]
    rows = json.loads(leaderboard("tiny", *wish, "--format", "json").out)
    assert [row["rank"] for row in rows] == ranks


def test_every_format_is_filtered(leaderboard):
    """Order, columns and number of rows are the given ones."""
    wish = ("--where", "state=complete", "--sort", "trial", "--columns", "trial,rank")
    table = leaderboard(*wish).out.splitlines()
    assert table[0].rstrip() == "tiny (4 trials)"
    assert [line.split() for line in table[2:]] == [["0", "2"], ["1", "1"]]
    text = leaderboard(*wish, "--format", "csv").out
    assert list(csv.reader(io.StringIO(text))) == [["trial", "rank"], ["0", "2"], ["1", "1"]]
    lines = leaderboard(*wish, "--top", 1, "--format", "md").out.splitlines()
    assert lines == ["| trial | rank |", "| --- | --- |", "| 0 | 2 |"]


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("complete", "--where must be a column, one of = != < <= > >=, and a value, such as "),
        (
            "scor>1",
            "--where: no column is named 'scor'; did you mean 'score'? known: rank, trial, ",
        ),
        ("val_loss<1", "--where: val_loss holds a curve, not one value; use score"),
        ("score>good", "--where: score must be compared with a number, got 'good'"),
        ("state<x", "--where: state is text, which has no order: use = or !=, got '<'"),
    ],
)
def test_a_wrong_condition_is_one_line(leaderboard, condition, message):
    """The command ends with exit code 2 and one line."""
    done = leaderboard("--where", "state=complete", "--where", condition)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith(f"autocnn: error: {message}")


@pytest.mark.training
def test_a_search_leaves_a_file_that_is_current(copied, autocnn):
    """The file has the last write of the record, so the journal is not needed."""
    journal = StudyPaths(copied.folder).journal
    journal.write_bytes(b"x" * (journal.stat().st_size - 1) + b"\n")
    done = autocnn("leaderboard", "tiny", "--results", copied.results)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("tiny (3 trials)")


def test_a_long_table_is_cut_with_a_note(leaderboard, monkeypatch):
    """The table is cut unless a number of rows is given; output for programs is whole."""
    monkeypatch.setattr("autocnn.cli.leaderboard.MOST_ROWS", 3)
    lines = leaderboard().out.splitlines()
    assert len(lines[2:-1]) == 3
    assert lines[-1] == "1 more rows: --top N, or --format csv"
    whole = leaderboard("--top", "4").out
    assert len(whole.splitlines()[2:]) == 4
    assert "more rows" not in whole
    assert len(leaderboard("--format", "csv").out.splitlines()) == 5


def test_repeats_are_hidden_unless_all_are_asked_for(study, leaderboard, make_record):
    """Trial 1 has the result of trial 0; seconds have one decimal, of the running trial none."""
    first, second = make_record(0, 0.5, values={"filters": 4}), make_record(1, 0.5)
    repeat = replace(second, result=replace(second.result, duplicate_of=0, seconds=0.0))
    space = parse_space(SPACE, name="tiny", where="tiny.toml")
    table = build_leaderboard([first, repeat], space, ACCURACY)
    write_leaderboard(study.leaderboard, table, record_bytes(study.journal))
    done = leaderboard("--columns", "trial,seconds")
    assert done.out.splitlines()[-2:] == [
        "    0  2.5",
        "1 repeat is hidden: --all shows every trial",
    ]
    assert [
        line.split()
        for line in leaderboard("--all", "--columns", "trial,seconds").out.splitlines()[2:]
    ] == [
        ["0", "2.5"],
        ["1", "0.0"],
    ]
    chosen = json.loads(leaderboard("--where", "duplicate_of=0", "--format", "json").out)
    assert [row["trial"] for row in chosen] == [1]
    assert len(json.loads(leaderboard("--json").out)["rows"]) == 1
