"""The comparison of two trials side by side."""

from __future__ import annotations

import re
from functools import partial

import pytest
from rich.console import Console

from autocnn.objectives import LOSS
from autocnn.space.parameters import Categorical, Fixed, Float, Int, OneOf
from autocnn.space.space import SearchSpace
from autocnn.terminal.two_trials import (
    BAR_WIDTH,
    compare_curves,
    compare_facts,
    compare_parameters,
    render_two_trials,
)
from autocnn.trial import FailureCause, TrialState

SPACE = SearchSpace(
    name="test",
    parameters={
        "filters": Int(low=1, high=64),
        "pool": Categorical(choices=("max", "average", "[b]none[/b]")),
        "rate": Float(low=0.0, high=0.5, when={"pool": OneOf(("max",))}),
        "side": Categorical(choices=(3, 5), when={"pool": OneOf(("average",))}),
        "flip": Categorical(choices=(False, True)),
        "mixed": Categorical(choices=("2", 2)),
        "kernel": Fixed(value=3),
        "never": Int(low=1, high=2),
    },
)


@pytest.fixture
def make_record(make_record):
    """A record of this number and these scores."""
    values = {"filters": 2, "pool": "max", "rate": 0.25, "kernel": 3}
    costs = {"parameters": 161_514, "macs": 1_472_000}
    return partial(make_record, values=values, seed=1234, **costs)


@pytest.fixture
def pair(make_record):
    """Trial 3 reached 75 % in its second epoch; trial 7 was pruned at 60 % after its first."""
    first = make_record(3, 0.5, 0.75, 0.7)
    second = make_record(
        7,
        0.6,
        state="pruned",
        values={"filters": 2, "pool": "average", "side": 3, "kernel": 3},
        origin="recipe:small",
        parameters=1290,
    )
    return first, second


# facts


def test_the_facts_of_both_are_side_by_side(pair):
    """Counts are printed in full."""
    assert compare_facts(*pair) == [
        ("state", "complete", "pruned"),
        ("score", "75.00 %", "60.00 %"),
        ("best epoch", "2", "1"),
        ("epochs", "3", "1"),
        ("seconds", "7.5", "2.5"),
        ("parameters", "161,514", "1,290"),
        ("MACs", "1,472,000", "1,472,000"),
        ("origin", "tpe", "recipe:small"),
        ("precision", "float32", "float32"),
        ("seed", "1234", "1234"),
    ]


def test_unknown_facts_are_dashes(make_record):
    """A running trial has no result."""
    rows = compare_facts(make_record(0, state="running"), make_record(1, 0.5))
    assert [row[:2] for row in rows if row[1] == "–"] == [
        ("score", "–"),
        ("best epoch", "–"),
        ("seconds", "–"),
        ("precision", "–"),
    ]


def test_rare_facts_are_shown_if_one_trial_has_them(make_record, make_result):
    """Such facts are the cause, the parent and the original of a duplicate."""
    failed = make_result(state=TrialState.FAILED, cause=FailureCause.DIVERGED, message="loss nan")
    first = make_record(4, state="failed", result=failed, parent=0)
    second = make_record(5, result=make_result(0.5, duplicate_of=2))
    assert compare_facts(first, second)[-3:] == [
        ("continues", "trial 0", "–"),
        ("repeats", "–", "trial 2"),
        ("reason", "diverged: loss nan", "–"),
    ]


# parameters


def test_every_parameter_of_both_is_listed_in_the_order_of_the_space(pair):
    """An inactive parameter is a dash; one that is inactive in both is left out."""
    assert compare_parameters(*pair, SPACE) == [
        ("filters", "2", "2"),
        ("pool", "max", "average"),
        ("rate", "0.25", "–"),
        ("side", "–", "3"),
        ("kernel", "3", "3"),
    ]


@pytest.mark.parametrize(
    ("name", "ours", "theirs", "texts"),
    [
        ("rate", 0.123412, 0.123434, ("0.123412", "0.123434")),
        ("rate", 0.123412, 0.123412, ("0.1234", "0.1234")),
        ("mixed", 2, "2", ("2", "'2'")),
        ("flip", False, True, ("False", "True")),
    ],
)
def test_different_values_are_printed_differently(make_record, name, ours, theirs, texts):
    """All digits are printed if four are not enough."""
    first, second = (make_record(n, values={name: v}) for n, v in ((0, ours), (1, theirs)))
    assert compare_parameters(first, second, SPACE) == [(name, *texts)]


# the page


def rows_of(lines):
    """The rows of all tables on a page, cell by cell."""
    bars = [line.replace("┃", "│").strip("│") for line in lines if line[:1] in ("│", "┃")]
    return [[cell.strip() for cell in bar.split("│")] for bar in bars]


