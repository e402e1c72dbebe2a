"""Printing to a terminal or a file."""

from __future__ import annotations

import pytest
from rich.text import Text

from autocnn.report.terminal import FILE_WIDTH, print_wide


@pytest.fixture
def output(monkeypatch, capsys):
    """The lines that 200 characters without a break give, on a terminal or in a file."""

    def lines(tty, columns):
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("TTY_COMPATIBLE", tty)
        monkeypatch.setenv("COLUMNS", columns)
        print_wide(Text(200 * "x"))
        return [len(line) for line in capsys.readouterr().out.splitlines()]

    return lines


def test_nothing_is_cut_off_in_a_file(output):
    """Whatever the width of the terminal that the command was given in."""
    assert FILE_WIDTH >= 200
    assert output("0", "80") == [200]


def test_a_terminal_sets_the_width(output):
    """200 characters on 80 columns are three lines."""
    assert output("1", "80") == [80, 80, 40]
