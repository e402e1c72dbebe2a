"""Precedence of settings: options, then the file, then the study on disk, then the defaults."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from autocnn.api.settings_sources import read_config, resolve_settings
from autocnn.errors import SettingsError
from autocnn.records.settings_file import settings_to_toml
from autocnn.records.study_settings import StudySettings
from autocnn.records.trusted import remember_cluster


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    """Run each test in its own folder, because studies are searched below ./results."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def stored(tmp_path):
    """A function that puts a study with these settings below ./results."""

    def store(**settings):
        folder = tmp_path / "results" / settings["study"]
        folder.mkdir(parents=True)
        (folder / "study.toml").write_text(settings_to_toml(StudySettings(**settings)))

    return store


# precedence


def test_nothing_given_is_all_defaults():
    """The default study is of digits, for two minutes."""
    settings = resolve_settings({}, {})
    assert (settings.dataset, settings.space, settings.seed) == ("digits", "cnn", 0)
    assert (settings.trials, settings.time_budget_s) == (None, 120.0)


@pytest.mark.parametrize(
    ("given", "config", "seed"),
    [
        ({}, {}, 0),
        ({}, {"seed": 3}, 3),
        ({"seed": 5}, {"seed": 3}, 5),
        ({"seed": 0}, {"seed": 3}, 0),
    ],
)
def test_an_option_beats_the_file_beats_the_default(given, config, seed):
    """Seed 0 is a seed, not nothing."""
    assert resolve_settings(given, config).seed == seed


def test_false_overrides_true():
    """False from the command line overrides true in the file."""
    assert resolve_settings({"recipes": False}, {"recipes": True}).recipes is False


def test_a_study_on_disk_beats_the_defaults(stored):
    """A resumed study keeps its settings."""
    stored(study="x", dataset="mnist", seed=7, recipes=False, trials=5, epochs=4)
    settings = resolve_settings({"study": "x"}, {})
    assert (settings.dataset, settings.seed, settings.recipes) == ("mnist", 7, False)
    assert (settings.trials, settings.epochs, settings.time_budget_s) == (5, 4, None)


@pytest.mark.parametrize("source", ["given", "config"])
def test_the_limits_of_a_search_may_change(stored, source):
    """Trials, budget and target may change, by an option or a file."""
    stored(study="x", trials=5, created="2026-01-01T00:00:00+00:00")
    changes = {"trials": 9, "time_budget_s": 30.0, "target": 0.5}
    given = {"study": "x", **(changes if source == "given" else {})}
    settings = resolve_settings(given, changes if source == "config" else {})
    assert (settings.trials, settings.time_budget_s, settings.target) == (9, 30.0, 0.5)
    assert settings.created == "2026-01-01T00:00:00+00:00"


def test_the_file_of_a_study_starts_another_one(stored):
    """The name and date in the file are not used."""
    config = {"study": "old", "created": "2020-01-01T00:00:00+00:00", "seed": 4}
    settings = resolve_settings({}, config)
    assert settings.study.startswith("digits-")
    assert settings.created > "2026"
    assert settings.seed == 4


# budgets


@pytest.mark.parametrize(("dataset", "seconds"), [("digits", 120.0), ("cifar10", 900.0)])
def test_the_budget_depends_on_the_data(dataset, seconds):
    """Small images have a shorter default budget."""
    assert resolve_settings({"dataset": dataset}, {}).time_budget_s == seconds


@pytest.mark.parametrize(
    ("given", "trials", "budget"),
    [
        ({"trials": 3}, 3, None),
        ({"time_budget_s": 60.0}, None, 60.0),
        ({"trials": 3, "time_budget_s": 60.0}, 3, 60.0),
    ],
)
def test_a_limit_that_is_given_is_the_only_one(given, trials, budget):
    """A given number of trials replaces the default budget."""
    settings = resolve_settings(given, {})
    assert (settings.trials, settings.time_budget_s) == (trials, budget)


# names


def test_a_study_is_named_after_its_data_and_time():
    """The time is in UTC, to the second; `created` is the same moment."""
    before = datetime.now(UTC).replace(microsecond=0)
    settings = resolve_settings({"dataset": "mnist"}, {})
    assert re.fullmatch(r"mnist-\d{8}-\d{6}", settings.study)
    named = datetime.strptime(settings.study, "mnist-%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    assert before <= named <= before + timedelta(minutes=1)
    assert datetime.fromisoformat(settings.created) == named


@pytest.mark.parametrize("name", ["../x", "a/b", ".x", "x" * 300])
def test_a_name_that_no_folder_can_have_is_refused(tmp_path, name):
    """A name of more than 255 bytes is refused before any folder is read."""
    (tmp_path / "results").mkdir()
    with pytest.raises(SettingsError, match="--study must be a plain folder name, got"):
        resolve_settings({"study": name}, {})


# what a study cannot change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dataset": "mnist"}, "--dataset digits, not mnist"),
        ({"seed": 1}, "--seed 0, not 1"),
        ({"split_seed": 2}, "--split-seed 0, not 2"),
        ({"epochs": 9}, "--epochs 4, not 9"),
        ({"precision": "float32"}, "--precision auto, not float32"),
        ({"sampler": "random"}, "--sampler auto, not random"),
    ],
)
@pytest.mark.parametrize("source", ["given", "config"])
def test_a_changed_setting_of_a_study_is_refused(stored, change, message, source):
    """The error names the study, the option, and both values."""
    stored(study="x", epochs=4)
    given = {"study": "x", **(change if source == "given" else {})}
    with pytest.raises(SettingsError, match=f"study x was made with {message}; leave the option"):
        resolve_settings(given, change if source == "config" else {})


