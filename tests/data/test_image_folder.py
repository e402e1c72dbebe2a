"""Folders of images are listed by part and class; other layouts are refused."""

from __future__ import annotations

import os

import pytest

from autocnn.data.image_folder import list_folder
from autocnn.data.part_names import TEST, TRAIN, VALIDATION
from autocnn.errors import DatasetError


def touch(root, *names):
    """Make empty files, which a listing does not open. A name that ends in / is a folder."""
    root.mkdir(exist_ok=True)
    for name in names:
        path = root / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.touch()
    return root


def listed(root):
    """Part, class and name of every image."""
    contents = list_folder(root).open()
    names = [name for name, _ in contents.images()]
    classes = [contents.class_names[label] for label in contents.labels]
    return list(zip(contents.parts.tolist(), classes, names, strict=True))


def test_class_folders_alone_are_training_images(tmp_path):
    """Images are in the order of class names; suffixes may be in upper case."""
    touch(tmp_path, "10/a.PNG", "9/b.jpeg", "9/a.jpg", "10/c.gif", "10/d.bmp", "10/e.webp")
    assert list_folder(tmp_path).open().class_names == ("9", "10")
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
    touch(tmp_path, "Train/a/1.png", f"{val}/a/2.png", "test/a/3.png", "test/b/", "readme.md")
    assert listed(tmp_path) == [
        (TRAIN, "a", "Train/a/1.png"),
        (VALIDATION, "a", f"{val}/a/2.png"),
        (TEST, "a", "test/a/3.png"),
    ]


def test_a_class_may_be_called_train(tmp_path):
    """A folder that contains images is a class."""
    touch(tmp_path, "train/1.png", "car/2.png", "test/3.png")
    assert list_folder(tmp_path).open().class_names == ("car", "test", "train")


def test_files_of_other_kinds_are_counted(tmp_path):
    """A note counts them by suffix."""
    touch(tmp_path, "a/1.png", "a/x.txt", "a/y.txt", "a/z.heic", "a/noise", "a/.hidden", "b/2.png")
    assert list_folder(tmp_path).open().notes == (
        "not read: 2 .txt, 1 without a suffix, 1 .heic; images are "
        ".png, .jpg, .jpeg, .jfif, .jpe, .bmp, .gif, .webp, .tif, .tiff, .avif",
    )


def test_the_listing_has_size_and_time(tmp_path):
    """Size and time reveal a changed file."""
    touch(tmp_path, "a/1.png", "b/2.png")
    (tmp_path / "a" / "1.png").write_bytes(b"abc")
    os.utime(tmp_path / "a" / "1.png", ns=(5, 7))
    [first, _] = list_folder(tmp_path).files
    assert (first.name, first.size, first.mtime_ns) == ("a/1.png", 3, 7)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], r"root: no images found \(\.png, .*expected class folders"),
        (["a/x.heic", "a/y.txt"], r"no images found .*; found 1 \.heic, 1 \.txt"),
        (["1.png", "2.png"], "root: 2 images lie in it without a class folder"),
        (["a/1.png", "2.png"], r"root/2\.png: lies outside of the class folders"),
        (["train/a/1.png", "2.png"], r"root/2\.png: lies outside of the class folders"),
        (["train/a/1.png", "train/2.png"], r"root/train/2\.png: lies outside of the class folders"),
        (["train/a/1.png", "test/2.png"], "root/test: 1 images lie in it without a class folder"),
        (["a/b/1.png", "a/2.png"], "root/a/b: a folder inside of a class folder; expected class"),
        (["test/a/1.png"], "root/test/a: a folder inside of a class folder; .* or train/ and test"),
        (["train/a/b/1.png"], "root/train/a/b: a folder inside of a class folder"),
        (["train/a/1.png", "extra/a/1.png"], "root/extra: expected only train/, val/ and test/"),
        (["train/a/1.png", "val/a/1.png", "valid/a/1.png"], "root/valid: expected only .* one of"),
        (["a/1.png", "b/"], r"root/b: no images found \(.*; fill it or take it away"),
        (
            ["train/a/1.png", "train/b/x.txt"],
            r"root/train/b: no images found .*found 1 \.txt; fill",
        ),
        (["train/a/1.png", "test/b/1.png"], "root: test has images of 'b', and train has none"),
        (["train/a/1.png", "val/A/1.png"], "root: validation has images of 'A', and train has"),
    ],
)
def test_other_layouts_are_refused(tmp_path, names, message):
    """The error names the wrong path and the expected layout."""
    root = touch(tmp_path / "root", *names)
    with pytest.raises(DatasetError, match=message):
        list_folder(root)


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
