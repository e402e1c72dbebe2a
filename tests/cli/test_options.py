"""The options that the table of settings gives to the commands."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import autocnn.api as api
from autocnn.cli.options import PANELS, setting_option, with_settings
from autocnn.cli.search import search
from autocnn.errors import SettingsError


@pytest.fixture
def received():
    """A command with two options of settings, and the arguments that it received."""
    calls = []

    @with_settings(seed=setting_option("seed"), time_budget_s=setting_option("time_budget_s"))
    def command(given, quiet: bool = False) -> None:
        calls.append((given, quiet))

    return command, calls


def test_a_command_receives_the_settings_that_were_given(received):
    """Seed 0 is a value; a text such as 12m is parsed; an option that was not given is absent."""
    command, calls = received
    command(seed=0, time_budget_s="12m", quiet=True)
    command(seed=None, time_budget_s=None, quiet=False)
    assert calls == [({"seed": 0, "time_budget_s": 720.0}, True), ({}, False)]


def test_a_wrong_text_names_its_option(received):
    """The parser receives the option's name."""
    command, _ = received
    with pytest.raises(SettingsError, match=r"^--time-budget must be a time above zero"):
        command(seed=None, time_budget_s="soon")


def test_options_of_settings_come_before_those_of_the_command(received):
    """The first argument of the command is no option."""
    command, _ = received
    assert list(inspect.signature(command).parameters) == ["seed", "time_budget_s", "quiet"]


def test_search_has_an_option_for_every_setting_with_a_help_text():
    """The fields of `StudySettings` are the only list of settings."""
    options = set(inspect.signature(search).parameters)
    assert set(api.SETTINGS) - options == {"subset", "created"}


def test_every_option_of_a_setting_is_in_the_help(autocnn, monkeypatch):
    """The help has the default and the choices."""
    monkeypatch.setenv("COLUMNS", "200")
    text = autocnn("search", "--help").out
    names = [api.option_name(key).split("/")[0] for key in api.SETTINGS if api.SETTINGS[key].help]
    assert [name for name in names if f" {name} " not in text] == []
    assert "optuna or keras-tuner; by default optuna." in text


@pytest.mark.parametrize("command", [["--help"], ["search", "--help"]])
def test_help_imports_no_library(command):
    """Help imports neither Keras nor Optuna nor NumPy, which load slowly."""
    heavy = "{'keras', 'tensorflow', 'optuna', 'numpy', 'pyarrow', 'matplotlib', 'plotly'}"
    code = (
        f"import sys\nsys.argv = ['autocnn', *{command!r}]\n"
        "from autocnn.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print({heavy} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "set()", done.stderr


def test_a_setting_is_read_from_the_environment(autocnn, monkeypatch, tmp_path):
    """The variable has the name of the option."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUTOCNN_TIME_BUDGET", "soon")
    assert autocnn("search", "--dry-run").err.startswith("autocnn: error: --time-budget must be")


@pytest.mark.parametrize("key", ["engine", "sampler", "tuner", "pruner", "precision"])
def test_the_guide_lists_the_choices_of_a_setting(key):
    """The row of the option names every choice of the table."""
    guide = Path(__file__).parents[2] / "docs" / "guide" / "search.md"
    (row,) = (
        line
        for line in guide.read_text(encoding="utf-8").splitlines()
        if line.startswith(f"| `--{key}` |")
    )
    assert [name for name in api.SETTINGS[key].rule.choices if f"`{name}`" not in row] == []


def test_every_setting_of_a_search_has_a_panel():
    """A new setting is put into one of the five groups of --help."""
    shown = {key for key, setting in api.SETTINGS.items() if setting.help}
    assert shown - set(PANELS) == set()
    assert set(PANELS) - set(api.SETTINGS) == set()
