"""A model that knows dark from bright, and images for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from export_fixtures import CONTRACT
from image_files import encode

from autocnn.data.value_range import EIGHT_BITS
from autocnn.models.loaded import LoadedModel

NAMES = ("dark", "<script>alert(1)</script>", *(f"other {n}" for n in range(2, 50)))
CLASSES = NAMES[: len(CONTRACT.class_names)]


def predict(images):
    """The mean brightness decides: dark images are of the first class, bright of the second."""
    bright = images.mean(axis=(1, 2, 3)) / 255
    rows = np.zeros((len(images), len(CLASSES)), np.float32)
    rows[:, 0], rows[:, 1] = 1 - bright, bright
    return rows


@pytest.fixture
def model() -> LoadedModel:
    """The model, whose second class has a name that would be a program in a page."""
    contract = replace(CONTRACT, value_range=EIGHT_BITS, class_names=CLASSES)
    return LoadedModel(contract=contract, predictor=predict)


@pytest.fixture(scope="session")
def black() -> bytes:
    """A black image as PNG."""
    return encode(np.zeros((8, 8, 3), np.uint8))


@pytest.fixture(scope="session")
def white() -> bytes:
    """A white image of another size."""
    return encode(np.full((20, 30, 3), 255, np.uint8))
