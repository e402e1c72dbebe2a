"""The settings of a comparison that are refused before any training."""

from __future__ import annotations

import re

import pytest

from autocnn.api.ablate_trial import AblationSettings
from autocnn.api.compare_networks import CompareSettings, _published_on, _study_settings
from autocnn.data.options import ImageOptions
from autocnn.errors import SettingsError
from autocnn.space.space import Published


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"baselines": ()}, "nothing to compare: give --baseline NAME or --study NAME"),
        ({"baselines": ("cnn_17",)}, "--baseline: none is named 'cnn_17'; choose from "),
        ({"seeds": 0}, "--seeds must be 1 to 1000, got 0"),
        ({"seeds": 99999999999}, "--seeds must be 1 to 1000, got 99999999999"),
        ({"epochs": 0}, "--epochs must be at least 1, got 0"),
        ({"patience": -1}, "--patience must be at least 1, got -1"),
    ],
)
def test_wrong_settings_are_refused(changes, expected):
    """The error names the option."""
    with pytest.raises(SettingsError) as raised:
        CompareSettings(**{"dataset": "digits", "baselines": ("cnn_16_32_64",), **changes})
    assert str(raised.value).startswith(expected)


@pytest.mark.parametrize(
    ("dataset", "is_shown"),
    [
        ("mnist", True),
        ("/data/mnist-jpeg", True),
        ("mnist.npz", True),
        ("fashion_mnist", False),
        ("mnist2", False),
        ("digits", False),
    ],
)
def test_a_published_score_is_shown_for_its_own_data_only(dataset, is_shown):
    """A copy such as mnist-jpeg or mnist.npz has the published score, mnist2 has not."""
    published = Published(dataset="mnist", source="a paper", test_accuracy=0.99)
    assert (_published_on(dataset, published) is published) is is_shown
    assert _published_on(dataset, None) is None


def test_an_ablation_needs_a_seed():
    """An ablation needs at least one seed."""
    with pytest.raises(SettingsError, match=r"--seeds must be 1 to 1000, got 0"):
        AblationSettings(seeds=0)


def test_comparisons_of_other_images_are_other_studies(tmp_path, monkeypatch):
    """Another folder of one name, or another size, is another study; the order is not."""
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        (tmp_path / name / "photos").mkdir(parents=True)

    def study_of(dataset, baseline="cnn_16_32_64", **more):
        settings = CompareSettings(dataset=dataset, baselines=(baseline,), **more)
        return _study_settings(settings, 1)

    assert study_of("digits").study == "compare-digits-30-5"
    assert study_of("digits", "lenet").space == study_of("digits").space
    names = [study_of(f"{name}/photos").study for name in ("a", "b", "a")]
    assert names[0] == names[2] != names[1]
    assert all(re.fullmatch(r"compare-photos-[0-9a-f]{8}-30-5", name) for name in names)
    assert study_of("a/photos", images=ImageOptions("48x64")).study.endswith("-48x64-30-5")
    assert study_of("a/photos", images=ImageOptions(label_column="y")).study not in names
    padded = study_of("a/photos", images=ImageOptions(resize="pad"))
    assert padded.study not in names
    assert padded.resize == "pad"
