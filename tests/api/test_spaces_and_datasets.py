"""Spaces, data sets and the installation, which need no study."""

from __future__ import annotations

import pytest

from autocnn.api.datasets import list_datasets
from autocnn.api.installation import describe_gpus, describe_installation
from autocnn.api.spaces import copy_space, limit_space
from autocnn.api.survey_space import survey_settings
from autocnn.data.catalog import list_datasets as catalog
from autocnn.errors import RecordError, SettingsError, SpaceError, UnknownDatasetError
from autocnn.executors.gpus import Gpu, GpuSurvey
from autocnn.records.study_settings import StudySettings
from autocnn.space.library import space_names
from autocnn.space.space import Limits, SearchSpace
from autocnn.space.toml import load_space


def test_a_space_is_copied_with_its_comments(tmp_path):
    """The copy is equal byte by byte, and is read as the same space."""
    space, target = load_space("cnn"), tmp_path / "mine.toml"
    assert copy_space(space, target) == target
    assert target.read_text(encoding="utf-8") == space.text
    assert load_space(str(target)).parameters == space.parameters


@pytest.mark.parametrize("content", [b"", b"somebody's work"])
def test_a_copy_overwrites_nothing(tmp_path, content):
    """An empty file is not overwritten either."""
    target = tmp_path / "mine.toml"
    target.write_bytes(content)
    with pytest.raises(SettingsError, match=r"mine\.toml: exists already; choose another name"):
        copy_space(load_space("cnn"), target)
    assert target.read_bytes() == content


@pytest.mark.parametrize("name", ["mine", "mine.txt", "mine.toml.bak"])
def test_a_copy_must_be_a_toml_file(tmp_path, name):
    """The option --space reads only .toml files."""
    with pytest.raises(SettingsError, match=r"--copy must name a \.toml file, got"):
        copy_space(load_space("cnn"), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_copy_needs_a_folder(tmp_path):
    """A missing folder is not created, because its name may be misspelt."""
    with pytest.raises(RecordError, match="cannot be written"):
        copy_space(load_space("cnn"), tmp_path / "absent" / "mine.toml")


@pytest.mark.parametrize("name", space_names())
def test_every_space_can_be_searched(name):
    """Every space has feasible networks on the images of the baselines."""
    space, survey, shape = survey_settings(StudySettings(study="x", space=name, dataset="cifar10"))
    assert (space.name, shape) == (name, (32, 32, 3))
    assert survey.feasible > 0


@pytest.mark.parametrize(
    ("settings", "error"),
    [({"space": "cn"}, SpaceError), ({"dataset": "digit"}, UnknownDatasetError)],
)
def test_an_unknown_space_is_refused(settings, error):
    """An unknown space is refused before any point is drawn."""
    with pytest.raises(error, match="choose one of"):
        survey_settings(StudySettings(study="x", **settings))


def test_a_space_without_a_feasible_point_is_refused(tmp_path):
    """The error has the reason and a remedy."""
    path = tmp_path / "none.toml"
    path.write_text("[limits]\nparameters = 1\n[parameters]\nblocks = { low = 1, high = 2 }\n")
    with pytest.raises(SpaceError, match=r"none of 1000 samples is feasible .*; widen the"):
        survey_settings(StudySettings(study="x", space=str(path)))


def test_data_sets_are_marked_as_local(monkeypatch, tmp_path):
    """With an empty cache only digits, which scikit-learn installs, are local."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    rows = list_datasets()
    assert [info for info, _ in rows] == catalog()
    assert [info.name for info, is_here in rows if is_here] == ["digits"]


def test_an_installation_is_described(tmp_path):
    """The description has all that affects results on this machine, and its folders."""
    facts = describe_installation(tmp_path / "results")
    assert "keras 3." in facts["versions"]
    assert facts["backend"] in ("tensorflow", "jax", "torch")
    assert facts["precision"].split(":")[0] in ("float32", "bfloat16")
    assert facts["results"] == str(tmp_path / "results")
    assert all(value and "\n" not in value for value in facts.values())


def test_an_installation_lists_its_cards():
    """A card is a line with its memory; if there is none, the reason is."""
    gpu = Gpu(identifier="GPU-aa", index=0, name="NVIDIA A", total_mb=40_000, free_mb=39_000)
    assert describe_gpus(GpuSurvey(gpus=(gpu,))) == {
        "gpu 0": "NVIDIA A, 39,000 of 40,000 MiB free, GPU-aa"
    }
    silent = GpuSurvey(is_known=False, notes=("NVML: Driver Not Loaded",))
    assert describe_gpus(silent) == {"gpus": "NVML shows none; NVML: Driver Not Loaded"}


@pytest.mark.parametrize(
    ("stated", "wanted", "expected"),
    [(None, None, None), (100, None, 100), (None, 50, 50), (100, 50, 50), (100, 200, 100)],
)
def test_the_lower_limit_holds(stated, wanted, expected):
    """The lower of the space's and the settings' limit holds."""
    space = SearchSpace(name="s", parameters={}, limits=Limits(parameters=stated, macs=stated))
    settings = StudySettings(study="s", max_params=wanted, max_macs=wanted)
    limits = limit_space(space, settings).limits
    assert (limits.parameters, limits.macs) == (expected, expected)
