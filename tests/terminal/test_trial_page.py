"""The page of one trial on a terminal."""

from __future__ import annotations

from functools import partial

import pytest

from autocnn.objectives import LOSS
from autocnn.space.config import Block, TrialConfig
from autocnn.space.layers import plan_network
from autocnn.terminal.trial_page import CURVE_HEIGHT, draw_curve, render_trial
from autocnn.trial import FailureCause, TrialState

CONFIG = TrialConfig(blocks=(Block(filters=(2,), pool="max"),))


@pytest.fixture
def make_record(make_record):
    """A record of trial 7: 2 filters of 3x3 with biases, then 32 inputs to 10 classes."""
    values = {"filters": 2, "rate": 0.123456, "flip": False}
    costs = {"parameters": 350, "macs": 1472}
    return partial(make_record, 7, values=values, config=CONFIG, seed=1234, **costs)


@pytest.fixture
def page(show):
    """A function that returns the lines of a record's page."""

    def lines(record, width=120):
        return show(render_trial(record, plan_network(record.config, (8, 8, 1), 10)), width)

    return lines


# the curve


def test_a_curve_is_drawn_in_columns():
    """From 50 % to 80 % in four rows, 60 % is one of three steps above the lowest."""
    assert draw_curve([0.5, 0.6, 0.8], height=4).splitlines() == [
        "  80.00 % │      ██ ",
        "          │      ██ ",
        "          │   ██ ██ ",
        "  50.00 % │██ ██ ██ ",
        "          └─────────",
        "           1  2  3  ",
    ]


def test_a_flat_curve_is_not_blown_up():
    """A tenth of a point is a tenth of the height."""
    top, *_, bottom = draw_curve([0.9, 0.899], height=11).splitlines()[:11]
    assert top == "  90.00 % │██    "
    assert bottom == "  89.00 % │██ ██ "


@pytest.mark.parametrize("n", [1, 2, 9, 10, 23, 30, 34, 35, 69, 70, 100, 250, 1000])
@pytest.mark.parametrize("room", [1, 5, 29, 69, 109])
def test_a_curve_fits_with_its_last_epoch(n, room):
    """All lines have the length of the axis, whose last number is the last epoch."""
    lines = draw_curve([0.5 + i / 10_000 for i in range(n)], room=room).splitlines()
    assert len(lines) == CURVE_HEIGHT + 2
    assert {len(line) for line in lines[:-1]} == {len(lines[-2])}
    assert len(lines[-2]) <= 11 + room
    assert lines[-1].split()[-1] == str(n)
    assert lines[0].rstrip().endswith("█")
    if room > 1:
        assert len(lines[-1]) == len(lines[-2])


def test_one_epoch_is_a_full_column():
    """The only epoch is the best one, with a full column."""
    rows = draw_curve([1.0]).splitlines()[:CURVE_HEIGHT]
    assert rows[0] == " 100.00 % │██ "
    assert rows[-1] == "  99.00 % │██ "
    assert all(row.endswith("│██ ") for row in rows)


# the page


def test_a_page_begins_with_the_result_of_the_trial(page, make_record):
    """The head has state, origin, seed, score, epochs, time and precision."""
    lines = page(make_record(0.5, 0.9234, 0.9))
    assert lines[:2] == [
        "Trial 7  complete  from tpe  seed 1234",
        "score 92.34 % in epoch 2 of 3, 0:07 (12 CPU s), float32",
    ]


def cells(lines):
    """The rows of all tables on a page."""
    bars = [line.replace("┃", "│").strip("│") for line in lines if line[:1] in ("│", "┃")]
    return [[cell.strip() for cell in bar.split("│")] for bar in bars]


def test_layers_are_listed_with_shapes_and_costs(page, make_record):
    """2·9 + 2 = 20 and 32·10 + 10 = 330 parameters; 64·2·9 = 1152 and 320 MACs."""
    rows = cells(page(make_record(0.5)))
    assert rows[0] == ["layer", "output shape", "parameters", "MACs"]
    costs = [row[1:] for row in rows if len(row) == 4 and (row[2] or row[3])][1:]
    assert costs == [
        ["8 × 8 × 2", "20", "1.2 k"],
        ["10", "330", "320"],
        ["", "350", "1.5 k"],
    ]


