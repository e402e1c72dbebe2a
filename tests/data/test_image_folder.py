"""Folders of images are listed by part and class; other layouts are refused."""

from __future__ import annotations

import os

import pytest
from image_files import touch

from autocnn.data.decoding import SUFFIXES
from autocnn.data.image_folder import list_folder
from autocnn.data.options import ImageOptions
from autocnn.data.part_names import TEST, TRAIN, VALIDATION
from autocnn.errors import DatasetError


def listed(root):
    """Part, class and name of every image."""
    contents = list_folder(root).open()
    names = [name for name, _ in contents.images()]
    classes = [contents.class_names[label] for label in contents.labels]
    return list(zip(contents.parts.tolist(), classes, names, strict=True))


def test_class_folders_alone_are_training_images(tmp_path):
    """Images are in the order of class names; suffixes may be in upper case."""
    touch(tmp_path, "10/a.PNG", "9/b.jpeg", "9/a.jpg", "10/c.gif", "10/d.bmp", "10/e.webp")
    assert sorted(listed(tmp_path)) == [
        (TRAIN, "10", "10/a.PNG"),
        (TRAIN, "10", "10/c.gif"),
        (TRAIN, "10", "10/d.bmp"),
        (TRAIN, "10", "10/e.webp"),
        (TRAIN, "9", "9/a.jpg"),
        (TRAIN, "9", "9/b.jpeg"),
    ]


@pytest.mark.parametrize("val", ["val", "valid", "Validation"])
def test_parts_have_folders_of_their_own(tmp_path, val):
    """The parts are train, validation and test, with several names for validation."""
    touch(tmp_path, "Train/a/1.png", "Train/b/1.png", f"{val}/a/2.png", "test/a/3.png", "test/b/")
    assert listed(tmp_path) == [
        (TRAIN, "a", "Train/a/1.png"),
        (TRAIN, "b", "Train/b/1.png"),
        (VALIDATION, "a", f"{val}/a/2.png"),
        (TEST, "a", "test/a/3.png"),
    ]


def test_class_folders_beside_a_test_split_train(tmp_path):
    """The folder test/ is no class."""
    touch(tmp_path, "OK/1.png", "NG/2.png", "test/OK/3.png", "test/NG/4.png")
    contents = list_folder(tmp_path).open()
    assert contents.class_names == ("NG", "OK")
    assert contents.notes == ("the class folders beside test/ are the training images",)
    assert listed(tmp_path)[2:] == [(TEST, "NG", "test/NG/4.png"), (TEST, "OK", "test/OK/3.png")]


@pytest.mark.parametrize("before", ["", "train/"])
def test_a_flat_test_folder_is_left_out(tmp_path, before):
    """Its images have no labels; a line counts them."""
    touch(tmp_path, f"{before}OK/1.png", f"{before}NG/2.png", "test/1.png", "test/2.png")
    contents = list_folder(tmp_path).open()
    assert contents.class_names == ("NG", "OK")
    assert contents.parts.tolist() == [TRAIN, TRAIN]
    assert contents.notes == (
        "test/ has no class folders: its 2 images without labels are left out",
    )


def test_the_first_level_is_the_class(tmp_path):
    """Folders inside of class folders are no classes, at any depth; a line says so."""
    touch(tmp_path, "cat/day/1.png", "cat/2.png", "dog/x/y/3.png")
    assert listed(tmp_path) == [
        (TRAIN, "cat", "cat/2.png"),
        (TRAIN, "cat", "cat/day/1.png"),
        (TRAIN, "dog", "dog/x/y/3.png"),
    ]
    assert list_folder(tmp_path).open().notes == (
        "the first level of folders are the classes: cat, dog; the folders in them, such as day, "
        "are none",
    )


def test_folders_that_may_be_the_classes_are_named(tmp_path):
    """The same folders in several class folders may be classes, with one folder a patient."""
    touch(tmp_path, "p1/0/1.png", "p1/1/2.png", "p2/0/3.png", "p2/1/4.png")
    contents = list_folder(tmp_path).open()
    assert contents.class_names == ("p1", "p2")
    assert contents.notes == (
        "the first level of folders are the classes: p1, p2; the folders in them, such as 0, are "
        "none (if 0, 1 are the classes, each needs one folder at the first level)",
    )


def test_a_class_may_have_the_word_of_a_split(tmp_path):
    """A folder is a split by its whole name only."""
    touch(tmp_path, "train station/1.png", "test tube/1.png")
    assert list_folder(tmp_path).open().class_names == ("test tube", "train station")


