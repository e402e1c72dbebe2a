"""Texts from files cannot move the cursor or fake a line."""

from __future__ import annotations

import io

import pytest
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from autocnn.terminal.escaping import SafeConsole, escape_controls, print_line

EVIL = "cat\x1b[2J\nautocnn: all is well\r\x07\u202e"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("28×28 σ", "28×28 σ"),
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\nb\tc", r"a\nb\tc"),
        ("\udcff", r"\udcff"),
        ("\u202egnp", r"\u202egnp"),  # turns the direction of what follows
    ],
)
def test_what_is_not_printed_is_escaped(text, shown):
    """Printed characters stay as they are, those of other alphabets too."""
    assert escape_controls(text) == shown


def test_a_line_is_one_line():
    """A newline in a name does not begin another line."""
    stream = io.StringIO()
    print_line(EVIL, stream)
    assert stream.getvalue() == "cat\\x1b[2J\\nautocnn: all is well\\r\\x07\\u202e\n"


@pytest.mark.parametrize("frame", [Text, Panel.fit, lambda text: _table(text)])
def test_tables_and_panels_are_escaped(frame):
    """Whatever the text stands in; colours of the console's own stay."""
    stream = io.StringIO()
    console = SafeConsole(file=stream, force_terminal=True, width=100, color_system="standard")
    console.print(frame(Text(EVIL, "bold")) if frame is not Text else Text(EVIL, "bold"))
    written = stream.getvalue()
    assert "\x1b[1m" in written
    assert "\x1b[2J" not in written
    assert r"cat\x1b[2J" in written
    assert not {"\r", "\x07", "\u202e"}.intersection(written)


def _table(text):
    table = Table("class")
    table.add_row(text)
    return table
