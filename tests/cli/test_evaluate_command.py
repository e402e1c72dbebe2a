"""`autocnn evaluate`: the page, JSON, pictures, and bad input."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from export_fixtures import CONTRACT
from image_files import write_folder

from autocnn.api import opened_model
from autocnn.data.value_range import EIGHT_BITS
from autocnn.models.loaded import LoadedModel

PETS = replace(
    CONTRACT, class_names=("white", "black"), image_shape=(4, 6, 1), value_range=EIGHT_BITS
)


def predict(images):
    """The brighter, the whiter."""
    white = images.mean(axis=(1, 2, 3)) / 255
    return np.stack([white, 1 - white], axis=1).astype(np.float32)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The working directory, with a model, and a folder of ten black and ten white images."""
    loaded = LoadedModel(contract=PETS, predictor=predict)
    monkeypatch.setattr(opened_model, "load_model", lambda path: loaded)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.keras").write_bytes(b"")
    levels = [*range(0, 20, 2), *range(236, 256, 2)]
    pixels = np.array([np.full((4, 6), level) for level in levels], np.uint8)
    write_folder(tmp_path / "pets", {"": (pixels, ["black"] * 10 + ["white"] * 10)})
    return tmp_path


def test_the_page_is_printed(autocnn, place):
    """The title, the accuracy and the classes."""
    done = autocnn("evaluate", "model.keras", "pets")
    assert (done.code, done.err) == (0, "")
    first, second, *_ = done.out.splitlines()
    assert first == "all images of pets"
    assert second.startswith("accuracy 100.00 % of 20 images (95 % interval 83.89 % to 100.00 %)")


def test_json_is_one_object(autocnn, place):
    """With the pictures that were written."""
    done = autocnn("evaluate", "model.keras", "pets", "--json", "-o", "out")
    data = json.loads(done.out)
    assert (data["accuracy"], data["auc"], data["mistakes"]) == (1.0, 1.0, [])
    assert data["files"] == ["out/confusion.png", "out/reliability.png"]
    assert sorted(path.name for path in (place / "out").iterdir()) == [
        "confusion.png",
        "reliability.png",
    ]


def test_other_classes_are_one_line(autocnn, place):
    """The line names some of them, and those of the network."""
    (place / "pets" / "white").rename(place / "pets" / "grey")
    done = autocnn("evaluate", "model.keras", "pets")
    assert done.code == 1
    assert done.err.splitlines() == [
        "autocnn: error: pets: its classes 'grey' are none of the network's, which are 'white', "
        "'black'; rename or remove them"
    ]


def test_a_part_of_a_folder_without_parts_is_one_line(autocnn, place):
    """All images are taken of such a folder."""
    done = autocnn("evaluate", "model.keras", "pets", "--split", "test")
    assert done.code != 0
    assert "--split test: pets has no test part of its own" in done.err
