"""The settings of a study, as a dataclass and as a file."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from autocnn.errors import SettingsError
from autocnn.records.study_settings import (
    SETTINGS,
    StudySettings,
    option_help,
    option_key,
    option_name,
    option_variable,
    setting_types,
    settings_from_toml,
    settings_to_toml,
)
from autocnn.records.units import parse_duration, parse_memory


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trials": 0}, "--trials must be at least 1, got 0"),
        ({"epochs": 0}, "--epochs must be at least 1, got 0"),
        ({"seed": -1}, "--seed must be at least 0, got -1"),
        ({"split_seed": -1}, "--split-seed must be at least 0, got -1"),
        ({"time_budget_s": 0.0}, "--time-budget must be above 0 seconds, got 0.0"),
        ({"time_budget_s": float("nan")}, "--time-budget must be above 0 seconds, got nan"),
        ({"target": 0.0}, "--target must be above 0, got 0.0"),
        (
            {"target": 92.0},
            "--target must be above 0 and at most 1 with --objective accuracy, got 92.0",
        ),
        (
            {"objective": "auc"},
            "--objective must be one of accuracy, balanced_accuracy, macro_f1, loss, got 'auc'",
        ),
        (
            {"sampler": "cma"},
            "--sampler must be one of auto, tpe, random, grid, qmc, cma-es, gp, nsga2, evolution, "
            "got 'cma'",
        ),
        (
            {"pruner": "x"},
            "--pruner must be one of auto, halving, hyperband, median, percentile, none, got 'x'",
        ),
        ({"engine": "ray"}, "--engine must be one of optuna, keras-tuner, got 'ray'"),
        (
            {"tuner": "tpe"},
            "--tuner must be one of hyperband, bayesian, random, grid, got 'tpe'",
        ),
        ({"precision": "fp8"}, "--precision must be one of auto, float32, bfloat16, got 'fp8'"),
        ({"dataset": " "}, "--dataset must be a name or a path, got ' '"),
        ({"study": "a/b"}, "--study must be a plain folder name, got 'a/b'"),
        ({"created": "now"}, "--created must be an ISO time, got 'now'"),
    ],
)
def test_a_value_out_of_range_names_its_option(changes, message):
    """The error names the command-line option and the expected values."""
    with pytest.raises(SettingsError, match=f"^{re.escape(message)}$"):
        StudySettings(**{"study": "one", **changes})


def test_the_bounds_themselves_are_allowed():
    """Seed 0, one trial of one epoch and a perfect target are valid settings."""
    settings = StudySettings(study="one", seed=0, trials=1, epochs=1, target=1.0)
    assert (settings.seed, settings.trials, settings.epochs, settings.target) == (0, 1, 1, 1.0)


@pytest.mark.parametrize(
    "settings",
    [
        StudySettings(study="one"),
        StudySettings(
            study="zwölf 12",
            dataset='C:\\images "new"\t\x7f\x01',
            trials=5,
            time_budget_s=0.1 + 0.2,
            epochs=12,
            seed=2**63,
            target=1e-7,
            recipes=False,
            created="2026-11-22T10:00:00+00:00",
        ),
    ],
)
def test_settings_survive_the_file(settings):
    """Settings are read back to the last bit and character."""
    assert StudySettings(**settings_from_toml(settings_to_toml(settings), "f")) == settings


def test_the_file_has_one_line_a_setting():
    """The file has one line for each setting; settings without a value are left out."""
    lines = settings_to_toml(StudySettings(study="one", trials=5)).splitlines()
    assert lines[0] == "# autocnn search --config FILE reads this file"
    assert lines[1:3] == ['study = "one"', 'dataset = "digits"']
    assert "trials = 5" in lines
    assert "recipes = true" in lines
    assert not any(line.startswith(("epochs", "target")) for line in lines)


def test_a_file_may_give_some_settings_only():
    """Only keys in the file are returned, so other settings keep their value."""
    given = settings_from_toml("trials = 5\ntime_budget_s = 60\n", "my.toml")
    assert given == {"trials": 5, "time_budget_s": 60.0}
    assert isinstance(given["time_budget_s"], float)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("trails = 5", "my.toml: trails: unknown setting; known: study, dataset,"),
        ('trials = "5"', "my.toml: trials must be an integer, got '5'"),
        ("trials = true", "my.toml: trials must be an integer, got True"),
        ("trials = 0", "my.toml: trials must be at least 1, got 0"),
        ("target = false", "my.toml: target must be a number, got False"),
        ("recipes = 1", "my.toml: recipes must be true or false, got 1"),
        ("dataset = 3", "my.toml: dataset must be a string, got 3"),
        ("trials =", "my.toml: not a TOML file: "),
        (f"trials = {'9' * 400}", "my.toml: trials must be an integer of at most 64 bits, got one"),
        (f"time_budget_s = {'9' * 400}", "my.toml: time_budget_s must be an integer of at most 64"),
        (f"seed = {'9' * 5000}", "my.toml: not a TOML file: Exceeds the limit"),
        (f"seed = 0x{'f' * 5000}", "my.toml: seed must be an integer of at most 64 bits, got one"),
    ],
)
def test_a_wrong_file_names_file_and_key(text, message):
    """The error names the file and the key of the wrong line."""
    with pytest.raises(SettingsError, match=f"^{re.escape(message)}"):
        settings_from_toml(text, "my.toml")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90.0),
        ("90s", 90.0),
        ("12m", 720.0),
        ("1h30m", 5400.0),
        ("1.5h", 5400.0),
        ("1h0m5s", 3605.0),
        (" 2H ", 7200.0),
        ("0.5", 0.5),
    ],
)
def test_a_duration_is_read_in_seconds(text, seconds):
    """Hours, minutes and seconds add up; a bare number is seconds."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "0", "0h0m", "-5", "-1h", "soon", "h", "m30", "1h30", "30m1h", "1 h", "inf", "9" * 400],
)
def test_what_is_no_duration_is_refused(text):
    """Zero, negative and unreadable times are one clear line."""
    with pytest.raises(SettingsError, match="--time-budget must be a time above zero such as"):
        parse_duration(text)


