"""A search in Python whose trainings are scripted: nothing is trained, no process is started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scripted_search import Scripted, shaded

from autocnn.executors import choose
from autocnn.python.searching import search
from autocnn.python.studies import Study

SPACE = """description = "one small convolution"
[parameters]
blocks = 1
convolutions = 1
filters = { choices = [1, 2, 3, 4, 5, 6, 7, 8] }
learning_rate_scale = { low = 0.5, high = 2.0 }
head = "global_max"
dense_layers = 0
"""


@pytest.fixture
def executor(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """The scripted executor, in place of the processes of this machine."""
    made = Scripted()
    monkeypatch.setitem(choose.EXECUTORS, "local", lambda setup: made)
    return made


@pytest.fixture
def arrays() -> tuple[NDArray[np.uint8], NDArray[np.str_]]:
    """90 noisy images of 8x8 in three classes, which differ in brightness."""
    return shaded(90)


@pytest.fixture
def few(tmp_path: Path) -> dict[str, Any]:
    """Settings of a search of two short trials in a folder of its own."""
    space = tmp_path / "small.toml"
    space.write_text(SPACE)
    return {
        "space": space,
        "results": tmp_path / "results",
        "trials": 2,
        "epochs": 2,
        "folds": 1,
        "pruner": "none",
        "recipes": False,
        "finals": 1,
        "report": False,
        "progress": False,
    }


@pytest.fixture
def study(
    executor: Scripted, arrays: tuple[NDArray[np.uint8], NDArray[np.str_]], few: dict[str, Any]
) -> Study:
    """A finished study "shades" of the arrays."""
    return search(*arrays, **few, study="shades")
