"""The facts and the sample picture of one data set."""

from __future__ import annotations

import io
import itertools
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from autocnn.api.datasets import dataset_facts, write_grid
from autocnn.data.catalog import dataset_info, load_train
from autocnn.data.split import fingerprint, stratified_split
from autocnn.errors import AutocnnError, RecordError, SettingsError, UnknownDatasetError


@pytest.fixture
def drawn(monkeypatch):
    """The rows and titles of the pictures that `write_grid` has drawn."""
    calls = []

    def draw_grid(rows, title):
        calls.append((rows, title))
        return b"the picture"

    monkeypatch.setattr("autocnn.api.sample_images.draw_grid", draw_grid)
    return calls


# facts


def test_digits_are_counted():
    """The 1437 training images of digits come with scikit-learn."""
    facts = dataset_facts("digits")
    info, counts = facts.info, facts.counts
    assert replace(info, test_counts=None, n_test_different=None) == dataset_info("digits")
    assert counts.train_and_validation == (142, 146, 142, 146, 145, 145, 145, 143, 139, 144)
    assert counts.validation == (14, 15, 14, 15, 15, 15, 15, 14, 14, 14)
    assert counts.test == (36, 36, 35, 37, 36, 37, 36, 36, 35, 36)
    assert info.n_test_different == 360
    assert facts.fingerprint == fingerprint(load_train("digits"))


def test_a_data_set_that_is_not_local_is_not_read(monkeypatch, tmp_path):
    """The facts of a data set do not cause a download."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    facts = dataset_facts("cifar100")
    assert (facts.counts, facts.fingerprint) == (None, None)
    assert facts.info.n_classes == 100
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_name_lists_the_data_sets(tmp_path):
    """The error of an unknown name lists the data sets."""
    for look in (dataset_facts, lambda name: write_grid(name, tmp_path / "x.png")):
        with pytest.raises(
            UnknownDatasetError,
            match="no data set named 'digit'; did you mean 'digits'\\? choose one of",
        ):
            look("digit")


# the picture


def test_a_picture_is_written(tmp_path):
    """The picture has ten rows of 8 + 8 images of 56 pixels; an old file is replaced."""
    target = tmp_path / "digits.PNG"
    target.write_bytes(b"older")
    assert write_grid("digits", target) == target
    image = Image.open(io.BytesIO(target.read_bytes()))
    assert image.format == "PNG"
    width, height = image.size
    assert 16 * 60 < width < 16 * 60 + 200
    assert 10 * 60 < height < 10 * 60 + 150


def test_the_images_are_of_the_training_part(tmp_path, drawn):
    """A row has images of its class, each once, and no validation image."""
    write_grid("digits", tmp_path / "x.png", per_class=9)
    [(rows, title)] = drawn
    assert title[0] == "digits: training images, at most 9 a class"
    images = load_train("digits")
    split = stratified_split(images)
    known = {images.images[i].tobytes(): int(images.labels[i]) for i in split.train}
    for label, row in enumerate(rows):
        assert row.name == str(label)
        drawn_images = [image.tobytes() for image in row.originals]
        assert [known[image] for image in drawn_images] == 9 * [label]
        assert len(set(drawn_images)) == 9
    assert (tmp_path / "x.png").read_bytes() == b"the picture"


def test_the_right_half_is_augmented_as_in_training(tmp_path, drawn):
    """Each image is its original moved by at most the shift, mirrored or not, or both."""
    write_grid("digits", tmp_path / "x.png", shift=1)
    [(rows, title)] = drawn
    assert title[1] == "augmented: flipped or not, shifted by at most 1 pixel"
    found = set()
    for original, augmented in (
        pair for row in rows for pair in zip(row.originals, row.augmented, strict=True)
    ):
        moves = [
            m for m, image in variants(original, 1).items() if np.array_equal(image, augmented)
        ]
        assert moves
        found.update(moves if len(moves) == 1 else ())
    assert {flip for _, _, flip in found} == {False, True}
    assert {dy for dy, _, _ in found} == {dx for _, dx, _ in found} == {-1, 0, 1}


def variants(image, limit):
    """The image by row shift, column shift and flip; zeros move in."""
    height, width, _ = image.shape
    shifts = range(-limit, limit + 1)
    found = {}
    for flip in (False, True):
        wide = np.pad(image[:, ::-1] if flip else image, ((limit, limit), (limit, limit), (0, 0)))
        for dy, dx in itertools.product(shifts, shifts):
            y, x = limit + dy, limit + dx
            found[dy, dx, flip] = wide[y : y + height, x : x + width]
    return found


def test_nothing_is_changed_without_flip_and_shift(tmp_path, drawn):
    """The title says that no image is augmented."""
    write_grid("digits", tmp_path / "x.png", flip=False, shift=0)
    [(rows, title)] = drawn
    assert title[1] == "augmented: not at all"
    assert all(np.array_equal(row.originals, row.augmented) for row in rows)


def test_equal_options_give_equal_pictures(tmp_path):
    """The seeds of the picture are constants."""
    first, again = (write_grid("digits", tmp_path / f"{i}.png", per_class=2) for i in range(2))
    assert first.read_bytes() == again.read_bytes()


def test_more_images_than_there_are_is_all_of_them(tmp_path, drawn, monkeypatch):
    """A small class has a shorter row."""
    monkeypatch.setattr("autocnn.api.datasets.MAX_PER_CLASS", 1000)
    write_grid("digits", tmp_path / "x.png", per_class=1000)
    [(rows, _)] = drawn
    train = stratified_split(load_train("digits")).train
    assert sum(len(row.originals) for row in rows) == len(train)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("x.jpg", {}, r"--grid must name a \.png file, got '.*x\.jpg'"),
        ("x", {}, r"--grid must name a \.png file, got '.*x'"),
        (".png", {}, r"--grid must name a \.png file, got '.*\.png'"),
        ("x.png", {"shift": 8}, "--shift must be from 0 to 7, .* got 8"),
        ("x.png", {"shift": 10**30}, "--shift must be from 0 to 7, .* got 1000"),
        ("x.png", {"shift": -1}, "--shift must be from 0 to 7, .* got -1"),
        ("x.png", {"per_class": 0}, "--per-class must be from 1 to 50, got 0"),
        ("x.png", {"per_class": 51}, "--per-class must be from 1 to 50, got 51"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_read(
    tmp_path, monkeypatch, name, options, message
):
    """A wrong option is refused before any file is read or written."""
    monkeypatch.setattr("autocnn.api.datasets.load_train", None)
    with pytest.raises(SettingsError, match=message):
        write_grid("digits", tmp_path / name, **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["absent/x.png", "folder.png"])
def test_a_place_that_cannot_be_written_is_refused(tmp_path, name):
    """The target has no folder, or is a folder."""
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(RecordError, match="its folder does not exist, or it is a folder itself"):
        write_grid("digits", tmp_path / name)


def test_a_failed_download_is_one_clear_error(tmp_path, monkeypatch):
    """The error equals that of a search of the data set."""
    import keras

    def load_data():
        raise OSError("no network")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(keras.datasets.mnist, "load_data", load_data)
    with pytest.raises(AutocnnError, match=r"mnist: cannot download the data \(no network\)"):
        write_grid("mnist", tmp_path / "x.png")
    assert list(tmp_path.iterdir()) == []
