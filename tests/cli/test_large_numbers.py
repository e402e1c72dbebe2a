"""Numbers that no 64 bits hold are refused in one line, wherever they are given."""

from __future__ import annotations

import pytest

LARGE = {"65 bits": str(2**64), "400 digits": "9" * 400, "5000 digits": "9" * 5000}
OPTIONS = ("--trials", "--seed", "--epochs", "--workers", "--folds", "--finals", "--max-params")


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    """Run each test in a folder of its own."""
    monkeypatch.chdir(tmp_path)


def refused(done) -> str:
    """The line of a command that was refused as a wrong setting."""
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done
    assert done.err.startswith("autocnn: error: ")
    assert len(done.err) < 2100  # a long line is cut
    return done.err


@pytest.mark.parametrize("number", LARGE.values(), ids=LARGE)
@pytest.mark.parametrize("option", OPTIONS)
def test_an_option(autocnn, option, number):
    """The line names the option."""
    assert option in refused(autocnn("search", option, number, "--dry-run"))


@pytest.mark.parametrize("number", LARGE.values(), ids=LARGE)
@pytest.mark.parametrize("option", OPTIONS)
def test_a_variable(autocnn, monkeypatch, option, number):
    """The line names the option or its variable."""
    variable = "AUTOCNN_" + option[2:].upper().replace("-", "_")
    monkeypatch.setenv(variable, number)
    line = refused(autocnn("search", "--dry-run"))
    assert option in line or variable in line


@pytest.mark.parametrize("number", LARGE.values(), ids=LARGE)
@pytest.mark.parametrize("option", OPTIONS)
def test_a_settings_file(autocnn, tmp_path, option, number):
    """The line names the file."""
    file = tmp_path / "some.toml"
    file.write_text(f"{option[2:].replace('-', '_')} = {number}\n")
    assert "some.toml: " in refused(autocnn("search", "--config", "some.toml", "--dry-run"))


@pytest.mark.parametrize("number", LARGE.values(), ids=LARGE)
@pytest.mark.parametrize("column", ["trial", "parameters", "epochs"])
def test_a_filter(autocnn, stored, column, number):
    """The line names the filter."""
    done = autocnn("leaderboard", "alpha", "--results", stored, "--where", f"{column}<{number}")
    assert "--where" in refused(done)


@pytest.mark.parametrize("number", LARGE.values(), ids=LARGE)
def test_the_number_of_a_trial(autocnn, stored, number):
    """The line is that of a trial that does not exist."""
    done = autocnn("show", "alpha", number, "--results", stored)
    assert (done.code, done.out, done.err.count("\n")) in [(1, "", 1), (2, "", 1)]
