"""The closing lines of a search."""

from __future__ import annotations

import pytest

from autocnn.terminal.closing_lines import describe_end, describe_finals


def make_finals(**changes):
    """7 errors in 360, and 0.5 points of optimism."""
    fields = {
        "winner": 4,
        "val_best": 0.98,
        "test": {
            "n": 360,
            "errors": 7,
            "accuracy": 353 / 360,
            "low": 0.960414,
            "high": 0.99055,
        },
        "test_winner": {"n": 360, "errors": 9, "accuracy": 0.975, "low": 0.9, "high": 1.0},
        "gap": 0.005,
        "refit": {"shipped": True, "refusal": ""},
    }
    return {**fields, **changes}


def test_the_test_score_comes_with_its_errors_and_interval():
    """And the winner with what its validation score was worth."""
    assert describe_finals(make_finals()) == [
        "test accuracy  98.06 %  (7 errors in 360; 95 % interval 96.04 % to 99.06 %; "
        "refit on train + validation)",
        "winner         trial 4: validation 98.00 %, its own weights on test 97.50 % "
        "(gap +0.50 points)",
    ]


def test_one_error_is_one():
    """Digits may come to that."""
    finals = make_finals()
    finals["test"]["errors"] = 1
    assert "(1 error in 360; " in describe_finals(finals)[0]


def test_a_refused_refit_is_told():
    """The shipped weights are those that were validated."""
    line = describe_finals(make_finals(refit={"shipped": False, "refusal": "it failed"}))[0]
    assert line.endswith("; validation weights)")


def test_several_views_of_an_image_are_marked_as_such():
    """Between the plain score and the winner's."""
    views = {"n": 360, "errors": 3, "accuracy": 357 / 360, "low": 0.97, "high": 0.998}
    lines = describe_finals(make_finals(test_time_augmentation=views))
    assert len(lines) == 3
    assert "98.06 %" in lines[0]
    assert lines[1].startswith("with test-time augmentation  99.17 %  (several views")


@pytest.mark.parametrize(("gap", "text"), [(0.0, "+0.00"), (-0.0125, "-1.25"), (0.02, "+2.00")])
def test_the_gap_has_a_sign(gap, text):
    """Plus where the validation score flattered."""
    assert f"(gap {text} points)" in describe_finals(make_finals(gap=gap))[1]


def test_the_end_says_where_the_files_lie():
    """And what they took."""
    assert describe_end(3723.5, 7000.4, "results/x/finals/winner.keras", "results/x/l.parquet") == [
        "model          results/x/finals/winner.keras",
        "leaderboard    results/x/l.parquet",
        "took           1:02:03 (7000 CPU s)",
    ]


def test_without_a_model_there_is_no_line_for_it():
    """As after Ctrl-C."""
    assert describe_end(5.0, 4.0, None, "l.parquet") == [
        "leaderboard    l.parquet",
        "took           0:05 (4 CPU s)",
    ]


def test_the_cost_of_several_runs_says_so():
    """A study that was resumed once."""
    assert describe_end(225.0, 70.0, None, "l.parquet", 2)[-1] == (
        "took           3:45 (70 CPU s) in 2 runs"
    )
