"""The comparison of known networks, in Markdown and on a terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autocnn.plans.networks import ComparedRow
from autocnn.report.networks_page import comparison_markdown
from autocnn.terminal.networks_table import render_networks


@pytest.fixture
def rows():
    """A network of three seeds, and one that was never trained."""
    return [
        ComparedRow(
            name="cnn_16_32_64", n=3, failed=0, test=0.6612, test_sd=0.0041, validation=0.67,
            epochs=17.0, seconds=61.2, parameters=528_054, macs=3_000_000, published=0.6598,
            source="a course", tests=(0.66, 0.66, 0.66),
        ),
        ComparedRow(
            name="mine", n=0, failed=2, test=None, test_sd=None, validation=None, epochs=None,
            seconds=None, parameters=None, macs=None, published=None, source="", tests=(),
        ),
    ]  # fmt: skip


def test_the_markdown_has_ours_beside_theirs(rows):
    """The page describes the training and names the sources of the published figures."""
    lines = comparison_markdown(rows, "Known networks", "At most 30 epochs.").splitlines()
    assert lines[:3] == ["# Known networks", "", "At most 30 epochs."]
    assert lines[6] == (
        "| cnn_16_32_64 | 66.12 % ± 0.41 | 65.98 % | 67.00 % | 17 | 61.2 | 528,054 | 3.0 M | 3 |"
    )
    assert lines[7] == "| mine | – | – | – | – | – | – | – | 0 (2 failed) |"
    assert lines[-1] == "- cnn_16_32_64: a course"


def test_the_terminal_shows_the_rows_of_the_page(rows, show):
    """The terminal has one row for each network."""
    drawn = "\n".join(show(render_networks(rows, "Known networks"), 140))
    for text in ("Known networks", "66.12 % ± 0.41", "65.98 %", "528,054", "0 (2 failed)"):
        assert text in drawn


def test_test_time_augmentation_is_apart_from_the_table(rows, show):
    """The table compares scores without augmentation only."""
    augmented = [replace(rows[0], augmented=0.7), rows[1]]
    note = "cnn_16_32_64: 70.00 % with its published test-time augmentation"
    assert note in comparison_markdown(augmented, "Known networks", "")
    assert note in "\n".join(show(render_networks(augmented, "Known networks"), 140))
    assert "augmentation" not in comparison_markdown(rows, "Known networks", "")


def test_names_and_numbers_are_whole_on_a_narrow_terminal(rows, show):
    """A note lists the columns that are left out, which the file has."""
    rows = [replace(rows[0], name="winner of fashion-20m-wide (trial 7)"), rows[0]]
    lines = show(render_networks(rows, "Known networks"), 80)
    assert not any("…" in line for line in lines)
    assert [line.split("  ")[0] for line in lines[2:4]] == [row.name for row in rows]
    assert all("66.12 % ± 0.41    65.98 %" in line for line in lines[2:4])
    assert lines[-1].startswith("left out for width: ")
    assert lines[-1].endswith("; compare.md has them")


def test_published_networks_fit_a_narrow_terminal(rows, show):
    """All columns of the published networks fit."""
    lines = show(render_networks([replace(rows[0], test_sd=None)], "Known networks"), 80)
    head = "network test published valid. epochs s params MACs n"
    assert " ".join(lines[1].split()) == head
    assert len(lines) == 3
    assert "528,054" in lines[2]
