"""Names of arrays say which are images or labels, and of which part."""

from __future__ import annotations

from pathlib import Path

import pytest

from autocnn.data.array_names import (
    Pair,
    Role,
    find_file_role,
    find_role,
    list_names,
    pair_arrays,
)
from autocnn.data.part_names import TEST, TRAIN, VALIDATION
from autocnn.errors import DatasetError

PATH = Path("d/x.npz")


@pytest.mark.parametrize(
    ("names", "role"),
    [
        ("x_train X_train train_x Xtrain trainX TRAIN_IMAGES images-train imgs_train train.data",
         Role("images", TRAIN)),
        ("y_train Y_TRAIN train_labels label_train trainY targets_training y_train_set",
         Role("labels", TRAIN)),
        ("x_val val_images X_valid images_validation x_dev", Role("images", VALIDATION)),
        ("y_test test_labels testing_targets yTest test_set_labels", Role("labels", TEST)),
        ("x X images image imgs data", Role("images", None)),
        ("y Y labels label target targets", Role("labels", None)),
        ("ids train test mean x_mean train_image_ids my_x_train arr_0 index latest_x xy", None),
    ],
)  # fmt: skip
def test_a_name_gives_a_role(names, role):
    """The word for the part may come first or last, in any case; further words give no role."""
    assert {name: find_role(name) for name in names.split()} == dict.fromkeys(names.split(), role)


@pytest.mark.parametrize(
    ("names", "role"),
    [
        ("mnist_x_train emnist-letters-train-images train_images_x", Role("images", TRAIN)),
        ("x-test mnist_test_x", Role("images", TEST)),
        ("test_2d_labels", Role("labels", TEST)),
        ("cifar10_images", Role("images", None)),
        ("train_image_ids image_labels_list model_eval train_mean x_y", None),
    ],
)
def test_a_file_may_begin_with_other_words(names, role):
    """The last word of a file's name must be one of a role."""
    assert {n: find_file_role(n) for n in names.split()} == dict.fromkeys(names.split(), role)


def test_arrays_are_paired_by_part():
    """Names without a part are left over beside names with one; parts come in order."""
    names = ["test_images", "ids", "X_train", "y_train", "x", "val_images", "val_labels"]
    pairs, unused = pair_arrays(PATH, names)
    assert pairs == {
        TRAIN: Pair(images="X_train", labels="y_train"),
        VALIDATION: Pair(images="val_images", labels="val_labels"),
        TEST: Pair(images="test_images", labels=None),
    }
    assert list(pairs) == [TRAIN, VALIDATION, TEST]
    assert unused == ["ids", "x"]


def test_one_pair_without_a_part_is_train():
    """All images are in one array."""
    pairs, unused = pair_arrays(PATH, ["labels", "images", "weights"])
    assert pairs == {TRAIN: Pair(images="images", labels="labels")}
    assert unused == ["weights"]


EXPECTED = (
    "expected x_train and y_train, or train_images and train_labels (likewise val and test), or x "
    "and y; got "
)


@pytest.mark.parametrize(
    ("names", "line"),
    [
        ("x_train y_train X_train",
         "x_train and X_train are both the images of train; keep one of them"),
        ("train_images y_test test_labels x_test",
         "y_test and test_labels are both the labels of test; keep one of them"),
        ("images data target", "images and data are both the images of train; keep one of them"),
        ("x_train", f"x_train has no labels of train beside it; {EXPECTED}x_train"),
        ("x_train y_train x_val",
         f"x_val has no labels of validation beside it; {EXPECTED}x_train, y_train, x_val"),
        ("x_train y_train y_test",
         f"there are no images of test; {EXPECTED}x_train, y_train, y_test"),
        ("x_test y_test", f"there are no images of train; {EXPECTED}x_test, y_test"),
        ("arr_0 arr_1", f"there are no images of train; {EXPECTED}arr_0, arr_1"),
        ("", f"there are no images of train; {EXPECTED}nothing"),
        ("x_train y_train x_eval",
         "array x_eval: eval: may be validation or test; rename it to val or test, whichever it "
         "is"),
    ],
)  # fmt: skip
def test_missing_and_doubtful_arrays_are_refused(names, line):
    """The line names the arrays that are there."""
    with pytest.raises(DatasetError) as caught:
        pair_arrays(PATH, names.split())
    assert str(caught.value) == f"{PATH}: {line}"


def test_long_lists_of_names_are_cut():
    """Ten names are shown, each on the one line."""
    assert list_names([f"a{i}" for i in range(12)]).endswith("a8, a9 and 2 more")
    assert list_names(["a\nb", "c"]) == r"'a\nb', c"
