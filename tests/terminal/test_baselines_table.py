"""The baselines as a table."""

from __future__ import annotations

import pytest

from autocnn.space.space import Published
from autocnn.terminal.baselines_table import BaselineFacts, render_baselines


@pytest.mark.parametrize(
    ("figures", "cells"),
    [
        ({"test_accuracy": 0.6598, "epochs": 100}, ["100", "32", "65.98", "%"]),
        ({}, ["–", "32", "–"]),
    ],
)
def test_a_baseline_is_one_row(show, figures, cells):
    """Parameters are in full, unpublished values are dashes, brackets are no markup."""
    baseline = BaselineFacts(
        name="small",
        description="a network",
        image_shape=(32, 32, 3),
        parameters=528_054,
        macs=1_762_184,
        batch_size=32,
        published=Published(dataset="cifar10", source="a [red] book", **figures),
    )
    lines = [line.split() for line in show(render_baselines([baseline]), width=80)]
    titles = ["name", "data", "set", "parameters", "MACs", "epochs", "batch", "published"]
    assert lines == [
        titles,
        ["small", "cifar10", "528,054", "1.8", "M", *cells],
        [],
        ["name", "source"],
        ["small", "a", "[red]", "book"],
    ]
