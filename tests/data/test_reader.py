"""Rules of all readers: names in order, labels from 0, refused links and names."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from autocnn.data.part_names import TEST, TRAIN
from autocnn.data.reader import check_name, list_directory, natural_key, number_classes
from autocnn.errors import DatasetError


def test_names_are_in_natural_order():
    """2 comes before 10; case is ignored first, and breaks ties."""
    names = ["class10", "Dog", "class2", "cat", "10", "9", "dog", "class"]
    expected = ["9", "10", "cat", "class", "class2", "class10", "Dog", "dog"]
    assert sorted(names, key=natural_key) == expected
    assert sorted(names[::-1], key=natural_key) == expected


def test_classes_are_those_of_the_training_images():
    """Labels 3 and 7 are numbered 0 and 1 in every part."""
    raw = {TRAIN: np.array([7, 3, 7]), TEST: np.array([3, 3])}
    names, labels = number_classes(Path("x"), raw, None)
    assert names == ("3", "7")
    assert labels[TRAIN].tolist() == [1, 0, 1]
    assert labels[TEST].tolist() == [0, 0]
    assert number_classes(Path("x"), {TRAIN: np.array([2, 0])}, ["a", "b", "c"])[0] == ("a", "c")


@pytest.mark.parametrize(
    ("train", "test", "names", "message"),
    [
        ([0, -1], [], None, "x: train: expected labels from 0, got -1"),
        ([0, 1], [5], ["a", "b"], "x: test: expected labels from 0 to 1, got 5"),
        ([0, 1], [2], None, "x: test has images of '2', and train has none; "),
        ([0, 1], [2, 3, 4, 5], None, "x: test has images of '2', '3', '4', …, and train has none"),
        ([0, 1], [2], ["a", "b", "c"], "x: test has images of 'c', and train has none; "),
    ],
)
def test_wrong_labels_are_refused(train, test, names, message):
    """The error names the part and the value or class."""
    raw = {TRAIN: np.array(train), TEST: np.array(test, np.int64)}
    with pytest.raises(DatasetError) as caught:
        number_classes(Path("x"), raw, names)
    assert str(caught.value).startswith(message)


def test_hidden_files_are_passed_over(tmp_path):
    """Hidden files, and files that operating systems create, are skipped."""
    for name in (".DS_Store", "__MACOSX", "Thumbs.db", "b", "a", "__none__"):
        (tmp_path / name).touch()
    found = [entry.name for entry in list_directory(tmp_path, tmp_path)]
    assert found == ["__none__", "a", "b"]


def test_links_may_stay_inside(tmp_path):
    """A link to another file of the folder is read as a file."""
    (tmp_path / "a").touch()
    (tmp_path / "b").symlink_to("a")
    assert [entry.name for entry in list_directory(tmp_path, tmp_path)] == ["a", "b"]


@pytest.mark.parametrize(
    ("target", "message"),
    [("../outside", "leads out of the data set"), ("absent", "leads nowhere"), ("b", "nowhere")],
)
def test_links_must_not_lead_out(tmp_path, target, message):
    """Links out of the folder, broken links and circular links are refused."""
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "outside").touch()
    (root / "b").symlink_to(target)
    with pytest.raises(DatasetError, match=rf"root/b: a link that leads .*{message.split()[-1]}"):
        list_directory(root, root)


def test_a_name_that_is_no_utf8_is_refused(tmp_path):
    """The error shows the bytes of the name."""
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png")).touch()
    except OSError:
        pytest.skip("this file system knows UTF-8 names only")
    with pytest.raises(DatasetError, match=r"caf\\xe9\.png: its name is not UTF-8; rename it"):
        list_directory(tmp_path, tmp_path)
    check_name("café.png")


def test_an_unreadable_folder_is_refused(tmp_path, monkeypatch):
    """A folder without permission is an error."""

    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DatasetError, match=r"cannot be read \(Permission denied\)"):
        list_directory(tmp_path, tmp_path)
