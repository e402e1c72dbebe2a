"""The tables of names, and what is drawn or written under each name."""

from __future__ import annotations

import pyarrow as pa

from autocnn.report.choices import PLOT_FILES, PLOTS, TEXT_FORMATS
from autocnn.report.figure_html import WRITERS
from autocnn.report.figures import TITLES
from autocnn.report.leaderboard_text import render_text


def test_every_figure_has_a_title():
    """The table of figures and the table of titles have equal names."""
    assert set(TITLES) == set(PLOTS)


def test_every_ending_of_a_figure_has_a_writer():
    """The list of endings and the table of writers agree."""
    assert tuple(WRITERS) == PLOT_FILES


def test_every_text_format_can_be_written():
    """Each format gives a different text of the same rows."""
    table = pa.table({"rank": pa.array([1], pa.int32())})
    assert len({render_text(table, form) for form in TEXT_FORMATS}) == len(TEXT_FORMATS)
