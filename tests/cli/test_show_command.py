"""`autocnn show`: a trial, however it is named, and what the shipped model confused."""

from __future__ import annotations

import json
import shutil

import pytest

pytestmark = pytest.mark.training


@pytest.fixture
def show(autocnn, finished):
    """Run `autocnn show` on the study of all tests."""
    return lambda *arguments: autocnn("show", *arguments, "--results", finished.results)


@pytest.mark.parametrize("arguments", ["tiny 1", "tiny --trial 1", "--trial 1", "1"])
def test_a_trial_is_named_in_several_ways(show, arguments):
    """With its study or, of the latest one, without."""
    done = show(*arguments.split())
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Trial 1 ")


def test_a_study_called_like_a_number_comes_first(copied, autocnn):
    """Its best trial is shown, then."""
    shutil.copytree(copied.folder, copied.results / "7")
    done = autocnn("show", "7", "--results", copied.results)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Trial ")


def test_the_winner_comes_with_its_classes(show, finished):
    """As the finals tested them; other trials were not tested."""
    winner = finished.outcome["winner"]
    for arguments in ((), (winner,)):
        done = show(*arguments)
        assert (done.code, done.err) == (0, "")
        assert "Shipped model by class, the lowest first  (test: " in done.out
        assert "Most frequent confusions\n" in done.out
    other = next(number for number in range(3) if number != winner)
    assert "Shipped model" not in show(other).out


def test_the_whole_matrix_is_shown(show, finished):
    """A row a class."""
    done = show("tiny", "--confusion")
    assert (done.code, done.err) == (0, "")
    stored = json.loads((finished.folder / "finals" / "confusion.json").read_text())
    rows = [line.split() for line in done.out.splitlines()[2:]]
    assert rows == [
        [name, *("·" if count == 0 else str(count) for count in row)]
        for name, row in zip(stored["classes"], stored["test"], strict=True)
    ]


def test_a_matrix_of_an_older_form_costs_only_itself(copied, autocnn):
    """The trial is shown as ever; who asks for the matrix is told in one line."""
    file = copied.folder / "finals" / "confusion.json"
    file.write_text(json.dumps({"test": json.loads(file.read_text())["test"]}))
    done = autocnn("show", "--results", copied.results)
    assert done.code == 0
    assert done.out.startswith("Trial ")
    assert done.err.startswith(f"{file}: is no confusion matrix of this version")
    done = autocnn("show", "--confusion", "--results", copied.results)
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert done.err.startswith(f"autocnn: error: {file}: is no confusion matrix of this version")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("7", 1, "study tiny has no trial 7; its trials: 0, 1, 2"),
        ("huge", 1, "no study named 'huge'"),
        ("7 --trial 1", 1, "no study named '7'"),
        ("tiny 1 --trial 1", 2, "the trial is named twice, 1 and --trial 1"),
        ("tiny 1 --confusion", 2, "--confusion is about the shipped model: leave out the TRIAL"),
        ("--trial 1 --compare 0 1", 2, "--compare names both trials: leave out the TRIAL, got 1"),
        ("--confusion --compare 0 1", 2, "--compare names both trials: leave out --confusion"),
    ],
)
def test_a_wrong_wish_is_one_line(show, arguments, code, message):
    """What was expected, and what came."""
    done = show(*arguments.split())
    assert (done.code, done.out, done.err.count("\n")) == (code, "", 1)
    assert done.err.startswith(f"autocnn: error: {message}")
