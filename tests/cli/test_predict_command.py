"""`autocnn predict`: tables, CSV, JSON, and files that cannot be read."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from export_fixtures import CONTRACT
from image_files import encode

from autocnn.api import opened_model
from autocnn.data.value_range import EIGHT_BITS
from autocnn.models.loaded import LoadedModel

EIGHT = replace(CONTRACT, value_range=EIGHT_BITS)
N = len(CONTRACT.class_names)


def predict(images):
    """Dark images are of the first class, bright ones of the second."""
    bright = images.mean(axis=(1, 2, 3)) / 255
    rest = [np.zeros(len(images))] * (N - 2)
    return np.stack([1 - bright, bright, *rest], axis=1).astype(np.float32)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The working directory, with a model, two images and a text."""
    loaded = LoadedModel(contract=EIGHT, predictor=predict)
    monkeypatch.setattr(opened_model, "load_model", lambda path: loaded)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.keras").write_bytes(b"")
    for name, value in (("dark.png", 51), ("white.png", 255)):
        (tmp_path / name).write_bytes(encode(np.full((8, 8, 3), value, np.uint8)))
    (tmp_path / "text.png").write_text("hello")
    return tmp_path


def test_a_table_has_a_row_for_each_image(autocnn, place):
    """Class and probability."""
    done = autocnn("predict", "model.keras", "dark.png", "white.png")
    first, second = CONTRACT.class_names[:2]
    assert (done.code, done.err) == (0, "")
    rows = [line.split() for line in done.out.splitlines()[2:]]
    assert rows == [["dark.png", first, "80.00", "%"], ["white.png", second, "100.00", "%"]]


def test_csv_has_one_line_for_each_image(autocnn, place):
    """The second class has columns of its own."""
    done = autocnn("predict", "model.keras", "dark.png", "--csv", "--top", 2)
    first, second = CONTRACT.class_names[:2]
    assert done.out.splitlines() == [
        "image,class,probability,class_2,probability_2",
        f"dark.png,{first},0.8,{second},0.2",
    ]


def test_json_is_one_object(autocnn, place):
    """No more classes are shown than there are."""
    done = autocnn("predict", "model.keras", "dark.png", "--json", "-k", 99)
    data = json.loads(done.out)
    assert data["classes"] == list(CONTRACT.class_names)
    (image,) = data["images"]
    assert image["path"] == "dark.png"
    assert len(image["top"]) == N
    assert image["top"][0] == {"class": CONTRACT.class_names[0], "probability": pytest.approx(0.8)}
    assert data["unreadable"] == []


def test_a_file_that_cannot_be_read_is_named_and_the_rest_goes_on(autocnn, place):
    """The exit code is 1; standard output has the others."""
    done = autocnn("predict", "model.keras", "text.png", "white.png")
    assert done.code == 1
    assert "white.png" in done.out
    assert "text.png" not in done.out
    first, last = done.err.splitlines()
    assert first.startswith("autocnn: text.png: cannot be read (")
    assert last == "autocnn: error: 1 of 2 images could not be read"
    done = autocnn("predict", "model.keras", "text.png", "white.png", "--json")
    (unreadable,) = json.loads(done.out)["unreadable"]
    assert unreadable["path"] == "text.png"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("model.keras", "gone.png"), "gone.png: expected an image, a folder or a pattern"),
        (("model.keras", "dark.png", "--trial", 1), "--trial is for a study, and model.keras"),
        (("model.keras", "dark.png", "--csv", "--json"), "--csv and --json: choose one"),
        (("model.keras", "dark.png", "--top", 0), "--top"),
        (("model.keras",), "IMAGE"),
        (("nostudy", "dark.png"), "results: there is no such folder"),
    ],
)
def test_wrong_arguments_are_one_line(autocnn, place, arguments, problem):
    """The exit code is not zero, and nothing is printed to standard output."""
    done = autocnn("predict", *arguments)
    assert done.code != 0
    assert done.out == ""
    assert problem in done.err
    assert done.err.count("\n") == 1


def test_images_are_looked_for_before_the_model_is_loaded(autocnn, place, monkeypatch):
    """A wrong path costs no seconds."""
    monkeypatch.setattr(opened_model, "load_model", None)
    assert "gone.png: expected" in autocnn("predict", "model.keras", "gone.png").err