def test_parameters_are_listed(page, make_record):
    """Only active parameters have values; numbers are shortened."""
    values = {"filters": 2, "rate": 0.123456, "flip": False, "pool": "[b]x[/b]"}
    rows = cells(page(make_record(0.5, values=values)))
    assert [row for row in rows if len(row) == 2] == [
        ["filters", "2"],
        ["rate", "0.1235"],
        ["flip", "False"],
        ["pool", "[b]x[/b]"],
    ]


def test_the_curve_closes_the_page(page, make_record):
    """The title of the curve is above it."""
    lines = page(make_record(0.5, 0.75))
    title = lines.index("Learning curve (validation accuracy)")
    assert lines[title + 1 :] == [line.rstrip() for line in draw_curve([0.5, 0.75]).splitlines()]


def test_a_long_curve_keeps_its_shape(page, make_record):
    """Its bars are narrow, and the axis ends with the last epoch."""
    lines = page(make_record(*(0.5 + i / 100 for i in range(30))), width=80)
    title = lines.index("Learning curve (validation accuracy)")
    curve = lines[title + 1 :]
    assert len(curve) == CURVE_HEIGHT + 2
    assert curve[-3].count("█") == 30
    assert curve[-1].split()[-3:] == ["26", "28", "30"]
    assert max(map(len, lines)) <= 80


def test_a_very_long_curve_shows_every_second_epoch(page, make_record):
    """A note has the step; the last of 101 epochs has the highest bar."""
    scores = [0.5] * 100 + [0.9]
    lines = page(make_record(*scores), width=80)
    title = lines.index("Learning curve (validation accuracy, every 2 epochs)")
    top, *_, axis, labels = lines[title + 1 :]
    assert top == "  90.00 % │" + " " * 50 + "█"
    assert axis == " " * 10 + "└" + "─" * 51
    assert labels.split()[0] == "1"
    assert labels.endswith(" 101")
    assert len(labels) == len(axis)


def test_a_failed_trial_shows_its_cause(page, make_record, make_result):
    """Without an epoch there is no curve; brackets in the message are text."""
    result = make_result(
        state=TrialState.FAILED, cause=FailureCause.ERROR, message="ValueError: [0] is [red]"
    )
    lines = page(make_record(state="failed", result=result))
    assert lines[:3] == [
        "Trial 7  failed  from tpe  seed 1234",
        "score – in epoch – of 0, 0:00 (0 CPU s), float32",
        "error: ValueError: [0] is [red]",
    ]
    assert "Learning curve (validation accuracy)" not in lines


def test_a_running_trial_has_no_score_yet(page, make_record):
    """The values of a running trial that exist are shown."""
    lines = page(make_record(state="running"))
    assert lines[0] == "Trial 7  running  from tpe  seed 1234"
    assert not any(line.startswith("score") for line in lines)


def test_the_page_of_a_loss_has_plain_numbers(make_record, show):
    """The score, the title of the curve and its labels have no percent."""
    record = make_record(0.5, 0.25)
    network = plan_network(record.config, (8, 8, 1), 10)
    lines = show(render_trial(record, network, LOSS), 120)
    assert any(line.startswith("score 0.5000 in epoch 1 of 2") for line in lines)
    at = lines.index("Learning curve (validation cross-entropy)")
    assert lines[at + 1].startswith("   0.5000 │")


def test_the_axis_of_a_tiny_loss_stays_above_zero():
    """A cross-entropy is never negative, and its differences are visible."""
    lines = draw_curve([0.004, 0.002, 0.001], objective=LOSS).splitlines()
    assert "-" not in "".join(line.partition("│")[0] for line in lines[:CURVE_HEIGHT])
    assert lines[0].split("│")[1].count(" ") > 0
