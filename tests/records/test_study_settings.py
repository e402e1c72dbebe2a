"""The settings of a study, and the table of its options."""

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
)


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
            "--objective must be one of accuracy, balanced_accuracy, macro_f1, loss, after it any "
            "of size, macs, latency with commas between them, got 'auc'",
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
        ({"resize": "x"}, "--resize must be crop, pad or stretch, got 'x'"),
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


def test_settings_and_ranking_load_no_heavy_library():
    """Importing settings and ranking imports neither Optuna nor Arrow."""
    rooms = "manifest, study_folder, study_settings, trial_record"
    code = (
        f"import sys, autocnn.leaderboard.ranking; from autocnn.records import {rooms}; "
        "print({'optuna', 'pyarrow', 'keras'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.strip() == "set()", answer.stderr


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


@pytest.mark.parametrize("key", ["seed", "split_seed", "trials", "epochs", "workers", "max_macs"])
@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 10**6000], ids=["high", "low", "huge"])
def test_a_number_that_no_record_can_hold_is_refused(key, value):
    """A study with such a seed would train for its whole budget and could not be read then."""
    with pytest.raises(SettingsError, match=r"must be an integer of at most 64 bits with its sign"):
        StudySettings(study="x", **{key: value})


def test_the_largest_seed_is_accepted():
    """The leaderboard has 64 bits with a sign."""
    assert StudySettings(study="x", seed=2**63 - 1).seed == 9_223_372_036_854_775_807


def test_the_smallest_network_needs_a_target():
    """The target is the score from which trials are ranked by size, and ends nothing."""
    with pytest.raises(SettingsError, match=r"^--smallest needs --target, the score that"):
        StudySettings(study="s", smallest=True)
    settings = StudySettings(study="s", smallest=True, target=0.92)
    assert settings.scoring.smallest_from == 0.92
    assert settings.ends_at is None
    plain = StudySettings(study="s", target=0.92)
    assert (plain.scoring.smallest_from, plain.ends_at) == (None, 0.92)


def test_goals_are_a_score_and_costs():
    """The score is the objective; a latency is measured if it is a goal or has a limit."""
    settings = StudySettings(study="s", objective="loss,size")
    assert (settings.scoring.name, settings.costs) == ("loss", ("size",))
    assert not settings.measures_latency
    assert StudySettings(study="s", objective="accuracy,latency").measures_latency
    assert StudySettings(study="s", max_latency_ms=5.0).measures_latency
    with pytest.raises(SettingsError, match=r"^--objective must be one of accuracy, .* got 'size'"):
        StudySettings(study="s", objective="size")
    with pytest.raises(SettingsError, match=r"^--smallest has one goal, got --objective"):
        StudySettings(study="s", objective="accuracy,macs", smallest=True, target=0.9)
