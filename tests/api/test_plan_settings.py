"""What a comparison refuses, before anything is trained."""

from __future__ import annotations

import pytest

from autocnn.api.ablation import AblationSettings
from autocnn.api.comparison import CompareSettings
from autocnn.errors import SettingsError


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"baselines": ()}, "nothing to compare: give --baseline NAME or --study NAME"),
        ({"baselines": ("cnn_17",)}, "--baseline: none is named 'cnn_17'; choose from "),
        ({"seeds": 0}, "--seeds must be at least 1, got 0"),
        ({"epochs": 0}, "--epochs must be at least 1, got 0"),
        ({"patience": -1}, "--patience must be at least 1, got -1"),
    ],
)
def test_wrong_settings_are_told(changes, expected):
    """With the option's name."""
    with pytest.raises(SettingsError) as raised:
        CompareSettings(**{"dataset": "digits", "baselines": ("cnn_16_32_64",), **changes})
    assert str(raised.value).startswith(expected)


def test_an_ablation_needs_a_seed():
    """At least one."""
    with pytest.raises(SettingsError, match=r"--seeds must be at least 1, got 0"):
        AblationSettings(seeds=0)
