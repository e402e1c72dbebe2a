"""Class folders of each split are found by names; empty, loose and unclear ones are refused."""

from __future__ import annotations

import pytest
from image_files import touch

from autocnn.data.class_folders import find_classes, find_splits, has_class_folders
from autocnn.data.decoding import SUFFIXES
from autocnn.data.folder_tree import read_tree
from autocnn.data.part_names import TEST, TRAIN, VALIDATION
from autocnn.errors import DatasetError


@pytest.fixture
def tree(tmp_path):
    """A function that makes a folder called root of empty files, and lists it."""
    return lambda names: read_tree(touch(tmp_path / "root", *names.split()))


def refused(find, top):
    """The line that refuses a folder, with ROOT for its path."""
    with pytest.raises(DatasetError) as caught:
        find(top)
    return str(caught.value).replace(str(top.path), "ROOT")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("a/1.png b/1.png", True),
        ("a/x/1.png b/1.png 1.png", True),
        ("train/a/1.png train/b/1.png", True),
        ("test/a/1.png test/b/1.png a/1.png", True),
        ("a/1.png b/", False),
        ("a/1.png train/1.png", False),
        ("train/1.png test/1.png", False),
        ("train/a/1.png test/a/1.png", False),
        ("images/a/1.png images/b/1.png", False),
        ("1.png", False),
        ("", False),
    ],
)
def test_two_folders_may_be_classes(tree, names, expected):
    """They lie in the folder itself or in a split, and have images."""
    assert has_class_folders(tree(names)) is expected


def test_splits_are_found_by_part(tree):
    """Those without images are left out."""
    splits = find_splits(tree("Train/a/1.png dev/1.png test/ cat/1.png"))
    assert {part: folder.name for part, folder in splits.items()} == {
        TRAIN: "Train/",
        VALIDATION: "dev/",
    }
    assert find_splits(tree("")) == splits


ONE_OF_EACH = "expected only train/, val/ and test/ in ROOT, one of each"


@pytest.mark.parametrize(
    ("names", "line"),
    [
        ("val/1.png valid/1.png", f"ROOT/valid: {ONE_OF_EACH}"),
        (
            "eval/1.png",
            "ROOT/eval: may be validation or test; rename it to val or test, whichever it is",
        ),
    ],
)
def test_unclear_splits_are_refused(tree, names, line):
    """Two folders of one part, and a name with two meanings."""
    assert refused(find_splits, tree(names)) == line


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        ("a/1.png b/1.png", {TRAIN: ["a/", "b/"]}),
        ("a/1.png b/1.png test/ .x/1.png", {TRAIN: ["a/", "b/"]}),  # an empty split is none
        (
            "test/a/1.png val/b/1.png train/a/1.png train/b/1.png",
            {TRAIN: ["train/a/", "train/b/"], VALIDATION: ["val/b/"], TEST: ["test/a/"]},
        ),
        ("a/1.png b/1.png val/b/1.png", {TRAIN: ["a/", "b/"], VALIDATION: ["val/b/"]}),
        (
            "train/a/1.png train/b/1.png test/a/1.png test/b/ test/c/",
            {TRAIN: ["train/a/", "train/b/"], TEST: ["test/a/", "test/b/", "test/c/"]},
        ),
        ("train/a/1.png train/b/1.png train/test/", {TRAIN: ["train/a/", "train/b/"]}),
    ],
)
def test_classes_are_found_in_each_part(tree, names, parts):
    """Parts are in order; only training classes need images."""
    found = find_classes(tree(names))
    shown = {part: [f.name for f in classes.values()] for part, classes in found.parts.items()}
    assert list(shown.items()) == list(parts.items())
    assert (found.names, found.unlabelled) == (("a", "b"), None)


@pytest.mark.parametrize("train", ["", "train/"])
def test_a_flat_test_split_has_no_labels(tree, train):
    """It is no part, and kept for a table."""
    found = find_classes(tree(f"{train}a/1.png {train}b/1.png test/1.png"))
    assert list(found.parts) == [TRAIN]
    assert found.unlabelled is not None
    assert (found.unlabelled.name, found.notes) == ("test/", ())


