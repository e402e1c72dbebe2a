"""The leaderboard as a table, JSON, CSV and Markdown."""

from __future__ import annotations

import csv
import io
import json
import math
import re

import pyarrow as pa
import pytest

from autocnn.leaderboard.columns import OBJECTIVE_KEY
from autocnn.leaderboard.table import DEFAULT_COLUMNS
from autocnn.report.choices import TEXT_FORMATS
from autocnn.report.leaderboard_text import render_text
from autocnn.terminal.leaderboard_table import render_leaderboard


@pytest.fixture
def table():
    """Two trials: a winner, and one that failed with an odd message."""
    return pa.table(
        {
            "rank": pa.array([1, 2], pa.int32()),
            "score": pa.array([0.92345678, None], pa.float64()),
            "macs": pa.array([7_300_000, 999], pa.int64()),
            "param.rate": pa.array([0.123456, math.nan], pa.float64()),
            "param.flip": pa.array([True, None]),
            "message": pa.array([None, "left | right, [red]all[/red]"]),
            "val_loss": pa.array([[0.5, 0.25], [math.nan]], pa.list_(pa.float64())),
        }
    )


def test_a_table_shows_shortened_numbers(table, show):
    """A table has percentages, short counts and dashes; brackets are not markup."""
    lines = show(render_leaderboard(table, "digits-1 [2 trials]"))
    assert lines[0] == "digits-1 [2 trials]"
    header, first, second = (re.split(" {2,}", line.strip()) for line in lines[1:])
    assert header == ["rank", "score", "macs", "rate", "flip", "message", "val_loss"]
    assert first == ["1", "92.35 %", "7.3 M", "0.1235", "True", "–", "0.5 0.25"]
    assert second == ["2", "–", "999", "nan", "–", "left | right, [red]all[/red]", "nan"]


def test_a_table_sets_numbers_to_the_right(table):
    """Numbers are aligned to the right, texts to the left."""
    columns = render_leaderboard(table, "").columns
    assert [column.is_number for column in columns] == 4 * [True] + 3 * [False]


# the width


@pytest.fixture
def trials():
    """Rows as a search leaves them, in the columns of the default view."""
    rows = [
        (1, 23, "complete", 0.931833, 12, 12, 1_161_514, 112_927_552, 167.247, "evolution"),
        (2, 0, "complete", 0.930667, 11, 12, 161_514, 12_927_552, 101.816, "recipe:pairs_48_flip"),
        (3, 101, "failed", None, None, 0, 45_712, 3_927_552, 3.1, "recipe:single_64"),
    ]
    cells = zip(*rows, strict=True)
    return pa.table({n: list(c) for n, c in zip(DEFAULT_COLUMNS, cells, strict=True)})


def words(line):
    """The header or the cells of a line of the table."""
    return re.split(" {2,}", line.strip())


@pytest.mark.parametrize("width", [72, 80, 100, 120])
def test_nothing_is_cut_or_wrapped(trials, show, width):
    """Each trial is one line, with score, state and origin in full."""
    lines = show(render_leaderboard(trials, "look (3 trials)"), width)
    assert not any("…" in line for line in lines)
    assert max(map(len, lines)) <= width
    rows = [words(line) for line in lines[2:5]]
    assert [row[:4] for row in rows] == [
        ["1", "23", "complete", "93.18 %"],
        ["2", "0", "complete", "93.07 %"],
        ["3", "101", "failed", "–"],
    ]
    assert [row[-1] for row in rows] == trials["origin"].to_pylist()


def test_headers_are_short(trials, show):
    """All columns fit into 100 characters; a note lists the full names of shortened headers."""
    table = render_leaderboard(trials, "")
    heads = ["rank", "trial", "state", "score", "best ep", "epochs", "params", "macs", "s"]
    assert words(show(table, 100)[1]) == [*heads, "origin"]
    lines = show(table, 80)
    assert words(lines[1]) == [h for h in heads if h not in ("best ep", "macs")] + ["origin"]
    note = "left out for width: best_epoch, macs; --columns shows them, or a wider terminal"
    assert lines[-1] == note


