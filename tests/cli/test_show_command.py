"""`autocnn show`: a trial by any of its names, and the classes that the model confused."""

from __future__ import annotations

import json
import shutil

import pytest

pytestmark = pytest.mark.training


@pytest.fixture
def show(autocnn, finished):
    """A function that runs `autocnn show` on the study of all tests."""
    return lambda *arguments: autocnn("show", *arguments, "--results", finished.results)


@pytest.mark.parametrize("arguments", ["tiny 1", "tiny --trial 1", "--trial 1", "1"])
def test_a_trial_is_named_in_several_ways(show, arguments):
    """The name has a study, or is of the latest study."""
    done = show(*arguments.split())
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Trial 1 ")


def test_a_study_called_like_a_number_comes_first(copied, autocnn):
    """The name of a study comes before the number of a trial."""
    shutil.copytree(copied.folder, copied.results / "7")
    done = autocnn("show", "7", "--results", copied.results)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Trial ")


def test_the_winner_comes_with_its_classes(show, finished):
    """The page has the tested classes; other trials were not tested."""
    winner = finished.outcome["winner"]
    for arguments in ((), (winner,)):
        done = show(*arguments)
        assert (done.code, done.err) == (0, "")
        assert "Shipped model by class, the lowest first  (test: " in done.out
        assert "Most frequent confusions\n" in done.out
    other = next(number for number in range(3) if number != winner)
    assert "Shipped model" not in show(other).out


def test_the_whole_matrix_is_shown(show, finished):
    """The matrix has a row a class."""
    done = show("tiny", "--confusion")
    assert (done.code, done.err) == (0, "")
    stored = json.loads((finished.folder / "finals" / "confusion.json").read_text())
    rows = [line.split() for line in done.out.splitlines()[2:]]
    assert rows == [
        [name, *("·" if count == 0 else str(count) for count in row)]
        for name, row in zip(stored["classes"], stored["test"], strict=True)
    ]


def test_a_matrix_of_an_older_form_does_not_hide_the_trial(copied, autocnn):
    """The trial is printed; --confusion alone is refused in one line."""
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
def test_a_wrong_argument_is_one_line(show, arguments, code, message):
    """The line has the expected and the given value."""
    done = show(*arguments.split())
    assert (done.code, done.out, done.err.count("\n")) == (code, "", 1)
    assert done.err.startswith(f"autocnn: error: {message}")