def test_the_option_of_a_duration_can_be_named():
    """The error of another option's duration names that option."""
    with pytest.raises(SettingsError, match=r"^--wait must be a time above zero"):
        parse_duration("x", "--wait")


def test_settings_and_ranking_load_no_heavy_library():
    """Importing settings and ranking imports neither Optuna nor Arrow."""
    rooms = "manifest, study_folder, study_settings, trial_record"
    code = (
        f"import sys, autocnn.leaderboard.ranking; from autocnn.records import {rooms}; "
        "print({'optuna', 'pyarrow', 'keras'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.strip() == "set()", answer.stderr


@pytest.mark.parametrize(
    ("text", "mib"), [("900M", 900), ("4G", 4096), ("1.5GiB", 1536), (" 2gb ", 2048), ("1m", 1)]
)
def test_a_size_is_parsed(text, mib):
    """Sizes have binary units in any spelling."""
    assert parse_memory(text) == mib


@pytest.mark.parametrize(
    "text", ["", "4", "G", "0M", "-1G", "4 T", "1e3M", "0.1M", "9" * 400 + "G"]
)
def test_a_wrong_size_is_refused(text):
    """The error is one line with the option and the expected form."""
    message = re.escape(f"--worker-memory must be a size such as 900M or 4G, got {text!r}")
    with pytest.raises(SettingsError, match=f"^{message}$"):
        parse_memory(text)


# the table of options


@pytest.mark.parametrize(
    ("key", "option", "in_file", "variable"),
    [
        ("seed", "--seed", "seed", "AUTOCNN_SEED"),
        ("max_params", "--max-params", "max_params", "AUTOCNN_MAX_PARAMS"),
        ("time_budget_s", "--time-budget", "time_budget", "AUTOCNN_TIME_BUDGET"),
        ("worker_memory_mb", "--worker-memory", "worker_memory", "AUTOCNN_WORKER_MEMORY"),
        ("recipes", "--recipes/--no-recipes", "recipes", "AUTOCNN_RECIPES"),
    ],
)
def test_the_names_of_a_setting_follow_from_its_option(key, option, in_file, variable):
    """A setting has one name on the command line, in a file and in the environment."""
    assert (option_name(key), option_key(key), option_variable(key)) == (option, in_file, variable)


@pytest.mark.parametrize("key", [key for key, kind in setting_types().items() if kind is bool])
def test_a_switch_can_be_turned_off(key):
    """Each switch has an option for yes and one for no, so an error can name both."""
    yes, no = option_name(key).split("/")
    assert no == yes.replace("--", "--no-", 1)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("seed", "Seed of search and training; by default 0."),
        ("trials", "End after this number of trials."),
        ("tuner", "Tuner of the engine keras-tuner: hyperband, bayesian, random or grid; by "),
        ("engine", "Library that proposes configurations: optuna or keras-tuner; by default "),
        ("recipes", "Try configurations that are known to be good first (default)."),
        ("skip_corrupt", "Leave out those of your own images that cannot be read."),
    ],
)
def test_the_help_states_choices_and_default(key, text):
    """The help takes choices and default from the rule and the field."""
    assert option_help(key).startswith(text)


def test_no_help_text_ends_with_a_full_stop_of_its_own():
    """The choices and the default are appended to the help text."""
    assert [key for key, setting in SETTINGS.items() if setting.help.endswith(".")] == []


def test_the_engine_follows_from_the_proposer():
    """A setting names a sampler of Optuna, a tuner of Keras Tuner, or a plan."""
    given = {"study": "x", "sampler": "tpe", "tuner": "grid"}
    engines = ("optuna", "keras-tuner", "plan")
    assert [StudySettings(**given, engine=engine).proposer for engine in engines] == [
        "tpe",
        "grid",
        "plan",
    ]
