"""`evaluate`: a network on a data set, its note on images it has seen, and its pictures."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from export_fixtures import CONTRACT
from image_files import write_folder
from PIL import Image

from autocnn.api.evaluate_model import evaluate, write_evaluation
from autocnn.data.value_range import EIGHT_BITS
from autocnn.errors import RecordError

# Of other names than the folders are, in another order.
PETS = replace(
    CONTRACT,
    class_names=("white", "black"),
    image_shape=(4, 6, 1),
    value_range=EIGHT_BITS,
    dataset="pets",
    study="pets-1",
)


def predict(images):
    """The brighter, the whiter; never sure."""
    white = 0.1 + 0.8 * images.mean(axis=(1, 2, 3)) / 255
    return np.stack([white, 1 - white], axis=1).astype(np.float32)


@pytest.fixture
def network():
    """A network that tells black from white."""
    return SimpleNamespace(contract=PETS, predict=predict)


@pytest.fixture
def folder(tmp_path):
    """Ten black images and ten white ones of twice the size; one white one is called black."""
    levels = [*range(0, 20, 2), *range(236, 256, 2)]
    pixels = np.array([np.full((8, 12), level) for level in levels], np.uint8)
    labels = ["black"] * 11 + ["white"] * 9
    return write_folder(tmp_path / "others", {"": (pixels, labels)})


def test_images_are_prepared_as_the_contract_says(network, folder):
    """They are scaled to the network's size; 19 of 20 are right."""
    outcome = evaluate(network, str(folder))
    assert outcome.data.images.shape == (4, 6, 1)
    assert (outcome.evaluation.n, outcome.evaluation.accuracy) == (20, 0.95)
    (mistake,) = outcome.evaluation.mistakes
    assert (mistake.true, mistake.predicted) == ("black", "white")
    assert mistake.probability == pytest.approx(0.1 + 0.8 * 236 / 255)
    assert outcome.evaluation.auc == 1.0  # all of black are darker than all of white
    assert (outcome.title, outcome.note) == ("all images of others", "")


def test_a_score_on_images_of_the_study_says_so(network, folder):
    """The data set has the name of the one that the network was trained on."""
    network.contract = replace(PETS, dataset="others")
    note = evaluate(network, str(folder)).note
    assert note == (
        "the network was trained on images of others, or of data of the same name (study pets-1): "
        "this score says nothing about new images"
    )


def test_the_test_images_of_the_study_are_named(network):
    """The finals have read them."""
    names = tuple(reversed("0123456789"))
    network.contract = replace(PETS, dataset="digits", image_shape=(8, 8, 1), class_names=names)
    network.predict = lambda images: np.full((len(images), 10), 0.1)
    outcome = evaluate(network, "digits", "test")
    assert outcome.note.startswith("these are the test images of study pets-1")
    assert (outcome.evaluation.n, outcome.title) == (360, "the test images of digits")
    assert outcome.evaluation.classes[0].n == outcome.evaluation.confusion.counts[0][0]  # all "9"


def test_json_has_plain_values(network, folder):
    """Scores, classes, the matrix and mistakes."""
    data = evaluate(network, str(folder)).as_json()
    assert (data["dataset"], data["split"], data["accuracy"]) == ("others", "all", 0.95)
    assert data["confusion"] == {"classes": ("white", "black"), "counts": ((9, 0), (1, 10))}
    assert data["mistakes"][0]["true"] == "black"


def test_pictures_are_written(network, folder, tmp_path):
    """The folder is made; without mistakes there is no picture of them."""
    files = write_evaluation(evaluate(network, str(folder)), tmp_path / "a" / "b")
    assert [file.name for file in files] == ["confusion.png", "reliability.png", "mistakes.png"]
    for file in files:
        with Image.open(file) as picture:
            assert picture.format == "PNG"
            assert min(picture.size) > 300


def test_a_folder_that_cannot_be_made_is_one_line(network, folder, tmp_path):
    """There is a file in its place."""
    (tmp_path / "file").touch()
    with pytest.raises(RecordError, match=r"file/a: cannot be written \(Not a directory\)"):
        write_evaluation(evaluate(network, str(folder)), tmp_path / "file" / "a")
