"""The charts of a study on a terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autocnn.objectives import LOSS
from autocnn.report.formatting import BARS
from autocnn.terminal.charts import (
    HEIGHT,
    WIDTH,
    Scale,
    draw_bars,
    fit_scale,
    render_curves,
    render_history,
    render_importances,
)
from autocnn.trial import TrialState

PRUNED = TrialState.PRUNED


@pytest.fixture
def history(show):
    """The lines of the plot by trial: title, rows, axis, numbers, legend, counts."""

    def lines(*records, width=80):
        return show(render_history(records, "look"), width)

    return lines


# scales


def test_a_scale_goes_from_the_least_to_the_largest():
    """Of three levels the middle one is half way."""
    scale = fit_scale([0.5, 0.9], 3)
    assert scale == Scale(0.5, 0.9, 3)
    assert [scale.level(v) for v in (0.0, 0.5, 0.69, 0.72, 0.9, 1.0)] == [0, 0, 1, 1, 2, 2]
    assert [scale.value(level) for level in range(3)] == pytest.approx([0.5, 0.7, 0.9])


def test_outliers_do_not_flatten_the_scale():
    """With quartiles 0.8 and 0.9 lower values than 0.65 are outliers."""
    assert fit_scale([0.1, 0.8, 0.8, 0.85, 0.9, 0.9, 0.9], 3).low == 0.8
    assert fit_scale([0.7, 0.8, 0.8, 0.85, 0.9, 0.9, 0.9], 3).low == 0.7


def test_few_values_are_all_shown():
    """Three values are too few for quartiles, so none is an outlier."""
    assert fit_scale([0.1, 0.9, 0.9], 3).low == 0.1


def test_equal_values_are_not_blown_up():
    """The scale covers at least one percentage point."""
    scale = fit_scale([0.9, 0.9], 3)
    assert (scale.low, scale.high) == (pytest.approx(0.89), 0.9)


# scores by trial


def test_a_history_is_drawn(history, make_record):
    """From 70 % to 94 % with two points a row, the best rises at trial 1 and stays."""
    lines = history(
        make_record(0, 0.7), make_record(1, 0.94), make_record(2, 0.86), make_record(3, 0.82)
    )
    rows = [line.partition("┤" if "┤" in line else "│")[2] for line in lines[1 : 1 + HEIGHT]]
    assert lines[0] == "look: validation accuracy by trial"
    assert rows[0] == " " * 20 + "●" + "─" * 39  # trial 1 is at a third of the width
    assert rows[4] == " " * 20 + "│" + " " * 18 + "●"
    assert rows[6] == " " * 20 + "│" + " " * 38 + "●"
    assert rows[11] == " " * 20 + "│"
    assert rows[12] == "●" + "─" * 19 + "╯"
    assert [line[:10].strip() for line in lines[1 : 1 + HEIGHT : 4]] == [
        "94.00 %",
        "86.00 %",
        "78.00 %",
        "70.00 %",
    ]
    assert lines[14] == " " * 10 + "└┬" + "─" * 19 + "┬" + "─" * 18 + "┬" + "─" * 19 + "┬"
    assert lines[15] == "     trial 0" + " " * 19 + "1" + " " * 18 + "2" + " " * 19 + "3"
    assert lines[16:] == [
        "● trial   ─ best so far",
        "4 trials: 4 complete; best 94.00 % (trial 1)",
    ]


def test_one_trial_is_one_dot(history, make_record):
    """The dot is on the top row, and the scale covers a point below it."""
    lines = history(make_record(0, 0.95))
    assert lines[1] == "  95.00 % ┤●"
    assert lines[HEIGHT] == "  94.00 % ┤"
    assert lines[15] == "     trial 0"
    assert lines[17] == "1 trial: 1 complete; best 95.00 % (trial 0)"


def test_a_thousand_trials_fit(history, make_record):
    """The width is that of a small study, and the line ends at the best score."""
    records = [make_record(n, 0.5 + (n * 37 % 1000) / 2500) for n in range(1000)]
    lines = history(*records)
    assert max(len(line) for line in lines) <= 80
    assert lines[15].split() == ["trial", "0", "250", "500", "749", "999"]
    assert lines[1].startswith("  89.96 % ┤  ●●─●●─●─●●─")
    assert all("●" in line for line in lines[1 : 1 + HEIGHT])


def test_a_stopped_trial_raises_the_line_and_a_pruned_one_does_not(history, make_record):
    """From 80 % to 92 %, a point a row; the ring of the pruned trial is above the line."""
    lines = history(
        make_record(0, 0.8),
        make_record(1, 0.9, state=TrialState.STOPPED),
        make_record(2, 0.92, state=PRUNED),
        make_record(3, 0.85),
    )
    assert lines[1] == "  92.00 % ┤" + " " * 39 + "○"
    assert lines[3] == "          │" + " " * 20 + "●" + "─" * 39
    assert lines[-1].endswith("best 90.00 % (trial 1)")


def test_pruned_trials_have_a_mark_of_their_own(history, make_record):
    """A ring marks the best epoch; a wedge at the bottom marks a score below the scale."""
    lines = history(
        make_record(0, 0.8),
        make_record(1, 0.92),
        make_record(2, 0.4, 0.85, state=PRUNED),
        make_record(3, 0.1, state=PRUNED),
    )
    assert lines[1 + 7][11 + 39] == "○"  # 85 %: five rows of a point each above 80 %
    assert lines[HEIGHT][11 + 59] == "▾"
    assert lines[16] == ("● trial   ○ pruned (its best epoch)   ▾ below 80.00 %   ─ best so far")
    assert lines[17].startswith("4 trials: 2 complete, 2 pruned; best 92.00 %")


def test_trials_without_a_score_are_only_counted(history, make_record):
    """A failed trial and a running one have no mark."""
    failed = make_record(1, state=TrialState.FAILED)
    running = make_record(2, state=TrialState.RUNNING, result=None)
    lines = history(make_record(0, 0.8), failed, running)
    assert lines[-1].startswith("3 trials: 1 running, 1 complete, 1 failed; best")
    assert lines[1] == "  80.00 % ┤●"


def test_a_study_may_have_any_name(show, make_record):
    """Square brackets in the name are no markup."""
    page = render_history([make_record(0, 0.8)], "[bold]x[/]")
    assert show(page)[0] == "[bold]x[/]: validation accuracy by trial"


# learning curves


def test_the_best_curves_are_shown_on_one_scale(show, make_record):
    """The best is first; the lowest bar is 20 %, the highest 90 %."""
    lines = show(
        render_curves(
            [
                make_record(0, 0.2, 0.55, 0.9),
                make_record(1, 0.2, 0.3, state=PRUNED),
                make_record(2, 0.2, 0.8, 0.7),
            ],
            "look",
        ),
        80,
    )
    assert lines[0] == "look: validation accuracy by epoch, the best trials"
    assert lines[1].split() == ["trial", "score", "best", "epoch", "state", "epoch", "1", "to", "3"]
    assert [line.split() for line in lines[2:5]] == [
        ["0", "90.00", "%", "3", "of", "3", "complete", "▁▁▁▁▅▅▅▅████"],
        ["2", "80.00", "%", "2", "of", "3", "complete", "▁▁▁▁▇▇▇▇▆▆▆▆"],
        ["1", "30.00", "%", "2", "of", "2", "pruned", "▁▁▁▁▂▂▂▂"],
    ]
    assert lines[5] == "▁ 20.00 % or less   █ 90.00 %"


def test_only_five_curves_are_shown(show, make_record):
    """The curves are those of the five best trials."""
    records = [make_record(n, 0.5, 0.5 + n / 100) for n in range(9)]
    lines = show(render_curves(records, "look"), 80)
    assert [line.split()[0] for line in lines[2:-1]] == ["8", "7", "6", "5", "4"]


@pytest.mark.parametrize(("epochs", "width"), [(1, 4), (10, 40), (13, 39), (40, 40), (100, 34)])
def test_curves_fit_their_column(epochs, width):
    """An epoch has up to four columns; 100 epochs share 40 columns by threes."""
    bars = draw_bars([0.5] * epochs, Scale(0.5, 1.0, len(BARS)), epochs)
    assert bars == "▁" * width


def test_several_epochs_in_a_column_show_their_last():
    """A column shows its last epoch, or a blank if that accuracy is NaN."""
    values = [0.0, 1.0] * 30 + [0.0, float("nan")] * 10
    assert draw_bars(values, Scale(0.0, 1.0, len(BARS)), 80) == "█" * 30 + " " * 10


# importance


def test_importances_are_bars(show):
    """The first bar has the full width, and the others are in proportion."""
    lines = show(render_importances({"rate": 0.6, "filters": 0.4}, "look", 50), 80)
    assert lines[0] == "look: importance of parameters, from 50 complete trials"
    assert [line.split() for line in lines[2:]] == [
        ["rate", "60.00", "%", "█" * 30],
        ["filters", "40.00", "%", "█" * 20],
    ]


def test_many_importances_end_in_a_sum(show):
    """The last row sums the parameters without a bar; few trials have a note."""
    shares = {f"p{i}": 0.05 for i in range(20)}
    lines = show(render_importances(shares, "look", 49), 80)
    assert lines[-2].split() == ["5", "others", "25.00", "%"]
    assert lines[-1].startswith("With fewer than 50 complete trials")


def test_everything_fits_a_terminal():
    """Labels, axis and plot fit the width of the terminal."""
    assert 11 + WIDTH <= 80


# a smaller score is better


def test_losses_fall_to_the_best(show, make_record):
    """The smallest loss is at the bottom; a mark at the top shows outliers above."""
    records = [make_record(0, 0.4), make_record(1, 0.9), make_record(2, 0.3)]
    lines = show(render_history(records, "look", LOSS), 80)
    assert lines[0] == "look: validation cross-entropy by trial"
    assert lines[1].startswith("   0.9000 ┤")
    assert lines[1].count("●") == 1
    assert lines[HEIGHT].startswith("   0.3000 ┤")
    assert lines[HEIGHT].endswith("●")
    assert any("╮" in line for line in lines[1:HEIGHT])
    assert lines[-1].endswith("best 0.3000 (trial 2)")


def test_a_loss_far_above_is_marked_on_the_rim(show, make_record):
    """The legend names the largest loss of the scale."""
    records = [make_record(n, score) for n, score in enumerate((0.5, 0.52, 0.51, 0.53, 9.0))]
    lines = show(render_history(records, "look", LOSS), 80)
    assert "▴" in lines[1]
    assert "▴ above 0.5300" in lines[-2]


def test_curves_of_losses_are_ranked_by_the_smallest(show, make_record):
    """Low bars are good, and the last line has both ends of the scale."""
    records = [make_record(0, 0.9, 0.5), make_record(1, 0.9, 0.4)]
    lines = show(render_curves([_loss(r) for r in records], "look", LOSS), 80)
    assert [line.split()[:2] for line in lines[2:4]] == [["1", "0.4000"], ["0", "0.5000"]]
    assert lines[4] == "▁ 0.4000   █ 0.9000 or more"


def _loss(record):
    """`record` with the epoch of its smallest score as the best one."""
    scores = [epoch.score for epoch in record.result.curve]
    best = scores.index(min(scores)) + 1
    return replace(record, result=replace(record.result, best_epoch=best))