@pytest.mark.parametrize(
    ("names", "note"),
    [
        (["1", "2", "10"], "1, 2, 10, where Keras sorts 1, 10, 2"),
        (["cat", "Dog"], "cat, Dog, where Keras sorts Dog, cat"),
        ([*"123456789", "10"], "1, 2, 3, …, where Keras sorts 1, 10, 2, …"),
        (["a", "b", "c1", "c2", "c10", "d"], "…, c1, c2, c10, …, where Keras sorts …, c1, c10, c2"),
    ],
)
def test_another_order_than_that_of_keras_is_reported(tmp_path, names, note):
    """Numbers are compared by value, and upper case is like lower case."""
    touch(tmp_path, *(f"{name}/1.png" for name in names))
    contents = list_folder(tmp_path).open()
    assert contents.class_names == tuple(names)
    [line] = contents.notes
    assert line.startswith(f"the classes are in the order {note}")


def test_files_of_other_kinds_are_counted(tmp_path):
    """A note counts them by suffix, images first."""
    names = ["a/x.txt", "a/y.TXT", "b/c/z.heic", "a/noise", "a/.hidden", "list.csv", "test/q.svg"]
    touch(tmp_path, "a/1.png", "b/2.png", "b/c/3.png", *names)
    assert list_folder(tmp_path).open().notes[1:] == (
        "not read: 1 .heic, 1 .svg, 2 .txt, 1 .csv, 1 without a suffix",
    )


def test_other_splits_beside_the_folder_are_named(tmp_path):
    """The training split of a data set is read alone, and a line says so."""
    root = touch(tmp_path / "photos", "train/a/1.png", "train/b/1.png", "test/a/1.png")
    assert list_folder(root / "train").open().notes == (
        f"test/ beside it is not read; {root} is read with it",
    )


def test_the_listing_has_size_and_time(tmp_path):
    """Size and time reveal a changed file."""
    touch(tmp_path, "a/1.png", "b/2.png")
    (tmp_path / "a" / "1.png").write_bytes(b"abc")
    os.utime(tmp_path / "a" / "1.png", ns=(5, 7))
    [first, _] = list_folder(tmp_path).files
    assert (first.name, first.size, first.mtime_ns) == ("a/1.png", 3, 7)


EXPECTED = (
    "; expected class folders with images in them, or train/ and test/ with such class folders, or "
    "a table of file names and labels"
)
ONE_OF_EACH = ": expected only train/, val/ and test/ in ROOT, one of each"
AGAIN = "/train: its folders are splits again "
OUTSIDE = ": lies outside of the class folders; move it or take it away"
SPLIT_OR_CLASS = (
    ": is it a split or a class? Its 1 images have no class folders; give it class folders if it "
    "is a split, and another name if it is a class"
)
NO_LABELS = (
    "/train: its 1 images have no labels; expected a folder for each class in it, or a table such "
    "as root/labels.csv with the columns file and label"
)
OF_SPLITS = (
    " have names of splits, which are no classes; call them train, val and test, with a folder for "
    "each class in them, or give the classes other names"
)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["1.png", "2.png"], ": 2 images lie in it without a class folder" + EXPECTED),
        (["a/1.png", "b/1.png", "2.png"], "/2.png" + OUTSIDE),
        (["train/a/1.png", "2.png"], "/2.png" + OUTSIDE),
        (["train/a/1.png", "train/2.png"], "/train/2.png" + OUTSIDE),
        (["train/1.png", "test/1.png"], NO_LABELS),
        (["a/1.png", "b/1.png", "train/1.png"], "/train" + SPLIT_OR_CLASS),
        (["a/1.png", "b/1.png", "val/1.png"], "/val" + SPLIT_OR_CLASS),
        (["train/a/1.png", "train/b/1.png", "val/1.png"], "/val" + SPLIT_OR_CLASS),
        (["test/a/1.png"], ": no training images: expected train/ beside test/"),
        (["train/a/1.png", "train/b/1.png", "extra/a/1.png"], "/extra" + ONE_OF_EACH),
        (["train/a/1.png", "val/a/1.png", "valid/a/1.png"], "/valid" + ONE_OF_EACH),
        (
            ["train/a/1.png", "eval/a/1.png"],
            "/eval: may be validation or test; rename it to val or test, whichever it is",
        ),
        (
            ["train/a/1.png", "train/b/1.png", "train/test/1.png"],
            "/train/test: is it a split or a class? Give it another name if it is a class, and "
            "take it away if it is a split",
        ),
        (
            ["train/train/a/1.png", "train/train/b/1.png", "train/val/a/1.png"],
            AGAIN + "(train, val); give ROOT/train, or move them up",
        ),
        (
            ["a/train/1.png", "a/test/1.png", "b/train/1.png"],
            "/a/test: a split inside of a class folder; expected train/CLASS and test/CLASS: move "
            "it to ROOT/test/a",
        ),
        (
            ["s1/train/a/1.png", "s1/test/a/1.png", "s2/train/a/1.png"],
            ": ROOT/s1, ROOT/s2 are data sets of their own; give ROOT/s1 or another of them",
        ),
        (
            ["mnist_train/0/1.png", "mnist_train/1/1.png", "mnist_test/0/1.png"],
            ": its folders mnist_test, mnist_train" + OF_SPLITS,
        ),
        (["x2-train/1.png", "x3_test/1.png"], ": its folders x2-train, x3_test" + OF_SPLITS),
        (
            ["images/1.png", "images/2.png"],
            ": all its images are in one folder, 'images', and one class is not enough" + EXPECTED,
        ),
        (
            ["train/a/1.png", "test/a/1.png"],
            "/train: all its images are in one folder, 'a', and one class is not enough" + EXPECTED,
        ),
        (
            ["data/photos/a/1.png", "data/photos/b/1.png"],
            ": all its images are in one folder, 'data', and one class is not enough"
            + EXPECTED
            + "; give ROOT/data/photos",
        ),
        (
            ["data/train/a/1.png", "data/train/b/1.png"],
            ": ROOT/data is a data set of its own; give ROOT/data",
        ),
        (["a/1.png", "b/"], "/b: no images found (SUFFIXES); fill it or take it away"),
        (
            ["train/a/1.png", "train/b/x.heic", "train/b/c/x.txt"],
            "/train/b: no images found (SUFFIXES); found 1 .heic, 1 .txt; fill it or take it away",
        ),
        (
            ["train/a/1.png", "test/b/1.png"],
            ": test has images of 'b', and train has none; give train some, or take them away",
        ),
        (
            ["train/a/1.png", "val/A/1.png"],
            ": validation has images of 'A', and train has none; train has 'a', and not 'A': write "
            "both alike",
        ),
        ([], ": no images found (SUFFIXES)" + EXPECTED),
        (["a/x.heic", "a/y.txt"], f": no images found (SUFFIXES){EXPECTED}; found 1 .heic, 1 .txt"),
    ],
)
def test_other_layouts_are_refused(tmp_path, names, message):
    """The line names the place, what was expected and what to do; a split is never a class."""
    root = touch(tmp_path / "around" / "root", *names)
    with pytest.raises(DatasetError) as caught:
        list_folder(root)
    expected = f"{root}{message}".replace("ROOT", str(root))
    assert str(caught.value) == expected.replace("SUFFIXES", ", ".join(SUFFIXES))


