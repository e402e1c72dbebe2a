"""Folders that are no data set are refused with the path to give; siblings are named."""

from __future__ import annotations

import pytest
from image_files import touch

from autocnn.data.folder_advice import (
    describe_nesting,
    describe_siblings,
    find_data_set,
    refuse_one_class,
    refuse_several_sets,
    refuse_split_names,
    suggest_parent,
)
from autocnn.data.folder_tree import read_tree
from autocnn.errors import DatasetError

EXPECTED = (
    "expected class folders with images in them, or train/ and test/ with such class folders, or a "
    "table of file names and labels"
)


@pytest.fixture
def tree(tmp_path):
    """A function that makes a folder called root of empty files, and lists it."""
    return lambda *names: read_tree(touch(tmp_path / "root", *names))


def refused(check, holder, *args):
    """The line of a check, with ROOT for the folder."""
    with pytest.raises(DatasetError) as caught:
        check(holder, *args)
    return str(caught.value).replace(str(holder.path), "ROOT")


@pytest.mark.parametrize(
    ("names", "hint"),
    [
        (["a/1.png"], ""),
        (["a/b/1.png", "a/c/1.png"], "; give ROOT/a"),
        (["a/b/c/1.png", "a/b/d/1.png", "a/x.txt"], "; give ROOT/a/b"),
    ],
)
def test_one_class_is_refused(tree, names, hint):
    """The line gives the folder below it that may be meant."""
    top = tree(*names)
    assert refused(refuse_one_class, top, "a", top.folders["a"]) == (
        f"ROOT: all its images are in one folder, 'a', and one class is not enough; {EXPECTED}"
        f"{hint}"
    )


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a/1.png", "b/1.png"], ""),
        (["a/b/1.png", "a/c/1.png", "empty/x.txt"], "a/"),
        (["a/train/1.png"], "a/"),  # one split is enough
        (["a/b/1.png"], None),
        (["1.png", "a/1.png", "b/1.png"], None),  # images beside the folders
        (["a/1.png", "a/b/1.png", "a/c/1.png"], None),
        ([], None),
    ],
)
def test_a_data_set_is_found_below(tree, names, expected):
    """It is the first folder with several folders of images or with a split."""
    found = find_data_set(tree(*names))
    assert (found and found.name) == expected


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (
            ["train", "Val", "test", "eval"],
            "ROOT: its folders are splits again (Val, eval, test, …); give ROOT, or move them up",
        ),
        (
            ["cat", "test"],
            "ROOT/test: is it a split or a class? Give it another name if it is a class, and take "
            "it away if it is a split",
        ),
        (
            ["mnist_test", "mnist_train"],
            "ROOT: its folders mnist_test, mnist_train have names of splits, which are no classes; "
            "call them train, val and test, with a folder for each class in them, or give the "
            "classes other names",
        ),
        (
            ["cat", "mnist_test", "mnist_train"],  # also beside others
            "ROOT: its folders mnist_test, mnist_train have names of splits, which are no classes; "
            "call them train, val and test, with a folder for each class in them, or give the "
            "classes other names",
        ),
        (
            ["Images", "masks"],
            "ROOT/Images: holds the images of all classes, by its name; expected a folder for each "
            "class, so give it the name of a class if it is one (masks and boxes are not read)",
        ),
    ],
)
def test_names_of_splits_are_no_classes(tree, names, line):
    """All folders, one of them, or the words within their names are those of splits."""
    top = tree(*(f"{name}/1.png" for name in names))
    assert refused(refuse_split_names, top, top.folders) == line


@pytest.mark.parametrize(
    "names",
    [
        ["cat", "dog"],
        ["train station", "test tube"],  # they differ by more than the split
        ["mnist_train", "fashion_test", "cat"],
        ["images"],  # refused as one class
        [],
    ],
)
def test_other_names_may_be_classes(tree, names):
    """A word of a split in a name is no split."""
    top = tree(*(f"{name}/1.png" for name in names))
    refuse_split_names(top, top.folders)


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (
            ["cat/1.png", "dog/test/1.png"],
            "ROOT/dog/test: a split inside of a class folder; expected train/CLASS and test/CLASS: "
            "move it to ROOT/test/dog",
        ),
        (["a/train/x/1.png", "b/1.png"], "ROOT: ROOT/a is a data set of its own; give ROOT/a"),
        (
            [f"{name}/train/x/1.png" for name in "abcd"],
            "ROOT: ROOT/a, ROOT/b, ROOT/c, … are data sets of their own; give ROOT/a or another of "
            "them",
        ),
    ],
)
def test_several_data_sets_are_refused(tree, names, line):
    """A split with images of its own belongs to a class, one with folders to a data set."""
    top = tree(*names)
    assert refused(refuse_several_sets, top, top.folders) == line


