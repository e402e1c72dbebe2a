"""Which function writes which kind of file."""

from __future__ import annotations

from pathlib import Path

import pytest

from autocnn.errors import SettingsError
from autocnn.export.formats import exporter_for
from autocnn.export.keras_file import export_keras


@pytest.mark.parametrize("target", ["model.keras", "some/folder/v1.2.keras"])
def test_the_ending_chooses_the_format(target):
    """Whatever stands before it."""
    assert exporter_for(Path(target)) is export_keras


@pytest.mark.parametrize("target", ["model.h5", "model", "model.keras.bak", ".keras", "folder/"])
def test_an_unknown_ending_is_told(target):
    """With the endings that there are."""
    with pytest.raises(SettingsError, match=r"--output must end in \.keras, got '") as raised:
        exporter_for(Path(target))
    assert str(Path(target)) in str(raised.value)