@pytest.mark.parametrize("inner", ["a", "train"])
def test_a_folder_below_the_data_set_is_refused(tmp_path, inner):
    """The line gives the folder around it: one class of several, or a split of a table."""
    root = touch(tmp_path / "photos", f"{inner}/1.png", "b/2.png")
    with pytest.raises(DatasetError, match="without a class folder") as caught:
        list_folder(root / inner)
    assert str(caught.value).endswith(f"; if {inner} is a part of a data set, give {root}")


def test_what_is_no_file_is_refused(tmp_path):
    """A pipe is refused, because opening it would block."""
    touch(tmp_path, "a/1.png")
    os.mkfifo(tmp_path / "a" / "2.png")
    with pytest.raises(DatasetError, match=r"a/2\.png: neither a file nor a folder"):
        list_folder(tmp_path)


def test_a_link_out_of_the_folder_is_refused(tmp_path):
    """The link may lead to an image or to a folder of images."""
    touch(tmp_path, "root/a/1.png", "root/b/1.png", "secret/2.png")
    (tmp_path / "root" / "c").symlink_to(tmp_path / "secret")
    with pytest.raises(DatasetError, match="root/c: a link that leads out of the data set, to /"):
        list_folder(tmp_path / "root")
    contents = list_folder(tmp_path / "root", ImageOptions(follow_links=True)).open()
    assert contents.class_names == ("a", "b", "c")
    assert [name for name, _ in contents.images()] == ["a/1.png", "b/1.png", "c/2.png"]


@pytest.mark.parametrize("target", [".", "..", "../.."])
def test_a_link_in_a_circle_is_refused(tmp_path, target):
    """The link leads to the folder that it lies in, or to one around that."""
    root = touch(tmp_path / "root", "a/1.png", "b/1.png")
    (root / "a" / "loop").symlink_to(target)
    with pytest.raises(DatasetError, match="a/loop: a link that leads back to a folder around it;"):
        list_folder(root, ImageOptions(follow_links=True))


def test_too_many_folders_inside_of_each_other_are_refused(tmp_path):
    """The listing ends before Python's own limit."""
    touch(tmp_path, "/".join(["a"] * 120) + "/1.png")
    with pytest.raises(DatasetError, match="more than 100 folders inside of each other"):
        list_folder(tmp_path)