def test_differing_rows_are_marked_in_a_column_of_their_own(pair, show):
    """The mark is a character, which any terminal can print."""
    lines = show(render_two_trials(*pair, SPACE))
    assert lines[0] == "Trials 3 and 7 (≠ where they differ)"
    rows = rows_of(lines[: lines.index("Validation accuracy (* best epoch; difference in points)")])
    assert rows[0] == ["", "", "trial 3", "trial 7"]
    marks = {row[1]: row[0] for row in rows[1:]}
    assert {name for name, mark in marks.items() if mark == "≠"} == {
        "state", "score", "best epoch", "epochs", "seconds", "parameters", "origin",
        "pool", "rate", "side",
    }  # fmt: skip
    assert set(marks.values()) == {"", "≠"}


def test_differing_rows_are_bold(pair):
    """Equal rows are not bold, and there is no colour."""
    console = Console(width=100, record=True, force_terminal=True, color_system="truecolor")
    with console.capture() as captured:
        console.print(render_two_trials(*pair, SPACE))
    lines = captured.get().splitlines()
    pool, kernel = (
        next(line for line in lines if f" {name}" in line.replace("\x1b[1m", " "))
        for name in ("pool", "kernel")
    )
    assert "\x1b[1mpool" in pool
    assert "\x1b[1mmax" in pool
    assert "\x1b" not in kernel
    assert not re.search(r"\x1b\[[0-9;]*\b[349][0-9]", captured.get())  # codes of colours


def test_brackets_are_text(make_record, show):
    """Brackets in a value are no markup."""
    records = [make_record(n, values={"pool": "[b]none[/b]"}) for n in (0, 1)]
    lines = show(render_two_trials(*records, SPACE))
    assert sum(line.count("[b]none[/b]") for line in lines) == 2


def test_a_page_fits_a_terminal(pair, show):
    """Nothing is cut off in 80 columns."""
    lines = show(render_two_trials(*pair, SPACE), 80)
    assert max(map(len, lines)) <= 80
    assert not any("…" in line for line in lines)


# the curves


def test_the_curves_are_compared_epoch_by_epoch(pair, show):
    """A star marks the best epoch; the difference is the second minus the first, in points."""
    lines = show(render_two_trials(*pair, SPACE))
    rows = rows_of(lines[lines.index("Validation accuracy (* best epoch; difference in points)") :])
    assert rows[0] == ["epoch", "trial 3", "trial 7", "difference"]
    cells = [[cell.rstrip("█ ") for cell in row] for row in rows[1:]]
    assert cells == [
        ["1", "50.00 %", "60.00 % *", "+10.00"],
        ["2", "75.00 % *", "–", "–"],
        ["3", "70.00 %", "–", "–"],
    ]


def test_bars_have_one_scale_for_both(pair, show):
    """One block is the least of both, 50 %, all blocks are the largest, 75 %; 60 % is 40 %."""
    rows = rows_of(show(compare_curves(*pair)))[1:]
    assert rows[0][1].count("█") == 1
    assert rows[1][1].count("█") == BAR_WIDTH == 14
    assert rows[0][2].count("█") == 1 + round(0.4 * 13) == 6


def test_small_differences_are_not_blown_up(make_record, show):
    """The scale spans at least a point, so a tenth of a point is a tenth of a bar."""
    first, second = make_record(0, 0.9), make_record(1, 0.899)
    [row] = rows_of(show(compare_curves(first, second)))[1:]
    assert [cell.count("█") for cell in row[1:3]] == [14, 1 + round(0.9 * 13)]


def test_trials_without_a_curve_have_a_line(make_record, show):
    """One line replaces the empty table."""
    records = [make_record(number, state="running") for number in (0, 1)]
    assert compare_curves(*records) is None
    lines = show(render_two_trials(*records, SPACE))
    assert lines[-1] == "Neither trial finished an epoch: there is no learning curve."


def test_one_curve_is_enough(make_record, show):
    """The column of the trial without a curve has dashes."""
    first, second = make_record(0, state="running"), make_record(1, 0.5)
    [row] = rows_of(show(compare_curves(first, second)))[1:]
    assert row[:2] == ["1", "–"]
    assert row[3] == "–"


def test_losses_are_compared_as_plain_numbers(make_record, show):
    """The fact, the title, the cells and the difference have no percent."""
    first, second = make_record(0, 0.5), make_record(1, 0.25)
    assert ("score", "0.5000", "0.2500") in compare_facts(first, second, LOSS)
    lines = show(compare_curves(first, second, LOSS))
    assert lines[0].strip() == "Validation cross-entropy (* best epoch)"
    [row] = rows_of(lines)[1:]
    assert (row[1][:6], row[2][:6], row[3]) == ("0.5000", "0.2500", "-0.2500")
