"""The list of baselines, and the settings that a search with `--baseline` gets."""

from __future__ import annotations

import pytest

from autocnn.api import list_baselines, resolve_settings
from autocnn.api.spaces import baseline_settings
from autocnn.errors import SettingsError
from autocnn.records.settings_file import settings_to_toml
from autocnn.records.study_settings import StudySettings
from autocnn.space.library import baseline_names


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    """Run each test in its own folder, because studies are searched below ./results."""
    monkeypatch.chdir(tmp_path)


def test_all_baselines_are_listed():
    """Each baseline is listed with its cost on the images of its own data set."""
    found = {baseline.name: baseline for baseline in list_baselines()}
    assert list(found) == baseline_names()
    lenet = found["lenet"]
    assert lenet.image_shape == (28, 28, 1)
    # 28*28*150 + 10*10*2400 + 400*120 + 120*84 + 84*10
    assert (lenet.parameters, lenet.macs) == (61_706, 416_520)
    assert (lenet.published.dataset, lenet.published.epochs) == ("mnist", 20)
    assert found["resnet9"].batch_size == 512


def test_a_baseline_is_trained_once_as_published():
    """A baseline has no recipes, no pruner and no budget."""
    settings = resolve_settings({"baseline": "cnn_16_32_64"}, {})
    assert (settings.space, settings.dataset) == ("cnn_16_32_64", "cifar10")
    assert (settings.epochs, settings.trials, settings.time_budget_s) == (100, 1, None)
    assert (settings.recipes, settings.pruner) == (False, "none")
    assert settings.study.startswith("cifar10-")


def test_epochs_that_were_not_published_are_measured():
    """Without published epochs the horizon is measured as in any search."""
    assert "epochs" not in baseline_settings("cnn_bn_cifar")
    assert resolve_settings({"baseline": "cnn_bn_cifar"}, {}).epochs is None


@pytest.mark.parametrize("source", ["given", "config"])
def test_explicit_settings_come_before_the_baseline(source):
    """An option or a file overrides a baseline's setting; the space is the baseline's."""
    said = {"dataset": "digits", "epochs": 3, "time_budget_s": 60.0, "pruner": "median"}
    given = {"baseline": "lenet", **(said if source == "given" else {})}
    config = {"space": "mlp", **(said if source == "config" else {})}
    settings = resolve_settings(given, config)
    assert settings.space == "lenet"
    assert {key: getattr(settings, key) for key in said} == said
    assert settings.trials == 1


def test_a_study_of_a_baseline_is_resumed(tmp_path):
    """It keeps its settings, and another baseline needs another study."""
    folder = tmp_path / "results" / "x"
    folder.mkdir(parents=True)
    stored = StudySettings(
        study="x", space="lenet", dataset="digits", epochs=5, trials=2, recipes=False
    )
    (folder / "study.toml").write_text(settings_to_toml(stored))
    settings = resolve_settings({"study": "x", "baseline": "lenet"}, {})
    assert (settings.dataset, settings.epochs, settings.trials) == ("digits", 5, 2)
    assert settings.pruner == "auto"
    with pytest.raises(SettingsError, match="was made with --space lenet, not vgg_small"):
        resolve_settings({"study": "x", "baseline": "vgg_small"}, {})


def test_a_baseline_and_a_space_exclude_each_other():
    """A baseline is a space, so both options together are refused."""
    with pytest.raises(
        SettingsError, match=r"^--baseline lenet is a space of its own, and --space"
    ):
        resolve_settings({"baseline": "lenet", "space": "cnn"}, {})


@pytest.mark.parametrize("name", ["lenet5", "cnn", "lenet.toml", ""])
def test_an_unknown_baseline_lists_the_existing_ones(name):
    """A space of the library is no baseline."""
    with pytest.raises(
        SettingsError,
        match=f"^--baseline: no baseline is named {name!r}; choose one of airbench94,",
    ):
        resolve_settings({"baseline": name}, {})
