"""The split is stratified, reproducible, and keeps equal images on one side."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.data.catalog import load_train
from autocnn.data.dataset import Images
from autocnn.data.split import fingerprint, image_hashes, stratified_split
from autocnn.errors import DatasetError, SettingsError


def test_train_and_validation_are_all_images_once(make_images):
    """Both sides together are every index, each side in ascending order."""
    split = stratified_split(make_images(range(20), [0, 1] * 10), seed=3)
    assert sorted([*split.train, *split.validation]) == list(range(20))
    assert split.train.tolist() == sorted(split.train)
    assert split.validation.tolist() == sorted(split.validation)
    assert (split.train.dtype, split.validation.dtype) == (np.int64, np.int64)
    assert (split.seed, split.fraction) == (3, 0.1)


@pytest.mark.parametrize(
    ("n", "fraction", "n_validation"),
    [
        (10, 0.1, 1),
        (14, 0.1, 1),  # 1.4
        (16, 0.1, 2),  # 1.6
        (5, 0.5, 3),  # 2.5 is rounded up
        (2, 0.1, 1),  # 0.2, but at least 1
        (2, 0.9, 1),  # 1.8, but one must train
    ],
)
def test_validation_is_the_rounded_fraction_of_a_class(n, fraction, n_validation, make_images):
    """Each class gives its rounded fraction, at least 1 and never all."""
    split = stratified_split(make_images(range(n), [0] * n), fraction=fraction)
    assert len(split.validation) == n_validation


def test_every_class_gives_its_own_share(make_images):
    """Of classes of 30, 10 and 5 images 3, 1 and 1 validate."""
    labels = [0] * 30 + [1] * 10 + [2] * 5
    split = stratified_split(make_images(range(45), labels))
    assert np.bincount(np.array(labels)[split.validation]).tolist() == [3, 1, 1]


def test_the_split_follows_from_the_seed(make_images):
    """Equal seeds give equal splits, also seed 0."""
    images = make_images(range(200), [0, 1] * 100)
    picks = [stratified_split(images, seed=seed).validation.tolist() for seed in (0, 0, 1)]
    assert picks[0] == picks[1]
    assert picks[0] != picks[2]


@pytest.mark.parametrize("seed", range(8))
def test_equal_images_stay_together(seed, make_images):
    """Ten pairs of equal images: a quota of 4 of 20 is two whole pairs."""
    images = make_images([v for v in range(10) for _ in range(2)], [0] * 20)
    split = stratified_split(images, seed=seed, fraction=0.2)
    pairs = split.validation.reshape(2, 2)
    assert (pairs[:, 0] % 2 == 0).all()
    assert (pairs[:, 1] == pairs[:, 0] + 1).all()


@pytest.mark.parametrize("seed", range(8))
def test_equal_images_stay_together_under_different_labels(seed, make_images):
    """Images 0 and 5 are equal but labelled 0 and 1: one side has both."""
    split = stratified_split(make_images([9, 1, 2, 3, 4, 9, 5, 6, 7], [0] * 5 + [1] * 4), seed=seed)
    assert np.isin([0, 5], split.validation).sum() in (0, 2)


@pytest.mark.parametrize("seed", range(8))
def test_a_group_that_would_overshoot_is_passed_over(seed, make_images):
    """Of groups of 4, 1 and 1 images a quota of 2 takes the two single ones."""
    images = make_images([7, 7, 7, 7, 1, 2], [0] * 6)
    split = stratified_split(images, seed=seed, fraction=1 / 3)
    assert split.validation.tolist() == [4, 5]


@pytest.mark.parametrize("seed", range(8))
def test_the_smallest_group_validates_if_none_fits(seed, make_images):
    """Of groups of 3 and 2 images a quota of 1 takes the pair."""
    split = stratified_split(make_images([7, 7, 7, 1, 1], [0] * 5), seed=seed)
    assert split.validation.tolist() == [3, 4]


@pytest.mark.parametrize(
    ("values", "labels", "found"),
    [
        ([1, 2, 3], [0, 0, 1], "got 1 among 1 images"),
        ([1, 2, 3, 3], [0, 0, 1, 1], "got 1 among 2 images"),
        ([1, 2, 1, 2], [0, 0, 1, 1], "got 0 among 2 images"),
    ],
    ids=["one image", "one image twice", "copies of class 0"],
)
def test_a_class_needs_two_different_images(values, labels, found, make_images):
    """The error names a class that cannot have an image on both sides."""
    with pytest.raises(DatasetError, match=rf"^class 1: expected at least 2 .*{found}$"):
        stratified_split(make_images(values, labels))


@pytest.mark.parametrize(
    ("seed", "fraction", "message"),
    [(-1, 0.1, "split seed must be >= 0, got -1"), (0, 0.0, "got 0.0"), (0, 1.0, "got 1.0")],
)
def test_wrong_settings_are_refused(seed, fraction, message, make_images):
    """A negative seed, and a fraction that leaves one side empty, are errors."""
    with pytest.raises(SettingsError, match=message):
        stratified_split(make_images([1, 2], [0, 0]), seed=seed, fraction=fraction)


def test_splitting_leaves_the_images_as_they_were(make_images):
    """The split is a pure function."""
    images = make_images(range(20), [0] * 20)
    before = fingerprint(images)
    stratified_split(images)
    assert fingerprint(images) == before


def test_digits_validate_on_a_tenth_of_every_class():
    """142, 146, ... training digits give 14, 15, ... validation digits: 145 of 1437."""
    train = load_train("digits")
    split = stratified_split(train)
    n_validation = np.bincount(train.labels[split.validation]).tolist()
    assert n_validation == [14, 15, 14, 15, 15, 15, 15, 14, 14, 14]


def test_equal_images_have_equal_hashes(make_images):
    """Images 0 and 2 are equal, image 1 is not; labels do not matter."""
    first, second, third = image_hashes(make_images([1, 2, 1], [0, 0, 5]))
    assert first == third
    assert first != second


def test_hashes_do_not_depend_on_the_memory_order(make_images):
    """A transposed view has the hash of its contiguous copy."""
    pixels = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 1, 3, 4)
    view = Images(images=pixels.transpose(0, 2, 3, 1), labels=np.zeros(2, np.int64))
    copy = Images(images=view.images.copy(order="C"), labels=view.labels)
    assert image_hashes(view).tolist() == image_hashes(copy).tolist()
    assert fingerprint(view) == fingerprint(copy)


def test_the_fingerprint_depends_on_pixels_labels_order_and_shape(make_images):
    """Any change of the data changes the fingerprint."""
    base = make_images([1, 2], [0, 1])
    turned = Images(images=base.images.reshape(2, 2, 1, 1), labels=base.labels)
    others = [
        make_images([1, 3], [0, 1]),
        make_images([1, 2], [1, 1]),
        make_images([2, 1], [1, 0]),
        turned,
    ]
    assert len({fingerprint(images) for images in [base, *others]}) == 5
    assert fingerprint(base) == fingerprint(make_images([1, 2], [0, 1]))
