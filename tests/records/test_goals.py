"""The goals of a study: the score, and what a network costs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autocnn.records.goals import COSTS, are_goals, split_goals


def test_goals_are_split_at_commas():
    """The objective comes first; spaces do not count."""
    assert split_goals("accuracy") == ("accuracy", ())
    assert split_goals("loss, size,latency") == ("loss", ("size", "latency"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("accuracy", True),
        ("accuracy,size", True),
        ("macro_f1,macs,latency,size", True),
        ("size", False),  # a cost alone is no score
        ("size,accuracy", False),
        ("accuracy,size,size", False),
        ("accuracy,", False),
        ("accuracy,loss", False),  # one score
        ("", False),
    ],
)
def test_only_a_score_and_costs_are_goals(text, expected):
    """A score stands first, and each cost once after it."""
    assert are_goals(text) is expected


def test_costs_are_those_of_the_proposal_and_the_result(make_record):
    """Parameters and MACs are known without a result; the latency is measured."""
    trial = make_record(0, 0.5)
    values = {name: cost.of(trial) for name, cost in COSTS.items()}
    assert values == {"size": 100, "macs": 88_000, "latency": None}
    assert trial.result is not None
    measured = replace(trial, result=replace(trial.result, latency_ms=2.5))
    assert COSTS["latency"].of(measured) == 2.5
