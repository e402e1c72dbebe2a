"""The closing lines of a search."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autocnn.records.finals_file import MeasuredScore
from autocnn.terminal.closing_lines import describe_end, describe_finals, describe_next


def test_the_test_score_comes_with_its_errors_and_interval(make_finals):
    """The line of the winner has the optimism of its validation score."""
    assert describe_finals(make_finals()) == [
        "test accuracy  98.06 %  (7 errors in 360; 95 % interval 96.04 % to 99.06 %; "
        "refit on train + validation)",
        "winner         trial 4: validation 98.00 %, its own weights on test 97.50 % "
        "(gap +0.50 points)",
    ]


def test_a_winner_with_a_lower_score_is_explained(make_finals):
    """The last line names the trial with the best score."""
    assert describe_finals(make_finals(instead_of=2))[-1] == (
        "               instead of trial 2, which has the best score and less to gain from a "
        "longer training"
    )


def test_one_error_is_written_in_the_singular(make_finals):
    """A single error is written as "1 error"."""
    finals = make_finals()
    finals = replace(finals, test=replace(finals.test, errors=1))
    assert "(1 error in 360; " in describe_finals(finals)[0]


def test_without_the_refit_the_shipped_weights_are_the_validated_ones(make_finals):
    """The line of the test score ends with the origin of the weights."""
    finals = make_finals()
    refused = replace(finals.refit, shipped=False, refusal="it failed")
    line = describe_finals(replace(finals, refit=refused))[0]
    assert line.endswith("; validation weights)")


def test_the_score_of_several_views_has_a_line_of_its_own(make_finals):
    """The line is between the plain score and the winner's."""
    views = MeasuredScore(n=360, errors=3, accuracy=357 / 360, low=0.97, high=0.998)
    lines = describe_finals(make_finals(test_time_augmentation=views))
    assert len(lines) == 3
    assert "98.06 %" in lines[0]
    assert lines[1].startswith("with test-time augmentation  accuracy 99.17 %  (several views")


@pytest.mark.parametrize(("majority", "is_said"), [(0.95, False), (0.9604, True), (0.99, True)])
def test_a_network_that_may_be_blind_has_a_line(make_finals, majority, is_said):
    """The line appears if the interval, from 96.04 %, includes the share of the largest class."""
    finals = make_finals()
    finals = replace(finals, test=replace(finals.test, low=0.9604, majority=majority))
    lines = [line for line in describe_finals(finals) if "not shown to be better" in line]
    assert len(lines) == is_said
    assert all(f"most common class ({100 * majority:.2f} %): try" in line for line in lines)


@pytest.mark.parametrize(
    ("val_best", "text"), [(0.975, "+0.00"), (0.9625, "-1.25"), (0.995, "+2.00")]
)
def test_the_gap_has_a_sign(make_finals, val_best, text):
    """The sign is plus if the validation score is larger than the test score."""
    assert f"(gap {text} points)" in describe_finals(make_finals(val_best=val_best))[1]


def test_the_end_names_the_files():
    """The last lines have the files and the time of the search."""
    assert describe_end(3723.5, 7000.4, "results/x/finals/winner.keras", "results/x/l.parquet") == [
        "model          results/x/finals/winner.keras",
        "leaderboard    results/x/l.parquet",
        "took           1:02:03 (7000 CPU s)",
    ]


@pytest.mark.parametrize(
    ("results", "where"), [("results", ""), ("/tmp/my runs", " --results '/tmp/my runs'")]
)
def test_the_commands_that_come_next(results, where):
    """They can be pasted, whatever the folder is called."""
    assert describe_next("first", results) == [
        f"next           autocnn report first{where}",
        f"               autocnn predict first{where} IMAGE",
        f"               autocnn ablate first{where}",
        f"               autocnn export first{where} -o FILE",
    ]


def test_a_report_that_was_made_is_named():
    """Its command is no longer among those that come next."""
    assert describe_end(5.0, 4.0, "w.keras", "l.parquet", report="report.html")[:2] == [
        "model          w.keras",
        "report         report.html",
    ]
    assert describe_next("first", "results", has_report=True)[0] == (
        "next           autocnn predict first IMAGE"
    )


def test_without_a_model_there_is_no_line_for_it():
    """After Ctrl-C there is no model to name."""
    assert describe_end(5.0, 4.0, None, "l.parquet") == [
        "leaderboard    l.parquet",
        "took           0:05 (4 CPU s)",
    ]


def test_the_cost_of_several_runs_has_their_number():
    """The study was resumed once."""
    assert describe_end(225.0, 70.0, None, "l.parquet", 2)[-1] == (
        "took           3:45 (70 CPU s) in 2 runs"
    )


def test_another_objective_has_a_line_beside_the_accuracy(make_finals):
    """The score of the shipped file, and the winner's scores and gap, have the objective's form."""
    finals = make_finals(objective="macro_f1", val_best=0.97)
    finals = replace(
        finals,
        test=replace(finals.test, score=0.96),
        test_winner=replace(finals.test_winner, score=0.95),
    )
    lines = describe_finals(finals)
    assert lines[0].startswith("test accuracy  98.06 %")
    assert lines[1:] == [
        "test macro F1  96.00 %",
        "winner         trial 4: validation macro F1 97.00 %, its own weights on test 95.00 % "
        "(gap +2.00 points)",
    ]


def test_the_gap_of_a_loss_is_positive_if_the_test_loss_is_larger(make_finals):
    """A validation loss of 0.1 and a test loss of 0.15 are a gap of +0.05, without a unit."""
    finals = make_finals(objective="loss", val_best=0.1)
    winner = replace(finals.test_winner, score=0.15)
    lines = describe_finals(replace(finals, test_winner=winner))
    assert lines[-1].endswith("cross-entropy 0.1000, its own weights on test 0.1500 (gap +0.0500)")


def test_different_test_images_are_said_if_some_are_copies(make_finals):
    """Of 360 test images 350 are different."""
    finals = make_finals()
    for n, words in ((350, "(7 errors in 360, 350 of them different; 95 %"), (360, "in 360; 95 %")):
        test = replace(finals.test, n_different=n)
        assert words in describe_finals(replace(finals, test=test))[0]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (0.98, "               the smallest network that reaches 98.00 % on validation"),
        (0.99, "               no trial reached 99.00 % on validation; this is the best one"),
    ],
)
def test_the_smallest_network_is_called_so(make_finals, target, expected):
    """The winner of the example has 98.00 % on validation."""
    assert describe_finals(make_finals(smallest_from=target))[-1] == expected
