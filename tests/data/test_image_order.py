"""Order and test split depend on labels and contents only."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.data.image_order import arrange
from autocnn.data.part_names import TEST, TRAIN, VALIDATION
from autocnn.data.split import split_hashes
from autocnn.errors import DatasetError


def arranged(hashes, labels, parts=None):
    """Arrange images that have these one-letter hashes."""
    parts = [TRAIN] * len(labels) if parts is None else parts
    names = [f"class{i}" for i in range(max(labels) + 1)]
    return arrange(
        names, np.array(parts, np.int8), np.array(labels), np.array(list(hashes), dtype="S16")
    )


def test_images_are_ordered_by_label_and_hash():
    """Class 0 has d, b and class 1 has c, a; the test image is apart."""
    plan = arranged("dcbaxy", [0, 1, 0, 1, 1, 0], [TRAIN] * 4 + [TEST] * 2)
    assert plan.train.tolist() == [2, 0, 3, 1]
    assert plan.test.tolist() == [5, 4]
    assert plan.validates is None
    assert plan.notes == ()


def test_validation_images_are_marked_among_the_others():
    """Training and validation images share one order."""
    plan = arranged("dbcaxy", [0] * 6, [TRAIN, TRAIN, VALIDATION, VALIDATION, TEST, TEST])
    assert plan.train.tolist() == [3, 1, 2, 0]
    assert plan.validates.tolist() == [True, False, True, False]


def test_a_sixth_of_each_class_is_kept_for_the_test():
    """The test images are 2 of 12 and 1 of 6, in order, and a note gives their number."""
    letters, labels = "abcdefghijklmnopqr", [0] * 12 + [1] * 6
    plan = arranged(letters, labels)
    assert np.bincount(np.array(labels)[plan.test]).tolist() == [2, 1]
    assert sorted([*plan.train, *plan.test]) == list(range(18))
    assert plan.train.tolist() == sorted(plan.train)
    assert plan.notes == (
        "no test images came with it: 3 of 18 training images, a sixth of each class, are kept "
        "for the test",
    )


@pytest.mark.parametrize("seed", range(4))
def test_the_test_split_does_not_depend_on_the_order_of_files(seed):
    """Shuffled images give equal parts, in equal order."""
    letters, labels = np.array(list("abcdefghijklmnopqr")), np.array([0] * 12 + [1] * 6)
    order = np.random.default_rng(seed).permutation(18)
    first, other = arranged(letters, labels), arranged(letters[order], labels[order])
    assert letters[first.test].tolist() == letters[order][other.test].tolist()
    assert letters[first.train].tolist() == letters[order][other.train].tolist()


def test_equal_images_fall_on_one_side():
    """Six pairs: one pair of twelve images is a sixth."""
    plan = arranged("abcdefabcdef", [0] * 12)
    assert plan.test.tolist()[1] - plan.test.tolist()[0] == 6
    assert len(plan.test) == 2
    assert len(plan.notes) == 1


def test_given_validation_images_stay_in_their_part():
    """The test images are taken from train only."""
    plan = arranged("abcdefghijklmn", [0] * 14, [TRAIN] * 12 + [VALIDATION] * 2)
    assert len(plan.test) == 2
    assert plan.test.max() < 12
    assert plan.train[plan.validates].tolist() == [12, 13]


def test_copies_are_reported():
    """Validation images a, b and test image c are in train, too."""
    parts = [TRAIN] * 3 + [VALIDATION] * 3 + [TEST] * 2
    assert arranged("abcabxcy", [0] * 8, parts).notes == (
        "2 validation images are also training images: the validation score is too high by up to "
        "66.67 points",
        "1 test image is also a training image: the test score is too high by up to 50.00 points",
    )


@pytest.mark.parametrize("letters", ["aaaaaaaaaabc", "bcaaaaaaaaaa", "aaaaaaaabbbbc", "abc"])
def test_a_class_of_few_different_images_has_one_in_every_part(letters):
    """The test split leaves two different images: one to train and one to validate."""
    letters += letters.upper()
    labels = np.repeat([0, 1], len(letters) // 2)
    plan = arranged(letters, labels.tolist())
    hashes = np.array(list(letters), dtype="S16")
    rest = split_hashes(hashes[plan.train], labels[plan.train])
    parts = plan.train[rest.train], plan.train[rest.validation], plan.test
    for part in parts:
        assert set(labels[part]) == {0, 1}
    found = [set(hashes[part]) for part in parts]
    assert sum(map(len, found)) == len(set(hashes)) == 6
    assert plan.n_test_different == 2


def test_test_images_are_no_copies_of_given_validation_images():
    """Of each class only the image that validation lacks can test; both classes have one."""
    parts = [TRAIN] * 6 + [VALIDATION] * 4
    plan = arranged("abcxyzabxy", [0, 0, 0, 1, 1, 1, 0, 0, 1, 1], parts)
    assert plan.test.tolist() == [2, 5]
    assert not any("test image is" in note or "test images are" in note for note in plan.notes)


def test_a_class_with_no_image_to_test_is_refused():
    """All training images of class 1 are validation images."""
    parts = [TRAIN] * 4 + [VALIDATION] * 3
    with pytest.raises(
        DatasetError, match="'class1' has 2 training images, and all of them are validation images"
    ):
        arranged("abxyaxy", [0, 0, 1, 1, 0, 1, 1], parts)


def test_a_class_of_another_classs_images_is_refused_with_the_counts():
    """Class 1 has two images of class 0, a copy of its own, and only two different ones."""
    with pytest.raises(
        DatasetError,
        match=r"class 'class1' has 5 images, but 3 of them are copies \(2 of images in another "
        r"class\); it needs at least 3 different ones",
    ):
        arranged("abcdabxyy", [0] * 4 + [1] * 5)


def test_different_test_images_are_counted():
    """Of three test images, two are equal."""
    plan = arranged("abxyy", [0] * 5, [TRAIN, TRAIN, TEST, TEST, TEST])
    assert (len(plan.test), plan.n_test_different) == (3, 2)


@pytest.mark.parametrize(
    ("hashes", "labels", "others", "message"),
    [
        ("abcd", [0, 0, 0, 1], (), "class 'class1' has 1 image; it needs at least 3 different ones"
         r" \(to train, to validate, to test\)"),
        ("abcde", [0, 0, 0, 1, 1], (), "class 'class1' has 2 images; it needs at least 3"),
        ("abcdd", [0, 0, 1, 1, 1], (TEST,), None),
        ("abcdd", [0, 0, 1, 1, 1], (), "class 'class0' has 2 images; it needs at least 3"),
        ("abcddd", [0, 0, 0, 1, 1, 1], (TEST,), "class 'class1' has 3 images, but 2 of them are "
         r"copies; it needs at least 2 different ones \(to train, to validate\)"),
        ("abcab", [0, 0, 0, 1, 1], (TEST,), "class 'class1' has 2 images, but 2 of them are cop"),
        ("abcd", [0, 0, 1, 1], (VALIDATION,), None),
        ("abc", [0, 0, 1], (VALIDATION,), r"1 image; it needs at least 2 .* \(to train, to test\)"),
        ("abc", [0, 0, 1], (VALIDATION, TEST), None),
    ],
)  # fmt: skip
def test_a_class_needs_images_for_every_purpose(hashes, labels, others, message):
    """A part that the data set has is not taken out of train."""
    hashes += "xy"[: len(others)]
    arguments = hashes, [*labels, *[0 for _ in others]], [*[TRAIN for _ in labels], *others]
    if message is None:
        arranged(*arguments)
    else:
        with pytest.raises(DatasetError, match=message):
            arranged(*arguments)
