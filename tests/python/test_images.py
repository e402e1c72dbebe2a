"""Images of a caller, prepared for a network."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.data.value_range import EIGHT_BITS, ValueRange
from autocnn.errors import DatasetError
from autocnn.models.contract import ModelContract
from autocnn.python.images import prepare_images


@pytest.fixture
def make():
    """A function that makes the contract of a network of grey images of 2x2."""

    def contract(**changes):
        fields = {
            "class_names": ("a", "b"),
            "image_shape": (2, 2, 1),
            "value_range": EIGHT_BITS,
            "dataset": "d",
            "study": "s",
            "trial": 0,
        }
        return ModelContract(**{**fields, **changes})

    return contract


def test_bytes_stay_as_they_are(make):
    """The axis of the channels may be missing."""
    images = np.array([[[0, 1], [2, 255]]], np.uint8)
    for given in (images, images[..., None], images.tolist() and images):
        assert prepare_images(given, make()).tolist() == [[[[0], [1]], [[2], [255]]]]


def test_floats_are_scaled_by_the_range_of_the_training(make):
    """0.5 of 1 is 127.5, which becomes the even 128."""
    contract = make(value_range=ValueRange("floats", 1))
    found = prepare_images(np.array([[[0.0, 0.5], [1.0, 0.2]]]), contract)
    assert found[0, ..., 0].tolist() == [[0, 128], [255, 51]]
    with pytest.raises(DatasetError, match=r"images\[0\]: expected floats, 0 to 1, got 0 to 2"):
        prepare_images(np.array([[[0.0, 2.0], [1.0, 0.2]]]), contract)


def test_another_size_and_colour_are_those_of_the_network(make):
    """A white image of 6x4 in colour is a white one of 2x2 in grey."""
    found = prepare_images(np.full((3, 6, 4, 3), 255, np.uint8), make())
    assert found.shape == (3, 2, 2, 1)
    assert set(found.ravel().tolist()) == {255}


@pytest.mark.parametrize(
    "images", [np.zeros((2, 2)), np.zeros((1, 2, 2, 2)), np.array([["a"]]), [[1, 2]], 5]
)
def test_what_is_no_images_is_refused(make, images):
    """The line says what was expected and what came."""
    with pytest.raises(DatasetError, match=r"^images: expected paths, or numbers of the shape"):
        prepare_images(images, make())


def test_a_file_that_is_no_image_is_named(make, tmp_path):
    """The line begins with its path."""
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(DatasetError, match=r"a\.png: cannot be read"):
        prepare_images([tmp_path / "a.png"], make())


def test_no_images_are_no_images(make):
    """An empty list gives an empty array of the network's shape."""
    assert prepare_images([], make()).shape == (0, 2, 2, 1)