def test_lines_describe_nesting_order_and_splits(tree):
    """They come in this order; the classes are in natural order."""
    found = find_classes(tree("2/x/1.png 10/1.png 1/1.png val/2/1.png test/1/1.png"))
    assert found.names == ("1", "2", "10")
    assert found.notes == (
        "the first level of folders are the classes: 1, 10, 2; the folders in them, such as x, are "
        "none",
        "the classes are in the order 1, 2, 10, where Keras sorts 1, 10, 2",
        "the class folders beside val/ and test/ are the training images",
    )


@pytest.mark.parametrize(
    ("names", "line"),
    [
        ("a b", None),
        ("B a", "a, B, where Keras sorts B, a"),
        ("a b10 b2 c", "a, b2, b10, …, where Keras sorts a, b10, b2, …"),
        ("a b c10 c2", "…, b, c2, c10, where Keras sorts …, b, c10, c2"),
        ("a b c10 c2 d", "…, b, c2, c10, …, where Keras sorts …, b, c10, c2, …"),
    ],
)
def test_the_order_is_compared_with_that_of_keras(tree, names, line):
    """The line begins one class before the first difference, and has three classes."""
    found = find_classes(tree(" ".join(f"{name}/1.png" for name in names.split())))
    start = "the classes are in the order "
    assert found.notes == ((start + line,) if line else ())


EXPECTED = (
    "expected class folders with images in them, or train/ and test/ with such class folders, or a "
    "table of file names and labels"
)
OUTSIDE = "lies outside of the class folders; move it or take it away"
NO_IMAGES = f"no images found ({', '.join(SUFFIXES)})"
SPLIT_OR_CLASS = (
    "is it a split or a class? Its 2 images have no class folders; give it class folders if it is "
    "a split, and another name if it is a class"
)


@pytest.mark.parametrize(
    ("names", "line"),
    [
        ("1.png 2.png", f"ROOT: 2 images lie in it without a class folder; {EXPECTED}"),
        ("a/1.png b/1.png 3.png", f"ROOT/3.png: {OUTSIDE}"),
        ("train/a/1.png 3.png", f"ROOT/3.png: {OUTSIDE}"),
        ("train/a/1.png train/3.png", f"ROOT/train/3.png: {OUTSIDE}"),
        ("train/a/1.png test/b/1.png test/3.png", f"ROOT/test/3.png: {OUTSIDE}"),
        (
            "train/1.png train/2.png test/1.png",
            "ROOT/train: its 2 images have no labels; expected a folder for each class in it, or a "
            "table such as root/labels.csv with the columns file and label",
        ),
        ("train/a/1.png val/1.png val/2.png", f"ROOT/val: {SPLIT_OR_CLASS}"),
        ("a/1.png train/1.png train/2.png", f"ROOT/train: {SPLIT_OR_CLASS}"),
        ("train/a/1.png cat/1.png", f"ROOT/cat: {ONE_OF_EACH}"),
        ("val/a/1.png", "ROOT: no training images: expected train/ beside val/"),
        ("a/1.png b/x.txt b/y.txt", f"ROOT/b: {NO_IMAGES}; found 2 .txt; fill it or take it away"),
        ("train/a/1.png train/b/", f"ROOT/train/b: {NO_IMAGES}; fill it or take it away"),
        (
            "train/a/1.png train/b/1.png test/d/1.png test/C/1.png",
            "ROOT: test has images of 'C', 'd', and train has none; give train some, or take them "
            "away",
        ),
        (
            "train/a/1.png test/a/1.png",
            "ROOT/train: all its images are in one folder, 'a', and one class is not enough; "
            + EXPECTED,
        ),
        (
            "train/train/1.png train/test/1.png",
            "ROOT/train: its folders are splits again (test, train); give ROOT/train, or move them "
            "up",
        ),
        (
            "a/1.png b/val/1.png",
            "ROOT/b/val: a split inside of a class folder; expected train/CLASS and test/CLASS: "
            "move it to ROOT/val/b",
        ),
    ],
)
def test_other_layouts_are_refused(tree, names, line):
    """The line names the place and what to do."""
    assert refused(find_classes, tree(names)) == line
