"""The leaderboard as a table, JSON, CSV and Markdown."""

from __future__ import annotations

import csv
import io
import json
import math

import pyarrow as pa
import pytest

from autocnn.report.leaderboard import FORMATS, render_table, render_text


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
    """Percentages, counts and dashes; brackets are text."""
    lines = show(render_table(table, "digits-1 [2 trials]"))
    assert lines[0] == "digits-1 [2 trials]"
    header, first, second = (
        [cell.strip() for cell in line.replace("┃", "│").strip("│").split("│")]
        for line in (lines[2], lines[4], lines[5])
    )
    assert header == [
        "rank",
        "score",
        "macs",
        "param.rate",
        "param.flip",
        "message",
        "val_loss",
    ]
    assert first == ["1", "92.35 %", "7.3 M", "0.1235", "True", "–", "0.5 0.25"]
    assert second == ["2", "–", "999", "nan", "–", "left | right, [red]all[/red]", "nan"]


def test_a_table_sets_numbers_to_the_right(table):
    """And text to the left."""
    columns = render_table(table, "").columns
    assert [column.justify for column in columns] == 4 * ["right"] + 3 * ["left"]


def test_json_has_the_numbers_in_full(table):
    """One object a row; null for what is missing and for NaN, which JSON has not."""

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
    """Empty where a value is missing; a list in one quoted cell."""
    rows = list(csv.reader(io.StringIO(render_text(table, "csv"))))
    assert rows[0] == table.column_names
    assert rows[1] == ["1", "0.92345678", "7300000", "0.123456", "True", "", "[0.5, 0.25]"]
    assert rows[2][:3] == ["2", "", "999"]
    assert rows[2][5] == "left | right, [red]all[/red]"


def test_markdown_is_a_table(table):
    """A header, a rule, a line a row; bars inside a cell are escaped."""
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


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "table"])
def test_a_text_has_no_line_break_at_its_end(table, form):
    """Printing adds it."""
    text = render_text(table, form)
    assert text == text.rstrip()
