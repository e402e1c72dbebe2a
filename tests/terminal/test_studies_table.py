"""The studies as a table."""

from __future__ import annotations

import pytest

from autocnn.leaderboard.studies import StudySummary
from autocnn.terminal.studies_table import render_studies, size_text


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
    """Units are decimal, as those of disks."""
    assert size_text(size) == text


def test_every_study_has_a_row(show):
    """Unknown values are dashes; the sizes are added up."""
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
    text = [" ".join(row) for row in shown]
    assert "a finished mnist tpe 12 98.50 % 1.5 kB 2026-01-02 03:04" in text
    assert "b[red] unreadable – – – – 500 B" in text
    assert "total 2.0 kB" in text


@pytest.mark.parametrize("dataset", ["fashion_mnist", "/home/ada/pictures/of many/flowers"])
def test_names_are_whole_on_a_narrow_terminal(show, dataset):
    """The next command needs the whole name; paths are folded and two columns left out."""
    names = ["fashion-20m", "fashion-20m-no-recipes", "fashion-200m"]
    common = {"state": "unfinished", "size": 134_500_000, "proposer": "evolution", "best": 1.0}
    created = "2026-01-02T03:04:05+00:00"
    studies = [
        StudySummary(name=name, dataset=dataset, trials=1000, created=created, **common)
        for name in names
    ]
    lines = show(render_studies(studies, "results"), 80)
    assert [line.split()[0] for line in lines[2:] if line.split()[0] in names] == names
    assert [line.split()[1] for line in lines[2:] if line.split()[0] in names] == ["unfinished"] * 3
    assert not any("…" in line for line in lines)
    assert max(map(len, lines)) <= 80
    assert lines[-1] == "left out for width: proposer, created; a wider terminal shows them"
    assert any("2026-01-02 03:04" in line for line in show(render_studies(studies, "results"), 140))


def test_the_best_loss_is_a_plain_number(show):
    """The objective of each study gives the form of its best score."""
    study = StudySummary(name="a", state="finished", size=0, objective="loss", best=0.25)
    assert any(" 0.2500 " in line for line in show(render_studies([study], "results"), 140))
