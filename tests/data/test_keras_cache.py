"""The cache folder is that of Keras."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autocnn.data.keras_cache import cache_home, missing_files


def test_keras_home_is_respected(keras_home):
    """KERAS_HOME names the cache folder."""
    assert cache_home() == keras_home


def test_without_keras_home_the_cache_is_in_the_home_folder(tmp_path, monkeypatch):
    """The default cache folder is ~/.keras."""
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_home() == tmp_path / ".keras"


@pytest.mark.skipif(not os.path.isdir("/tmp"), reason="Keras uses another folder without /tmp")
def test_a_folder_that_cannot_be_written_is_replaced(keras_home, monkeypatch):
    """Keras reads /tmp/.keras if KERAS_HOME is read-only."""
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != keras_home)
    assert cache_home() == Path("/tmp/.keras")


def test_only_absent_files_are_missing(keras_home):
    """Of two files, the one in the cache is not missing."""
    (keras_home / "here").touch()
    assert missing_files(["here", "there"]) == ["there"]