def test_a_change_of_recipes_names_both_options(stored):
    """Each value is named by its option on the command line."""
    stored(study="x", recipes=False)
    with pytest.raises(SettingsError, match="was made with --no-recipes, not --recipes; "):
        resolve_settings({"study": "x", "recipes": True}, {})


@pytest.mark.parametrize("key", ["class_weights", "skip_corrupt"])
def test_a_change_of_a_switch_names_both_options(stored, key):
    """Every switch has an option for yes and one for no."""
    stored(study="x")
    option = key.replace("_", "-")
    with pytest.raises(SettingsError, match=f"with --no-{option}, not --{option}; "):
        resolve_settings({"study": "x", key: True}, {})


def test_measured_epochs_are_named_as_measured(stored):
    """The error names measured epochs and not --epochs None."""
    stored(study="x")
    with pytest.raises(SettingsError, match="--epochs") as raised:
        resolve_settings({"study": "x", "epochs": 9}, {})
    assert "None" not in str(raised.value)


def test_the_path_of_an_earlier_study_becomes_absolute(tmp_path):
    """So the study can go on from any folder; a name stays a name."""
    settings = resolve_settings({"warm_start": "first, old/second,~/third"}, {})
    assert settings.warm_start is not None
    first, second, third = settings.warm_start.split(",")
    assert (first, second) == ("first", str(tmp_path / "old/second"))
    assert third.endswith("/third")
    assert not third.startswith("~")


def test_the_same_settings_again_are_no_change(stored):
    """The whole command can be repeated to resume a study."""
    stored(study="x", dataset="mnist", seed=7, target=0.9)
    given = {"study": "x", "dataset": "mnist", "seed": 7, "target": 0.9}
    assert resolve_settings(given, {}).seed == 7


@pytest.mark.parametrize("content", [b"seed = [", b"seed = 'x'", b"\xff\xfe\x00"])
def test_a_damaged_study_is_refused(stored, tmp_path, content):
    """The error names its study.toml."""
    stored(study="x")
    (tmp_path / "results" / "x" / "study.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=r"results/x/study\.toml: "):
        resolve_settings({"study": "x"}, {})


# the file


def test_a_file_gives_settings(tmp_path):
    """Only keys of the file are set; an integer is read as a float if a float is expected."""
    path = tmp_path / "mine.toml"
    path.write_text('dataset = "mnist"\ntime_budget_s = 90\nrecipes = false\n')
    assert read_config(path) == {"dataset": "mnist", "time_budget_s": 90.0, "recipes": False}


def test_a_file_may_name_settings_as_the_command_line_does(tmp_path):
    """A file may hold the texts of the command line."""
    path = tmp_path / "mine.toml"
    path.write_text('time_budget = "1h30m"\ntrial_timeout = "90s"\nworker_memory = "4G"\n')
    assert read_config(path) == {
        "time_budget_s": 5400.0,
        "trial_timeout_s": 90.0,
        "worker_memory_mb": 4096,
    }


def test_a_file_names_the_unit_of_a_duration(tmp_path):
    """A duration without a unit is refused in a file as on the command line."""
    path = tmp_path / "mine.toml"
    path.write_text("trial_timeout = 90\n")
    message = r"mine.toml: trial_timeout needs a unit: 90s are seconds, 90m minutes; got '90'"
    with pytest.raises(SettingsError, match=message):
        read_config(path)


def test_a_file_may_name_a_baseline(tmp_path):
    """The baseline's settings have lower precedence than those of the file."""
    path = tmp_path / "mine.toml"
    path.write_text('baseline = "lenet"\nepochs = 3\n')
    config = read_config(path)
    assert resolve_settings({"study": "x", "created": "2026-01-01"}, config) == resolve_settings(
        {"study": "x", "created": "2026-01-01", "baseline": "lenet", "epochs": 3}, {}
    )
    assert resolve_settings({"baseline": "vgg_small"}, config).space == "vgg_small"
    settings = resolve_settings({"space": "cnn"}, config)
    assert (settings.space, settings.recipes, settings.epochs) == ("cnn", True, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"seed = [", "mine.toml: not a TOML file: "),
        (b"\xff\xfe", "mine.toml: cannot be read as UTF-8 text: "),
        (
            b"sed = 1",
            "mine.toml: sed: unknown setting; did you mean 'seed'[?] known: dataset, image_size, ",
        ),
        (b"seed = 'x'", "mine.toml: seed must be an integer, got 'x'"),
        (b"seed = true", "mine.toml: seed must be an integer, got True"),
        (b"trials = 0", "mine.toml: trials must be at least 1, got 0"),
        (b"target = 0", r"mine.toml: target must be above 0, got 0\.0"),
        (b"time_budget = 'soon'", "mine.toml: time_budget must be a time above zero such as 90s,"),
        (b"time_budget = true", "mine.toml: time_budget must be a time above zero such as 90s,"),
        (b"worker_memory = 4", "mine.toml: worker_memory must be a size such as 900M or 4G, got"),
        (
            b"time_budget = '1h'\ntime_budget_s = 3600",
            "mine.toml: time_budget and time_budget_s are one setting; leave one of the two out",
        ),
        (b"baseline = 'lenett'", "mine.toml: baseline must be one of airbench94, .*'lenett'"),
        (b"baseline = 1", "mine.toml: baseline must be one of airbench94, .*, got 1"),
        (b"baseline = 'lenet'\nspace = 'cnn'", "mine.toml: baseline and space are two spaces; "),
        (b"sed = 1", "mine.toml: sed: unknown setting; .*, baseline, worker_memory, time_budget,"),
        (b"seed = " + b"9" * 400, "mine.toml: seed must be an integer of at most 64 bits, got one"),
        (b"trial_timeout = " + b"9" * 400, "mine.toml: trial_timeout must be an integer of at mo"),
        (b"pruner = 'asha'", "mine.toml: pruner must be one of auto, halving, hyperband"),
    ],
)
def test_a_bad_file_is_refused(tmp_path, text, message):
    """The error has file, key, expected and given value."""
    path = tmp_path / "mine.toml"
    path.write_bytes(text)
    with pytest.raises(SettingsError, match=message):
        read_config(path)


