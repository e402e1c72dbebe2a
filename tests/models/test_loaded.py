"""A loaded model classifies arrays and files."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from export_fixtures import CONTRACT
from image_files import encode

from autocnn.data.value_range import EIGHT_BITS
from autocnn.errors import DatasetError
from autocnn.models.loaded import LoadedModel

EIGHT = replace(CONTRACT, value_range=EIGHT_BITS)
SHAPE = CONTRACT.image_shape
N_CLASSES = len(CONTRACT.class_names)


def predict(images):
    """The mean brightness of an image decides: dark images are of the first class."""
    dark = 1 - images.mean(axis=(1, 2, 3)) / 255
    others = (1 - dark) / (N_CLASSES - 1)
    return np.stack([dark, *[others] * (N_CLASSES - 1)], axis=1).astype(np.float32)


@pytest.fixture
def model():
    """A model that knows dark from bright."""
    return LoadedModel(contract=EIGHT, predictor=predict)


@pytest.fixture
def files(tmp_path):
    """A black image, a text, and a bright image of another size."""
    (tmp_path / "black.png").write_bytes(encode(np.zeros((8, 8, 3), np.uint8)))
    (tmp_path / "text.png").write_bytes(b"hello")
    (tmp_path / "white.png").write_bytes(encode(np.full((20, 30, 3), 255, np.uint8)))
    return [tmp_path / name for name in ("black.png", "text.png", "white.png")]


def test_arrays_and_files_have_the_same_probabilities(model, files):
    """A file of any size is prepared as the training images were."""
    black, _, white = files
    pixels = np.stack([np.zeros(SHAPE, np.uint8), np.full(SHAPE, 255, np.uint8)])
    expected = model.predict(pixels)
    np.testing.assert_array_equal(model.predict([black, str(white)]), expected)
    np.testing.assert_array_equal(model.predict(str(black)), expected[:1])
    np.testing.assert_allclose(expected[:, 0], [1, 0])


def test_nothing_has_no_probabilities(model):
    """One column for each class."""
    assert model.predict([]).shape == (0, N_CLASSES)
    assert model.predict(np.zeros((0, *SHAPE))).shape == (0, N_CLASSES)
    assert list(model.predict_files([])) == []


def test_images_of_another_shape_are_refused(model):
    """An array is not resized: it may have any meaning."""
    with pytest.raises(ValueError, match="expected images of shape"):
        model.predict(np.zeros((1, 5, 5, 1)))


def test_a_file_that_cannot_be_read_is_an_error(model, files):
    """The error names it."""
    with pytest.raises(DatasetError, match=r"text\.png: cannot be read"):
        model.predict(files)


def test_a_bad_file_among_others_has_its_reason(model, files):
    """The others are classified, the most likely class first."""
    black, text, white = model.predict_files(files)
    assert black.classes[0] == (CONTRACT.class_names[0], 1.0)
    assert [name for name, _ in black.classes] == list(CONTRACT.class_names)
    assert white.classes[-1][0] == CONTRACT.class_names[0]
    assert (text.classes, black.problem) == ((), "")
    assert text.problem.startswith("cannot be read (")


def test_many_files_are_classified_in_parts(model, files, monkeypatch):
    """Two at a time: the results are in the order of the files."""
    monkeypatch.setattr("autocnn.models.loaded.evaluation_batch", lambda shape, n: 2)
    found = list(model.predict_files([*files, *files]))
    assert [each.path for each in found] == [*files, *files]
    assert [bool(each.problem) for each in found] == [False, True, False] * 2
