"""Small hand-made images, an empty cache, and a substitute for a module of `keras.datasets`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from autocnn.data.dataset import TrainingImages


@pytest.fixture
def make_images() -> Callable[[Sequence[int], Sequence[int]], TrainingImages]:
    """A function that makes 1x2 grey images; both pixels of image i are `values[i]`."""

    def make(values: Sequence[int], labels: Sequence[int]) -> TrainingImages:
        pixels = np.array([[[[v], [v]]] for v in values], dtype=np.uint8)
        return TrainingImages(images=pixels, labels=np.array(labels, dtype=np.int64))

    return make


@pytest.fixture
def keras_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to which KERAS_HOME points."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def fake_keras(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[], object]], None]:
    """A function that replaces `keras.datasets.<name>.load_data` without importing Keras."""

    def install(name: str, load_data: Callable[[], object]) -> None:
        module = ModuleType(f"keras.datasets.{name}")
        module.load_data = load_data
        monkeypatch.setitem(sys.modules, module.__name__, module)

    return install


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of decoded images, so the user's own cache is not changed."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("AUTOCNN_CACHE", str(folder))
    return folder