@pytest.mark.parametrize("name", ["absent.toml", "."])
def test_an_unreadable_file_is_refused(tmp_path, name):
    """The error names the option of the file."""
    with pytest.raises(SettingsError, match=r"--config .*: cannot be read"):
        read_config(tmp_path / name)


# engines


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"tuner": "grid"}, r"^--tuner belongs to --engine keras-tuner, and the engine is optuna;"),
        (
            {"engine": "keras-tuner", "sampler": "tpe"},
            r"^--sampler belongs to --engine optuna, and the engine is keras-tuner;",
        ),
    ],
)
def test_an_option_of_the_other_engine_is_refused(given, message, tmp_path):
    """An unused option is refused; a file, which has every setting, may hold it."""
    with pytest.raises(SettingsError, match=message):
        resolve_settings({"results": str(tmp_path), **given}, {})
    config = {"results": str(tmp_path), "sampler": "random", "engine": "keras-tuner"}
    assert resolve_settings({}, config).proposer == "hyperband"


# executors


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"gpus_per_trial": 0.25}, "^--gpus-per-trial belongs to --executor ray, .* is local;"),
        ({"ray_address": "auto"}, "^--ray-address belongs to --executor ray, .* is local;"),
        ({"executor": "ray", "gpus": "0,1"}, "^--gpus belongs to --executor local, .* is ray;"),
        ({"executor": "slurm"}, "^--executor must be one of local, ray, got 'slurm'"),
        ({"executor": "ray", "gpus_per_trial": -1.0}, "^--gpus-per-trial must be 0 to 1, such as"),
        ({"executor": "ray", "gpus_per_trial": 1.5}, "^--gpus-per-trial must be 0 to 1, such as"),
        ({"executor": "ray", "cpus_per_trial": 0}, "^--cpus-per-trial must be 1 to 1024, got 0"),
        ({"executor": "ray", "ray_address": "ray://a:1"}, "^--ray-address must be auto or HOST"),
        ({"executor": "ray", "ray_address": "me:secret@a:1"}, "^--ray-address must be auto or H"),
    ],
)
def test_an_option_that_does_not_fit_the_executor_is_refused(given, message, tmp_path):
    """The line names the option; an address cannot hold a password."""
    with pytest.raises(SettingsError, match=message):
        resolve_settings({"results": str(tmp_path), **given}, {})


def test_the_file_of_another_study_may_hold_settings_of_both_executors(tmp_path):
    """A file has every setting, as study.toml does."""
    config = {"results": str(tmp_path), "gpus": "0", "cpus_per_trial": 2, "executor": "ray"}
    assert resolve_settings({}, config).cpus_per_trial == 2


def test_a_cluster_that_a_file_names_is_refused_until_the_user_has_named_it(tmp_path, monkeypatch):
    """A cluster runs code in the processes that connect to it; `auto` is this machine's own."""
    monkeypatch.setenv("AUTOCNN_CACHE", str(tmp_path / "cache"))
    config = {"results": str(tmp_path), "executor": "ray", "ray_address": "10.0.0.1:6379"}
    with pytest.raises(SettingsError, match=r"^--config: names the Ray cluster 10.0.0.1:6379, whi"):
        resolve_settings({}, config)
    assert resolve_settings({"ray_address": "10.0.0.2:6379"}, config).ray_address
    assert resolve_settings({}, {**config, "ray_address": "auto"}).ray_address == "auto"
    remember_cluster("10.0.0.1:6379")
    assert resolve_settings({}, config).ray_address == "10.0.0.1:6379"
