"""The page of a search space on a terminal."""

from __future__ import annotations

import math

import pytest

from autocnn.space.config import Block, Dense
from autocnn.space.parameters import Between, Categorical, Fixed, Float, Int, OneOf
from autocnn.space.space import SearchSpace
from autocnn.space.survey import Survey
from autocnn.terminal.space_page import (
    describe_explicit,
    describe_survey,
    describe_values,
    render_space,
)


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        (Fixed(value=3), "3"),
        (Fixed(value="same"), "same"),
        (Categorical(choices=("max", 2, False)), "max, 2, False"),
        (Int(low=1, high=3), "1 to 3"),
        (Int(low=8, high=64, step=8), "8 to 64 in steps of 8"),
        (Int(low=32, high=512, log=True), "32 to 512, logarithmic"),
        (Float(low=0.8, high=0.98), "0.8 to 0.98"),
        (Float(low=0.0, high=0.5, step=0.05), "0 to 0.5 in steps of 0.05"),
        (Float(low=1e-5, high=0.1, log=True), "1e-05 to 0.1, logarithmic"),
    ],
)
def test_values_are_one_line(parameter, text):
    """A line has a range with its step or scale, or the choices."""
    assert describe_values(parameter) == text


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (OneOf(("a", "b")), "pool = a, b"),
        (OneOf((True,)), "pool = True"),
        (Between(low=1), "pool ≥ 1"),
        (Between(low=0.5, high=2), "pool from 0.5 to 2"),
        (Between(high=2), "pool ≤ 2"),
    ],
)
def test_a_condition_is_written_in_words(show, condition, text):
    """The condition is in the row of its parameter."""
    space = SearchSpace(name="s", parameters={"rate": Fixed(value=1, when={"pool": condition})})
    assert f"│ {text} " in "\n".join(show(render_space(space)))


def test_parameters_are_in_drawing_order(show):
    """Each parameter has its values and conditions; brackets are text."""
    space = SearchSpace(
        name="mine",
        description="a space [of mine]",
        parameters={
            "pool": Categorical(choices=("max", "[dim]none[/dim]")),
            "kernel": Int(low=3, high=5),
            "dropout": Fixed(value=0.5, when={"pool": OneOf(("max",)), "kernel": Between(low=4.0)}),
        },
    )
    lines = show(render_space(space))
    assert lines[0] == "mine: a space [of mine]"
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines[4:-1]]
    assert rows == [
        ["pool", "max, [dim]none[/dim]", ""],
        ["kernel", "3 to 5", ""],
        ["dropout", "0.5", "pool = max, kernel ≥ 4"],
    ]


def test_an_explicit_architecture_is_listed():
    """Blocks come first, then dense layers; a space of parameters only has no list."""
    explicit = SearchSpace(
        name="s", parameters={}, blocks=(Block(filters=(8, 16)),), dense=(Dense(units=32),)
    )
    first, second = describe_explicit(explicit)
    assert "filters=(8, 16)" in first
    assert "units=32" in second
    assert describe_explicit(SearchSpace(name="s", parameters={})) == []


def make_survey(**changes):
    """A function that makes a survey in which 800 of 1000 samples are feasible."""
    fields = {
        "points": 1_234_567.0,
        "samples": 1000,
        "feasible": 800,
        "parameters": (90.0, 1290.0, 20_000.0, 350_000.0, 4e6),
        "macs": (1000.0, 2000.0, 3000.0, 4000.0, 40e6),
        "reason": "5,000,000 parameters are above the limit of 4,000,000",
    }
    return Survey(**{**fields, **changes})


SPACE = SearchSpace(name="mine", parameters={})


def test_a_dry_run_prints_the_survey_of_the_space():
    """The lines have points, feasible samples, costs, and reasons of infeasible ones."""
    assert describe_survey(SPACE, make_survey(), (28, 28, 1)) == [
        "space mine for images of 28×28×1: 1,234,567 points, "
        "80.0 % of 1,000 random samples are feasible",
        "                 least       25%       50%       75%      most",
        "parameters          90     1.3 k    20.0 k   350.0 k     4.0 M",
        "MACs             1.0 k     2.0 k     3.0 k     4.0 k    40.0 M",
        "an infeasible one: 5,000,000 parameters are above the limit of 4,000,000",
    ]


@pytest.mark.parametrize(("points", "text"), [(math.inf, "continuous"), (16.0, "16 points")])
def test_a_continuous_space_has_no_number_of_points(points, text):
    """The number of points is "continuous"."""
    head = describe_survey(SPACE, make_survey(points=points), (8, 8, 1))[0]
    assert head.startswith(f"space mine for images of 8×8×1: {text}, ")


def test_costs_are_those_of_feasible_points():
    """Without a feasible point only the reason is printed."""
    lines = describe_survey(SPACE, make_survey(feasible=0), (8, 8, 1))
    assert [line.split(":")[0] for line in lines[1:]] == ["an infeasible one"]


def test_a_space_that_is_feasible_throughout_has_no_reason():
    """The last line has the costs."""
    lines = describe_survey(SPACE, make_survey(feasible=1000, reason=""), (8, 8, 1))
    assert lines[-1].startswith("MACs ")
