"""Folds hold out every image once, class by class, and equal images together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from autocnn.data.dataset import TrainingImages
from autocnn.data.folds import describe_folds, find_folds, fold_pairs
from autocnn.data.split import find_split, image_hashes
from autocnn.errors import DatasetError, SettingsError

NAMES = ("cat", "dog", "eel")


def _held(images, folds=None, seed=0):
    split, _ = find_folds(images, NAMES, seed, folds)
    return [held.tolist() for _, held in fold_pairs(split, split.n_folds)]


def test_five_folds_of_two_classes_of_five(make_images):
    """Of images 0-4 (class 0) and 5-9 (class 1) every fold holds out one of each class.

    In the order of their hashes the classes are 1, 4, 0, 3, 2 and 9, 6, 7, 5, 8. The
    generator [0, class] gives one of each to validation, and the generator [0, class, 1] puts the
    others in the order in which folds 2, 3, 4 and 5 get them.
    """
    images = make_images(range(10), [0] * 5 + [1] * 5)
    hashes = image_hashes(images)
    expected = []
    for label, own in enumerate((range(5), range(5, 10))):
        by_hash = sorted(own, key=lambda i: hashes[i])
        first = np.random.default_rng([0, label]).permutation(by_hash)[0]
        rest = [i for i in by_hash if i != first]
        expected.append([first, *np.random.default_rng([0, label, 1]).permutation(rest)])
    assert _held(images) == [list(pair) for pair in zip(*expected, strict=True)]
    assert _held(images) == [[0, 6], [2, 9], [4, 8], [3, 7], [1, 5]]


def test_a_fold_trains_on_all_that_it_does_not_hold_out(make_images):
    """The first fold is the frozen split; validation images train in every other fold."""
    images = make_images(range(10), [0] * 5 + [1] * 5)
    split, reason = find_folds(images, NAMES)
    pairs = fold_pairs(split, 5)
    assert reason == ""
    assert [train.tolist() for train, _ in pairs] == [
        [i for i in range(10) if i not in held] for _, held in pairs
    ]
    assert pairs[0][0] is split.train
    assert pairs[0][1] is split.validation
    assert (split.fraction, split.n_folds) == (0.2, 5)


def test_fewer_folds_than_there_are_can_be_taken(make_images):
    """A trial may train the first folds only; there is no sixth of five."""
    split, _ = find_folds(make_images(range(10), [0, 1] * 5), NAMES)
    every = fold_pairs(split, 5)
    assert [h.tolist() for _, h in fold_pairs(split, 2)] == [h.tolist() for _, h in every[:2]]
    for n in (0, 6):
        with pytest.raises(ValueError, match=f"{n} folds of a split with 5"):
            fold_pairs(split, n)


def test_every_image_is_held_out_once_and_folds_are_of_equal_size(make_images):
    """Of 23 and 10 images the validation part takes 5 and 2, and four parts 18 and 8."""
    labels = np.array([0] * 23 + [1] * 10)
    held = _held(make_images(range(33), labels))
    assert sorted(i for each in held for i in each) == list(range(33))
    by_class = [np.bincount(labels[each]).tolist() for each in held]
    assert by_class == [[5, 2], [5, 2], [5, 2], [4, 2], [4, 2]]


def test_the_larger_parts_of_the_classes_are_different_ones(make_images):
    """Three classes with five images for four parts: the sixth to eighth part have 1 more each."""
    labels = np.repeat([0, 1, 2], 6)  # of 6 images 1 validates, and 5 are dealt
    assert [len(each) for each in _held(make_images(range(18), labels))] == [3, 4, 4, 4, 3]


@pytest.mark.parametrize("seed", range(8))
def test_equal_images_are_in_one_fold(seed, make_images):
    """Ten pairs in 5 folds: two whole pairs each, also if labels differ (images 8 and 9)."""
    images = make_images([v for v in range(10) for _ in range(2)], [0] * 9 + [1] * 11)
    for held in _held(images, 5, seed):
        assert [i // 2 for i in held[::2]] == [i // 2 for i in held[1::2]]
        assert len(held) == 4


def test_the_folds_follow_from_the_seed(make_images):
    """Equal seeds give equal folds."""
    images = make_images(range(60), [0, 1] * 30)
    assert _held(images, seed=1) == _held(images, seed=1) != _held(images, seed=2)


def test_few_images_have_five_folds_and_a_thousand_one():
    """The number of training and validation images decides."""
    for n, folds in ((999, 5), (1000, 1)):
        pixels = np.arange(n * 2, dtype=np.uint16).view(np.uint8).reshape(n, 2, 2, 1)
        images = TrainingImages(images=pixels, labels=np.arange(n, dtype=np.int64) % 2)
        split, reason = find_folds(images, NAMES)
        assert (split.n_folds, reason) == (folds, "")
        assert split.fraction == (0.2 if folds == 5 else 0.1)
        one, _ = find_folds(images, NAMES, 0, 1)
        assert one.validation.tolist() == find_split(images).validation.tolist()
        assert (one.parts, one.fraction) == ((), 0.1)


def test_two_folds_must_be_asked_for(make_images):
    """With two, each network would train on half of the images; the reason is stated."""
    images = make_images(range(12), np.array([0] * 10 + [1] * 2))
    split, reason = find_folds(images, NAMES)
    assert (split.n_folds, split.fraction) == (1, 0.1)
    assert reason.endswith("has only 2 different images")
    assert find_folds(images, NAMES, folds=2)[0].n_folds == 2


@pytest.mark.parametrize(("n", "folds"), [(4, 4), (3, 3)])
def test_a_small_class_reduces_the_folds(n, folds, make_images):
    """Each fold holds out one image of the class; the reason is stated."""
    labels = np.array([0] * 10 + [1] * n)
    split, reason = find_folds(make_images(range(10 + n), labels), NAMES)
    assert (split.n_folds, split.fraction) == (folds, 1 / folds)
    assert reason == f"class 'dog' has only {n} different images"
    assert all((labels[held] == 1).sum() == 1 for _, held in fold_pairs(split, folds))


def test_copies_reduce_the_folds(make_images):
    """Groups of 6, 1, 1, 1 and 1: two single ones validate, which leaves 3 groups for 4 parts.

    Four folds: a quarter of 10, rounded up, are 3 images; 2 groups are left for 3 parts. Three
    folds: 3 single ones validate, and a group of 6 and one of 1 are the parts.
    """
    images = make_images([0] * 6 + [1, 2, 3, 4], [0] * 10)
    split, reason = find_folds(images, NAMES)
    held = [len(held) for _, held in fold_pairs(split, split.n_folds)]
    assert (held, reason) == ([3, 6, 1], "too many images are copies of each other")


def test_a_class_with_one_image_is_refused_as_ever(make_images):
    """No split has such a class on both sides."""
    with pytest.raises(DatasetError, match="class 1: expected at least 2 different images"):
        find_folds(make_images(range(6), [0] * 5 + [1]), NAMES)


def _with_validation(images, indices):
    validates = np.zeros(images.n, dtype=bool)
    validates[indices] = True
    return replace(images, validates=validates)


def test_given_validation_images_are_one_hold_out(make_images):
    """Unless folds are asked for: then they are the first fold, and the others train in turn."""
    images = _with_validation(make_images(range(12), [0, 1] * 6), [8, 9, 10, 11])
    split, reason = find_folds(images, NAMES)
    assert (split.n_folds, split.validation.tolist(), reason) == (1, [8, 9, 10, 11], "")
    held = _held(images, 3)
    assert held[0] == [8, 9, 10, 11]
    assert sorted(held[1] + held[2]) == list(range(8))
    assert [len(each) for each in held] == [4, 4, 4]


@pytest.mark.parametrize(
    ("values", "labels", "why"),
    [
        ([1, 2, 3, 4, 1, 5], [0, 1, 0, 1, 0, 1], "some of them equal training images"),
        ([1, 2, 3, 4, 5, 6], [0, 1, 1, 1, 0, 0], "some classes have too few training images"),
        ([1, 2, 3, 4, 5, 6], [1, 0, 0, 0, 0, 0], "class 'dog' has only 1 different images"),
    ],
)
def test_given_validation_images_may_leave_no_folds(values, labels, why, make_images):
    """The last two of six images validate; the error states the reason and what to do."""
    images = _with_validation(make_images(values, labels), [4, 5])
    line = f"^--folds 2: the data set has validation images of its own, and {why}; leave it out$"
    with pytest.raises(SettingsError, match=line):
        find_folds(images, NAMES, 0, 2)


@pytest.mark.parametrize(
    ("n", "reason", "is_asked", "lines"),
    [
        (5, "", False, "10 images are few: each trial is scored by 5-fold cross-validation"),
        (2, "", False, "10 images are few: each trial is scored by 2 of 5 folds"),
        (
            1,
            "",
            False,
            "10 images are few: each trial is scored by the first of 5 folds, 20 % of the images",
        ),
        (5, "", True, "each trial is scored by 5-fold cross-validation"),
        (5, "why", True, "each trial is scored by 5-fold cross-validation; why"),
    ],
)
def test_the_folds_are_described(n, reason, is_asked, lines, make_images):
    """The line states how trials are scored, and the option if it was not given."""
    split, _ = find_folds(make_images(range(10), [0, 1] * 5), NAMES)
    end = "" if is_asked else " (--folds 1 for one hold-out)"
    assert describe_folds(split, n, reason, is_asked=is_asked) == [lines + end]


def test_one_hold_out_needs_no_line(make_images):
    """Only if folds were wanted, the reason against them is stated."""
    split, _ = find_folds(make_images(range(10), [0, 1] * 5), NAMES, 0, 1)
    assert describe_folds(split, 1, "", is_asked=False) == []
    assert describe_folds(split, 1, "why", is_asked=True) == [
        "each trial is scored by one hold-out; why"
    ]
