"""Lines on unbalanced classes, absent classes and few validation images."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.data.class_counts import (
    ClassCounts,
    advise,
    count_classes,
    count_parts,
    describe_counts,
    describe_step,
)
from autocnn.data.dataset import DatasetInfo
from autocnn.data.split import Split


def counts_of(train, validation, test=None):
    """Counts of classes called common, rare, third and so on."""
    names = ("common", "rare", "third", "fourth", "fifth")[: len(train)]
    return ClassCounts(class_names=names, train=train, validation=validation, test=test)


def test_a_class_without_images_counts_zero():
    """Class 1 of three has none."""
    assert count_classes(np.array([0, 2, 2]), 3) == (1, 0, 2)


@pytest.fixture
def info():
    """A data set of five images in two classes, and three test images."""
    return DatasetInfo(
        name="x",
        description="",
        image_shape=(8, 8, 1),
        class_names=("a", "b"),
        n_train=5,
        n_test=3,
        source="folder",
        test_counts=(2, 1),
    )


def test_the_parts_are_counted_by_the_split(info):
    """A subset leaves image 3 out; the test counts are those of the data set."""
    split = Split(train=np.array([0, 1]), validation=np.array([2, 4]), seed=0, fraction=0.4)
    counts = count_parts(info, np.array([0, 0, 0, 1, 1]), split)
    assert (counts.train, counts.validation, counts.test) == ((2, 0), (1, 1), (2, 1))


@pytest.mark.parametrize(
    ("train", "validation", "expected"),
    [
        ((27, 10), (3, 1), False),  # 30 and 11
        ((27, 9), (3, 1), True),  # 30 and 10: three times as many
        ((1, 0), (0, 0), True),
        ((5, 5, 5), (1, 1, 1), False),
    ],
)
def test_three_times_as_many_images_are_unbalanced(train, validation, expected):
    """Training and validation images together decide."""
    assert counts_of(train, validation).is_unbalanced is expected


def test_the_line_on_unbalanced_classes_has_the_score_of_one_answer():
    """190 of 200 validation images are 95 %."""
    assert describe_counts(counts_of((1710, 90), (190, 10), (380, 20))) == [
        "unbalanced classes: 'common' has 1,710 to train, 190 to validate, 380 to test, 'rare' has "
        "90 to train, 10 to validate, 20 to test; always answering 'common' scores 95.0 % "
        "validation accuracy"
    ]


def test_a_balanced_data_set_has_no_line():
    """Nor has it advice."""
    counts = counts_of((9, 8), (1, 1), (2, 2))
    assert describe_counts(counts) == advise(counts, "accuracy", class_weights=True) == []


def test_classes_that_a_part_lacks_are_named():
    """Three are named, and more are an ellipsis."""
    assert describe_counts(counts_of((9,) * 5, (1, 1, 0, 1, 1), (0, 0, 1, 0, 0))) == [
        "no validation image of 'third': the validation score says nothing about this class",
        "no test image of 'common', 'rare', 'fourth', …: the test score says nothing about these "
        "classes",
    ]


@pytest.mark.parametrize(
    ("objective", "class_weights", "start"),
    [
        ("accuracy", False, "accuracy counts images, not classes: --objective balanced_accuracy"),
        ("accuracy", True, "--class-weights weights the training only: trials are still ranked by "
         "plain accuracy; --objective balanced_accuracy"),
        ("balanced_accuracy", False, None),
        ("balanced_accuracy", True, None),
        ("macro_f1", False, None),
        ("loss", False, None),
    ],
)  # fmt: skip
def test_advice_is_for_plain_accuracy(objective, class_weights, start):
    """Other objectives count classes, or were chosen for another reason."""
    lines = advise(counts_of((90, 9), (10, 1)), objective, class_weights=class_weights)
    assert len(lines) == (start is not None)
    assert all(line.startswith(start) for line in lines)


@pytest.mark.parametrize(
    ("n", "step", "lines"),
    [
        (200, 1 / 200, []),
        (199, 0.0, []),
        (120, 1 / 120, ["120 validation images: one image is 0.83 points of accuracy"]),
        (1, 1.0, ["1 validation image: one image is 100.00 points of accuracy"]),
    ],
)
def test_the_weight_of_one_of_few_validation_images_is_said(n, step, lines):
    """A loss has no fixed weight of one image."""
    assert describe_step(n, step, "accuracy") == lines


def test_the_images_that_a_trial_is_scored_on_are_those_of_its_folds(info):
    """Fold 1 holds out image 4 of class b, and fold 2 images 0 and 3."""
    labels, parts = np.array([0, 0, 0, 1, 1]), (np.array([0, 3]), np.array([1, 2]))
    split = Split(train=np.arange(4), validation=np.array([4]), seed=0, fraction=1 / 3, parts=parts)
    found = [count_parts(info, labels, split, folds) for folds in (None, 2, 1)]
    assert [each.scored for each in found] == [(3, 2), (1, 2), (0, 1)]
    assert [each.held_out is None for each in found] == [False, False, True]
    assert found[0].train_and_validation == found[2].train_and_validation == (3, 2)