def test_folders_in_classes_are_no_data_sets(tree):
    """A split without images is none, nor is a folder of another name."""
    top = tree("a/day/1.png", "a/train/", "b/2.png")
    refuse_several_sets(top, top.folders)


FIRST = "the first level of folders are the classes: a, b; the folders in them, such as x, are none"


@pytest.mark.parametrize(
    ("names", "lines"),
    [
        (["a/1.png", "b/1.png", "b/empty/"], []),
        (["a/x/1.png", "b/1.png"], [FIRST]),
        (["a/x/1.png", "b/x/1.png"], [FIRST]),
        (["a/x/1.png", "a/y/1.png", "b/x/1.png", "b/y/1.png", "b/z/1.png"], [FIRST]),
        (
            ["a/x/1.png", "a/y/1.png", "b/x/1.png", "b/y/1.png"],
            [f"{FIRST} (if x, y are the classes, each needs one folder at the first level)"],
        ),
    ],
)
def test_folders_in_classes_are_described(tree, names, lines):
    """They may be the classes if all of them occur in several folders."""
    assert describe_nesting(tree(*names).folders) == lines


def test_classes_are_listed_up_to_three(tree):
    """More of them are three dots."""
    top = tree("a/x/1.png", "b/1.png", "c/1.png", "d/1.png")
    assert describe_nesting(top.folders) == [
        "the first level of folders are the classes: a, b, c, …; the folders in them, such as x, "
        "are none"
    ]


@pytest.mark.parametrize(
    ("name", "files", "is_part"),
    [
        ("train", [], True),
        ("eval", [], True),
        ("cat", ["dog/1.PNG"], True),
        ("cat", ["dog/x.txt", "1.png", ".hidden/1.png", "dog/y/1.png"], False),
        ("cat", [], False),
    ],
)
def test_the_folder_around_is_suggested(tmp_path, name, files, is_part):
    """It is one for a split, and for a folder with a folder of images beside it."""
    path = touch(tmp_path, f"{name}/1.png", *files) / name
    expected = f"; if {name} is a part of a data set, give {tmp_path}" if is_part else ""
    assert suggest_parent(path) == expected


def test_links_beside_a_folder_are_not_followed(tmp_path):
    """A link may lead out of the data set."""
    touch(tmp_path, "root/cat/1.png", "other/1.png")
    (tmp_path / "root" / "dog").symlink_to(tmp_path / "other")
    assert suggest_parent(tmp_path / "root" / "cat") == ""
    (tmp_path / "root" / "cat").rename(tmp_path / "root" / "train")
    (tmp_path / "root" / "dog").rename(tmp_path / "root" / "test")
    assert describe_siblings(tmp_path / "root" / "train") == []


@pytest.mark.parametrize(
    ("name", "others", "names"),
    [
        ("train", ["val/", "test/", "cat/"], "test/ and val/"),
        ("test", ["Training/"], "Training/"),
        ("train", ["cat/", "test", ".test/"], None),
        ("cat", ["train/", "test/"], None),
    ],
)
def test_other_splits_beside_a_split_are_described(tmp_path, name, others, names):
    """Files and hidden folders are no splits."""
    touch(tmp_path, f"{name}/", *others)
    line = f"{names} beside it is not read; {tmp_path} is read with it"
    assert describe_siblings(tmp_path / name) == ([line] if names else [])


def test_an_absent_folder_has_no_siblings(tmp_path):
    """A folder that cannot be listed is no error."""
    assert describe_siblings(tmp_path / "absent" / "train") == []
    assert suggest_parent(tmp_path / "absent" / "cat") == ""
