"""Errors in the words of Python."""

from __future__ import annotations

import doctest

import pytest

from autocnn.errors import RecordError, SettingsError, TrialFailed
from autocnn.python import wording
from autocnn.python.wording import in_python, python_errors


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("--time-budget must be above 0", "time_budget must be above 0"),
        ("made with --recipes, not --no-recipes", "made with recipes=True, not recipes=False"),
        ("`autocnn search` starts one", "`autocnn.search()` starts one"),
        ("`autocnn resume a` goes on", "`autocnn.resume('a')` goes on"),
        ("`autocnn search --study 'a b'` goes on", "`autocnn.search(study='a b')` goes on"),
        ("--output must end in .html", "path must end in .html"),
        ("KIND must be one of history", "kind must be one of history"),
        ("a -- b, 1--2 and x--study", "a -- b, 1--2 and x--study"),
    ],
)
def test_options_and_commands_become_arguments_and_calls(text, expected):
    """Two dashes that begin no option stay."""
    assert in_python(text) == expected


def test_an_error_keeps_its_type_and_its_exit_code():
    """Only its text changes."""
    with pytest.raises(SettingsError, match=r"^seeds must be 1") as caught, python_errors():
        raise SettingsError("--seeds must be 1")
    assert caught.value.exit_code == 2
    with pytest.raises(RecordError, match=r"^a: `autocnn\.resume\('x'\)`"), python_errors():
        raise RecordError("a: `autocnn resume x`")


def test_other_errors_pass():
    """A bug is no error of autocnn; an error keeps what it has besides its text."""
    with pytest.raises(TrialFailed, match=r"^seed is odd") as caught, python_errors():
        raise TrialFailed("diverged", "--seed is odd")
    assert caught.value.cause == "diverged"
    with pytest.raises(ZeroDivisionError), python_errors():
        _ = 1 / 0


def test_the_example_is_true():
    """The docstring of the module's function runs."""
    assert doctest.testmod(wording).failed == 0
