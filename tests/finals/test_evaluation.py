"""Scores of a network on a data set, worked by hand, and the images that are taken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from export_fixtures import CONTRACT
from image_files import noise, write_folder, write_npz

from autocnn.data.value_range import EIGHT_BITS, ValueRange
from autocnn.errors import DatasetError, SettingsError
from autocnn.finals.evaluation import (
    ALL,
    TEST,
    TRAIN,
    Confused,
    evaluate_images,
    evaluate_predictions,
    load_labelled,
)

LABELS = np.array([0, 0, 0, 1, 1])
# Taken for a, a, b, b and a; there is no image of c, and none is taken for it.
P = np.array([[0.9, 0.1, 0], [0.7, 0.2, 0.1], [0.2, 0.8, 0], [0.3, 0.6, 0.1], [0.5, 0.3, 0.2]])
PETS = replace(CONTRACT, class_names=("dog", "cat"), image_shape=(4, 6, 3), value_range=EIGHT_BITS)


@pytest.fixture
def found():
    """Five images of the classes a and b; a network of three classes."""
    return evaluate_predictions(LABELS, P, "abc", n_different=5)


def test_accuracy_has_its_interval(found):
    """Three of five, and Wilson's interval."""
    assert (found.n, found.accuracy) == (5, 0.6)
    assert (found.low, found.high) == (
        pytest.approx(0.23072, abs=1e-5),
        pytest.approx(0.88238, abs=1e-5),
    )


def test_copies_widen_the_interval_only():
    """Five images of which four are different: the width is that of 2.4 hits in 4."""
    found = evaluate_predictions(LABELS, P, "abc", n_different=4)
    assert found.accuracy == 0.6
    assert found.high - found.low > 0.88238 - 0.23072


def test_each_class_has_its_scores(found):
    """Two of three taken for a are a, and two of three a are found; c has no image."""
    a, b, c = found.classes
    assert (a.name, a.n, a.precision, a.recall, a.f1) == ("a", 3, *[pytest.approx(2 / 3)] * 3)
    assert (b.name, b.n, b.precision, b.recall, b.f1) == ("b", 2, 0.5, 0.5, 0.5)
    assert (c.name, c.n, c.precision, c.recall, c.f1) == ("c", 0, None, None, None)


def test_the_confusion_matrix_counts_by_true_class(found):
    """Rows are true classes."""
    assert found.confusion.classes == ("a", "b", "c")
    assert found.confusion.counts == ((2, 1, 0), (1, 1, 0), (0, 0, 0))


def test_the_calibration_error_is_the_mean_distance(found):
    """Each of the five is in a bin of its own: .1, .3, .8, .4 and .5 are the distances."""
    assert found.calibration_error == pytest.approx(0.42)
    assert [each.n for each in found.bins] == [0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1, 1, 0, 1, 0]


def test_images_of_one_bin_are_compared_together():
    """Mean confidence .92, and one of two is right."""
    p = np.array([[0.91, 0.09], [0.93, 0.07]])
    found = evaluate_predictions(np.array([0, 1]), p, "ab", n_different=2)
    assert found.calibration_error == pytest.approx(0.42)
    (full,) = [each for each in found.bins if each.n]
    assert (full.n, full.confidence, full.accuracy) == (2, pytest.approx(0.92), 0.5)


def test_a_sure_network_is_in_the_last_bin():
    """A probability of 1 has a bin."""
    found = evaluate_predictions(np.array([0]), np.array([[1.0, 0.0]]), "ab", n_different=1)
    assert (found.bins[-1].n, found.calibration_error) == (1, 0.0)


def test_the_most_confident_mistake_comes_first(found):
    """With the place of the image."""
    assert found.mistakes == (
        Confused(image=2, true="a", predicted="b", probability=0.8),
        Confused(image=4, true="b", predicted="a", probability=0.5),
    )


def test_two_classes_have_an_area_under_the_curve(found):
    """Three of four pairs are in order; more classes, and images of one class, have none."""
    p = np.array([0.1, 0.4, 0.35, 0.8])
    two = evaluate_predictions(np.array([0, 0, 1, 1]), np.stack([1 - p, p], 1), "ab", n_different=4)
    assert two.auc == 0.75
    one = evaluate_predictions(np.array([0, 0, 0, 0]), np.stack([1 - p, p], 1), "ab", n_different=4)
    assert (one.auc, found.auc) == (None, None)


# --- the images ---


def test_all_images_of_a_folder_without_parts_are_taken(tmp_path):
    """Classes are found by name: the folder's order is cat, dog, and the network's dog, cat."""
    pixels, labels = noise(16, 4, 6, 3), ["cat"] * 10 + ["dog"] * 6
    folder = write_folder(tmp_path / "pets", {"": (pixels, labels)})
    data = load_labelled(str(folder), None, PETS)
    assert (data.name, data.part, data.images.n) == ("pets", ALL, 16)
    by_pixels = {image.tobytes(): label for image, label in zip(pixels, labels, strict=True)}
    names = [by_pixels[image.tobytes()] for image in data.images.images]
    assert [PETS.class_names[label] for label in data.images.labels] == names
    assert sorted(names) == labels


def test_a_part_is_chosen_never_guessed(tmp_path):
    """A data set with parts needs --split; another one has none."""
    pixels, labels = noise(16, 4, 6, 3), [0, 1] * 8
    parts = {"train": (pixels[:10], labels[:10]), "test": (pixels[10:], labels[10:])}
    path, network = write_npz(tmp_path / "x.npz", parts), replace(PETS, class_names=("1", "0"))
    assert load_labelled(str(path), TEST, network).images.n == 6
    data = load_labelled(str(path), TRAIN, network)
    assert (data.part, data.images.n, data.images.labels.sum()) == (TRAIN, 10, 5)
    with pytest.raises(SettingsError, match=r"x.npz has parts: choose --split train or"):
        load_labelled(str(path), None, network)
    with pytest.raises(SettingsError, match=r"or --split test, got 'val'"):
        load_labelled(str(path), "val", network)
    whole = write_npz(tmp_path / "y.npz", {"train": (pixels, labels)})
    with pytest.raises(SettingsError, match=r"--split test: y.npz has no test part of its own"):
        load_labelled(str(whole), TEST, network)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"class_names": ("dog", "hen")}, r"its classes 'cat' are none of .* 'dog', 'hen'; rename"),
        ({"image_shape": (4, 6, 1)}, r"expected images .* \(4, 6, 1\) .* got \(4, 6, 3\)"),
        ({"value_range": ValueRange("integers", 1023)}, r"expected stored values integers, 0 to 1"),
    ],
    ids=["classes", "channels", "values"],
)
def test_images_that_do_not_fit_are_refused(tmp_path, change, line):
    """In one line, before anything is predicted."""
    folder = write_folder(tmp_path / "pets", {"": (noise(16, 4, 6, 3), ["cat", "dog"] * 8)})
    with pytest.raises(DatasetError, match=line):
        load_labelled(str(folder), None, replace(PETS, **change))


def test_copies_are_counted_once(tmp_path):
    """The second image is the first."""
    folder = write_folder(tmp_path / "pets", {"": (noise(16, 4, 6, 3), ["cat", "dog"] * 8)})
    images = load_labelled(str(folder), None, PETS).images.take(np.array([0, 0, 1, 2]))
    found = evaluate_images(images, np.full((4, 2), 0.5), PETS.class_names)
    assert (found.n, found.n_different) == (4, 3)
