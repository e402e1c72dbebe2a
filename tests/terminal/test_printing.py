"""Printing to a terminal or a file."""

from __future__ import annotations

import pytest
from rich.console import Group
from rich.text import Text

from autocnn.terminal.printing import fold_line, print_closing, print_wide
from autocnn.terminal.tables import Column, FittedTable


@pytest.fixture
def output(monkeypatch, capsys):
    """The lines of a renderable on a terminal (tty "1") or in a file ("0")."""

    def lines(renderable, tty, columns="80"):
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("TTY_COMPATIBLE", tty)
        monkeypatch.setenv("COLUMNS", columns)
        print_wide(renderable)
        return capsys.readouterr().out.splitlines()

    return lines


@pytest.mark.parametrize("length", [1, 200, 5000])
def test_nothing_is_cut_off_in_a_file(output, length):
    """The width of the terminal does not matter in a file."""
    assert output(Text(length * "x"), "0") == [length * "x"]


def test_a_terminal_sets_the_width(output):
    """200 characters on 80 columns are three lines."""
    assert [len(line) for line in output(Text(200 * "x"), "1")] == [80, 80, 40]


def test_a_file_has_the_whole_table(output):
    """A hundred columns are side by side, also in a group with other output."""
    columns = [Column(name=f"param.parameter_{i}", cells=[10 * "y"]) for i in range(100)]
    table = FittedTable(title="t", columns=columns, spare=[column.name for column in columns])
    lines = output(Group(table, Text("end")), "0")
    assert len(lines) == 4
    assert lines[1].split() == [column.name for column in columns]
    assert lines[2].split() == 100 * [10 * "y"]


def test_nothing_is_an_empty_line(output):
    """An empty text has a width of zero and is one empty line."""
    assert output(Text(""), "0") == [""]


def test_a_closing_line_is_folded_between_words():
    """What follows stands below the text; a number and its % stay together."""
    line = "test accuracy  86.69 %  (1331 errors in 10000; 95 % interval 86.01 % to 87.34 %)"
    assert fold_line(line, 40) == [
        "test accuracy  86.69 %  (1331 errors in",
        "               10000; 95 % interval",
        "               86.01 % to 87.34 %)",
    ]
    assert fold_line(line, 200) == [line]
    assert fold_line("model          " + "x" * 40, 40)[-1].strip() == "x" * 40


def test_closing_lines_in_a_pipe_are_not_folded(capsys):
    """A program reads them line by line."""
    print_closing(["test accuracy  " + "word " * 50])
    assert len(capsys.readouterr().out.splitlines()) == 1