def test_several_studies_keep_their_names(trials, show):
    """The study column stays, and more of the other columns are left out."""
    names = pa.array(3 * ["fashion-20m-no-recipes"])
    lines = show(render_leaderboard(trials.add_column(0, "study", names), ""), 80)
    assert [words(line)[0] for line in lines[2:5]] == 3 * ["fashion-20m-no-recipes"]
    assert max(map(len, lines)) <= 80


def test_chosen_columns_are_never_left_out(trials, show):
    """If the chosen columns do not fit, each trial is printed as a block."""
    lines = show(render_leaderboard(trials, "look", asked=True), 80)
    assert lines[1:12] == [
        "rank        1",
        "trial       23",
        "state       complete",
        "score       93.18 %",
        "best_epoch  12",
        "epochs      12",
        "parameters  1.2 M",
        "macs        112.9 M",
        "seconds     167.2",
        "origin      evolution",
        "",
    ]
    assert not any("left out" in line for line in lines)


def test_long_texts_and_curves_are_folded(show):
    """Long texts are folded if the table is wide enough for the other columns."""
    table = pa.table({"trial": [7], "val_loss": [40 * [0.25]], "message": ["word " * 40]})
    lines = show(render_leaderboard(table, "", asked=True), 80)
    assert words(lines[1]) == ["trial", "val_loss", "message"]
    text = " ".join(lines)
    assert (text.count("0.25"), text.count("word")) == (40, 40)


def test_a_parameter_that_is_called_like_a_column_keeps_its_prefix(show):
    """The prefix distinguishes a parameter from a column of the same name."""
    table = pa.table({"seed": [1], "param.seed": [2], "param.rate": [0.5]})
    assert show(render_leaderboard(table, ""))[1].split() == ["seed", "param.seed", "rate"]


def test_json_has_the_numbers_in_full(table):
    """JSON has one object a row, and null for a missing value and for NaN."""

    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    assert json.loads(render_text(table, "json"), parse_constant=refuse) == [
        {
            "rank": 1,
            "score": 0.92345678,
            "macs": 7_300_000,
            "param.rate": 0.123456,
            "param.flip": True,
            "message": None,
            "val_loss": [0.5, 0.25],
        },
        {
            "rank": 2,
            "score": None,
            "macs": 999,
            "param.rate": None,
            "param.flip": None,
            "message": "left | right, [red]all[/red]",
            "val_loss": [None],
        },
    ]


def test_csv_has_the_numbers_in_full(table):
    """A missing value is an empty cell, and a list is one quoted cell."""
    rows = list(csv.reader(io.StringIO(render_text(table, "csv"))))
    assert rows[0] == table.column_names
    assert rows[1] == ["1", "0.92345678", "7300000", "0.123456", "True", "", "[0.5, 0.25]"]
    assert rows[2][:3] == ["2", "", "999"]
    assert rows[2][5] == "left | right, [red]all[/red]"


def test_markdown_is_a_table(table):
    """Markdown has a header, a rule and a line a row; bars inside a cell are escaped."""
    assert render_text(table, "md").splitlines() == [
        "| rank | score | macs | param.rate | param.flip | message | val_loss |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| 1 | 92.35 % | 7.3 M | 0.1235 | True | – | 0.5 0.25 |",
        "| 2 | – | 999 | nan | – | left \\| right, [red]all[/red] | nan |",
    ]


@pytest.mark.parametrize(
    ("form", "text"), [("json", "[]"), ("csv", "rank"), ("md", "| rank |\n| --- |")]
)
def test_no_trials_are_no_rows(form, text):
    """A study without a trial has an empty leaderboard, not an error."""
    assert render_text(pa.table({"rank": pa.array([], pa.int32())}), form) == text


@pytest.mark.parametrize("form", TEXT_FORMATS)
def test_a_text_has_no_line_break_at_its_end(table, form):
    """The text ends without a line break, which printing adds."""
    text = render_text(table, form)
    assert text == text.rstrip()


def test_losses_are_plain_numbers(table, show):
    """The objective in the table's metadata gives the form of the score, also in Markdown."""
    losses = table.select(["rank", "score"]).replace_schema_metadata({OBJECTIVE_KEY: b"loss"})
    lines = show(render_leaderboard(losses, "digits-1"))
    assert lines[0] == "digits-1, scored by cross-entropy"
    assert lines[2].split() == ["1", "0.9235"]
    assert render_text(losses, "md").splitlines()[2] == "| 1 | 0.9235 |"
