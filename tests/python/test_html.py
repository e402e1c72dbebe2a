"""Tables of HTML for notebooks."""

from __future__ import annotations

from autocnn.python import html


def test_texts_are_escaped():
    """Tags, quotation marks and control characters."""
    assert html.escape("<b a=\"1\" c='2'>&\x1b") == (
        "&lt;b a=&quot;1&quot; c=&#x27;2&#x27;&gt;&amp;\\x1b"
    )
    for page in (html.line("<b>"), html.table(["<b>"], [["<b>"]]), html.bar("<b>", 1, 2, "<b>")):
        assert "<b>" not in page
        assert "&lt;b&gt;" in page


def test_numbers_stand_on_the_right():
    """Columns of texts are named."""
    page = html.table(["name", "n"], [["a", 1]], left=["name"])
    cells = [part for part in page.split("<t") if part.startswith("d ")]
    assert ["left" in cells[0], "right" in cells[1]] == [True, True]


def test_a_bar_is_as_long_as_what_is_done():
    """1 of 4 is a quarter; more than all is all, and nothing of nothing is none."""
    assert "width:25.0%" in html.bar("a", 1, 4)
    assert "width:100.0%" in html.bar("a", 5, 4)
    assert "width:0.0%" in html.bar("a", 0, 0)
