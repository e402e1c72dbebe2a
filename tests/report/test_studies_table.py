"""The studies as a table."""

from __future__ import annotations

import pytest

from autocnn.records.overview import StudySummary
from autocnn.report.studies import render_studies, size_text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (34_540_000, "34.5 MB"),
        (999_960_000, "1.0 GB"),
        (2_000_000_000_000_000, "2000.0 TB"),
    ],
)
def test_a_size_has_a_unit(size, text):
    """Decimal ones, as disks have."""
    assert size_text(size) == text


def test_every_study_has_a_row(show):
    """What is not known is a dash; the sizes are added up."""
    known = StudySummary(
        name="a",
        state="finished",
        size=1500,
        created="2026-01-02T03:04:05+00:00",
        dataset="mnist",
        proposer="tpe",
        trials=12,
        best=0.985,
    )
    unknown = StudySummary(name="b[red]", state="unreadable", size=500)
    shown = [line.split() for line in show(render_studies([known, unknown], "results"))]
    assert [cell for row in shown for cell in row if cell == "results"] == ["results"]
    text = [" ".join(cell for cell in row if cell != "│") for row in shown]
    assert "a finished mnist tpe 12 98.50 % 1.5 kB 2026-01-02 03:04" in text
    assert "b[red] unreadable – – – – 500 B" in text
    assert "total 2.0 kB" in text
