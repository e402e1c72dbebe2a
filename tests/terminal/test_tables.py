"""Tables that fit the width of a terminal."""

from __future__ import annotations

import pytest
from rich.console import Console

from autocnn.terminal.tables import Column, FittedTable, fit_columns, fold_columns

NAME = Column(name="name", cells=["a_long_name", "b"])  # 11 characters
COUNT = Column(name="parameters", title="n", cells=["7", "1234"], is_number=True)  # 4
NOTE = Column(name="note", cells=["[b]said[/b] in ten words", "–"], fold=8)  # 24, folded 8


@pytest.fixture
def table():
    """A table of three columns: 11 + 2 + 4 + 2 + 24 = 43 characters, 27 with the last folded."""
    return FittedTable(title="[red] things", columns=(NAME, COUNT, NOTE), spare=("parameters",))


def test_a_column_is_as_wide_as_its_widest_line():
    """The line is in the header or a cell; wide characters count as two."""
    assert (NAME.width, COUNT.width, NOTE.width) == (11, 4, 24)
    assert (NAME.least, COUNT.least, NOTE.least) == (11, 4, 8)
    assert Column(name="parameters", cells=["7"]).width == 10
    assert Column(name="n", cells=["one\nthree", "猫猫"]).width == 5
    assert Column(name="n", cells=["猫猫猫"]).width == 6
    assert Column(name="none", cells=[]).width == 4


def test_all_columns_are_side_by_side_if_they_fit(table, show):
    """Numbers are at the right, brackets are text; no frame, no note about width."""
    assert show(table, 43) == [
        "[red] things",
        "name            n  note",
        "a_long_name     7  [b]said[/b] in ten words",
        "b            1234  –",
    ]


def test_long_texts_are_folded_first(table, show):
    """Texts are folded before a column is left out, and remain complete."""
    assert show(table, 31) == [
        "[red] things",
        "name            n  note",
        "a_long_name     7  [b]said[/b]",
        "                   in ten words",
        "b            1234  –",
    ]


def test_spare_columns_are_left_out_next_with_a_note(table, show):
    """The note has the full names of the columns."""
    lines = show(table, 26)
    assert lines[1:3] == ["name         note", "a_long_name  [b]said[/b]"]
    assert " ".join(lines[-3:]).endswith(
        "left out for width: parameters; a wider terminal shows them"
    )


def test_blocks_are_the_last_resort(table, show):
    """Each value has a line, rows are apart by an empty one, and every column is printed."""
    assert show(table, 20) == [
        "[red] things",
        "name        a_long_n",
        "            ame",
        "parameters  7",
        "note        [b]said[",
        "            /b] in",
        "            ten",
        "            words",
        "",
        "name        b",
        "parameters  1234",
        "note        –",
    ]


def test_the_last_spare_column_is_kept_longest():
    """The last of `spare` is left out last, unless only an earlier one fits."""
    columns = [Column(name=name, cells=[n * "x"]) for name, n in (("a", 5), ("b", 9), ("c", 3))]
    kept = {width: fit_columns(columns, ("c", "b"), width) for width in (21, 20, 16, 10, 9, 1)}
    names = {width: "".join(column.name for column in found) for width, found in kept.items()}
    assert names == {21: "abc", 20: "ab", 16: "ab", 10: "ac", 9: "a", 1: "a"}


@pytest.mark.parametrize(
    ("width", "widths"), [(50, [24, 24]), (49, [24, 23]), (34, [24, 8]), (20, [10, 8])]
)
def test_the_last_text_is_folded_first(width, widths):
    """The last text is folded to its minimum, then the one before."""
    assert fold_columns((NOTE, NOTE), width) == widths


def test_a_table_reports_its_full_width(table):
    """The width is that of single lines, on a terminal of any width."""
    console = Console(width=20)
    options = console.options.update(max_width=1000)
    assert console.measure(table, options=options).maximum == 43


def test_no_rows_are_a_header(show):
    """A table without rows has a title and a header."""
    assert show(FittedTable(title="x", columns=(Column(name="rank", cells=[]),))) == ["x", "rank"]


def test_rows_have_styles(table):
    """Each row has its style if there are any."""
    table = FittedTable(title="", columns=(NAME,), styles=("", "red"))
    console = Console(width=80, force_terminal=True, color_system="truecolor")
    with console.capture() as captured:
        console.print(table)
    first, second = captured.get().splitlines()[-2:]
    assert "\x1b[31m" not in first
    assert "\x1b[31m" in second
