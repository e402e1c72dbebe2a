"""`autocnn show --compare`: two trials of a finished study."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.training


def test_two_trials_are_side_by_side(autocnn, finished):
    """Parameters and curves are in the order of the arguments."""
    done = autocnn("show", "tiny", "--compare", 2, 0, "--results", finished.results)
    assert (done.code, done.err) == (0, "")
    lines = [line.rstrip() for line in done.out.splitlines()]
    assert lines[0] == "Trials 2 and 0 (≠ where they differ)"
    names = [line.strip("│").split("│")[1].strip() for line in lines if line.startswith("│")]
    assert names[:2] == ["state", "score"]
    assert "learning_rate_scale" in names
    assert "Validation accuracy (* best epoch; difference in points)" in lines


def test_the_latest_study_is_the_default(autocnn, finished):
    """Without the name of a study the latest one is read, as without --compare."""
    done = autocnn("show", "--compare", 0, 1, "--results", finished.results)
    assert done.out.startswith("Trials 0 and 1 ")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("tiny --compare 0 7", 1, "study tiny has no trial 7; its trials: 0, 1, 2"),
        ("tiny --compare 7 0", 1, "study tiny has no trial 7; its trials: 0, 1, 2"),
        ("tiny 1 --compare 0 2", 2, "--compare names both trials: leave out the TRIAL, got 1"),
        ("tiny --compare 1 1", 2, "--compare needs two different trials, got 1 twice"),
        ("tiny --compare 9 9", 2, "--compare needs two different trials, got 9 twice"),
        ("tiny --compare 0", 2, "'--compare' requires 2 arguments"),
        ("tiny --compare 0 x", 2, "valid integer"),
        ("huge --compare 0 1", 1, "no study named 'huge'"),
    ],
)
def test_a_wrong_argument_is_one_line(autocnn, finished, arguments, code, message):
    """The line has the expected and the given value."""
    done = autocnn("show", "--results", finished.results, *arguments.split())
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith("autocnn: error: ")
    assert message in done.err
    assert done.err.count("\n") == 1
