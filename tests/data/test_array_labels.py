"""Labels of each stored type give class names in order; doubtful ones are refused."""

from __future__ import annotations

import io
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from autocnn.data import stored_array
from autocnn.data.array_labels import find_classes, join_labels, read_labels
from autocnn.data.part_names import TEST, TRAIN
from autocnn.data.stored_array import read_npy
from autocnn.errors import DatasetError

PATH = Path("f.npz")


def read(labels, n=None, part=TRAIN):
    """The labels, stored as an array and read again."""
    labels = np.asarray(labels)
    file = io.BytesIO()
    np.save(file, labels)

    @contextmanager
    def opened():
        yield io.BytesIO(file.getvalue())

    array = read_npy("f.npz: y", "y", len(file.getvalue()), opened)
    return read_labels(array, len(labels) if n is None else n, part)


def classes(*parts):
    """Class names, and the labels of each part."""
    names, labels = find_classes(PATH, {i * TEST: read(part) for i, part in enumerate(parts)})
    return names, [part.tolist() for part in labels.values()]


@pytest.mark.parametrize(
    ("labels", "names", "numbers"),
    [
        (np.array([10, 2, 10], "u1"), ("2", "10"), [1, 0, 1]),
        (np.array([[3], [7], [3]], ">i4"), ("3", "7"), [0, 1, 0]),
        (np.array([2.0, 0.0, 10.0], "f2"), ("0", "2", "10"), [1, 0, 2]),
        ([True, False, True], ("False", "True"), [1, 0, 1]),
        (["dog", "cat10", "cat2"], ("cat2", "cat10", "dog"), [2, 1, 0]),
        ([["b"], ["A"], ["b"]], ("A", "b"), [1, 0, 1]),
        (np.array(["chat", "caf\u00e9".encode()], "S5"), ("café", "chat"), [1, 0]),
        (["10", "9", "10"], ("9", "10"), [1, 0, 1]),
        (np.eye(3)[[2, 0, 1]], ("0", "1", "2"), [2, 0, 1]),
        (np.eye(12, dtype=bool)[[11, 2]], ("2", "11"), [1, 0]),
        (np.eye(2, dtype="i8"), ("0", "1"), [0, 1]),
    ],
)
def test_labels_are_class_names(labels, names, numbers):
    """Numbers are in their order, texts in natural order; a class has a training image."""
    assert classes(labels) == (names, [numbers])


def test_parts_share_their_classes():
    """A text of the test part has the number that train gives it."""
    assert classes(["b", "a", "c"], ["c", "a"]) == (("a", "b", "c"), [[1, 0, 2], [2, 0]])
    assert classes([1.0, 4.0], np.array([4, 1])) == (("1", "4"), [[0, 1], [1, 0]])


def test_labels_are_read_in_blocks(monkeypatch):
    """A class keeps its number in each block."""
    monkeypatch.setattr(stored_array, "_BLOCK", 2)
    for labels in (["a", "b", "b", "c", "a"], np.eye(3)[[0, 1, 1, 2, 0]]):
        assert read(labels).codes.tolist() == [0, 1, 1, 2, 0]


def test_classes_of_test_alone_are_refused():
    """Train has no image of the class."""
    with pytest.raises(DatasetError, match=r"^f\.npz: test has images of 'c', and train has none"):
        classes(["a", "b"], ["a", "c"])


FORMS = "expected integers, whole floats, truth values or texts (n,) or (n, 1), or one-hot (n, k)"
ONE_HOT = "expected one-hot labels, with one 1 and else 0, got "
ARGMAX = "; save classes such as y.argmax(axis=1) if each image has just one"
OBJECTS = "holds Python objects, which may run code when they are read; save np.array(y.tolist())"
FORTRAN = "expected an array in C's order, got one in Fortran's order; save np.ascontiguousarray(y)"


@pytest.mark.parametrize(
    ("labels", "line"),
    [
        ([0, 1.5], "[1]: expected a whole number as label, got 1.5"),
        ([0, np.inf], "[1]: expected a whole number as label, got inf"),
        ([0, 1, np.nan], "[2]: the label is missing, got nan"),
        ([0, 2.0**60], f"[1]: expected a label of at most {2**53}, got {2.0**60}"),
        ([0, 1, -1],
         "[2]: expected labels from 0 (save y.astype(str) if this is a class), got -1"),
        (np.array([0, 2**63], "u8"), f"[1]: expected labels to {2**63 - 1}, got {2**63}"),
        (["a", ""], "[1]: the label is missing, got ''"),
        (["a", " "], "[1]: the label is missing, got ' '"),
        (np.array([b"a", b"\xff"]), r"[1]: expected a label in UTF-8, got b'\xff'"),
        (["a", "\ud800"], r"[1]: expected a label in UTF-8, got '\ud800'"),
        ([[1, 0], [0.2, 0.8]], f"[1]: {ONE_HOT}[0.2, 0.8]{ARGMAX}"),
        ([[1, 1], [0, 1]], f"[0]: {ONE_HOT}[1, 1]{ARGMAX}"),
        ([[1, 0], [0, 0]], f"[1]: {ONE_HOT}[0, 0]{ARGMAX}"),
        ([[1, 0], [1, 7]], f"[1]: {ONE_HOT}[1, 7]{ARGMAX}"),
        (np.zeros((2, 9), int), f"[0]: {ONE_HOT}[0, 0, 0, 0, 0, …]{ARGMAX}"),
        (np.array(["a", None], dtype=object), f": {OBJECTS}"),
        (np.asfortranarray(np.eye(3)), f": {FORTRAN}"),
        ([["a", "b"]], f": {FORMS}, got <U1 (1, 2)"),
        (np.zeros((2, 1, 1)), f": {FORMS}, got float64 (2, 1, 1)"),
        (np.zeros(2, "c8"), f": {FORMS}, got complex64 (2,)"),
        (np.zeros(2, "M8[D]"), f": {FORMS}, got datetime64[D] (2,)"),
    ],
)  # fmt: skip
def test_wrong_labels_are_refused(labels, line):
    """The first wrong label is named."""
    with pytest.raises(DatasetError) as caught:
        read(labels)
    assert str(caught.value) == f"f.npz: y{line}"


def test_each_image_has_a_label():
    """The number of images is stated."""
    for labels in ([0, 1], [["a"], ["b"]], np.eye(2)):
        with pytest.raises(DatasetError) as caught:
            read(labels, n=1234, part=TEST)
        line = "f.npz: y: expected a label for each of the 1,234 images of test, got 2"
        assert str(caught.value) == line
    with pytest.raises(DatasetError, match=r"got int64 \(\)$"):
        read(np.array(3), n=1)


@pytest.mark.parametrize(
    ("train", "test", "forms"),
    [
        ([0, 1], ["0", "1"], ("texts", "numbers")),
        ([0, 1], [True, False], ("truth values", "numbers")),
        (np.eye(2), [0, 1], ("numbers", "one-hot (n, 2)")),
        (np.eye(2), np.eye(3)[:2], ("one-hot (n, 3)", "one-hot (n, 2)")),
    ],
)
def test_forms_are_not_mixed(train, test, forms):
    """Which labels of two forms are equal is not known."""
    with pytest.raises(DatasetError) as caught:
        classes(train, test)
    assert str(caught.value) == (
        f"f.npz: test: its labels are {forms[0]}, and those of f.npz: train {forms[1]}; save them "
        "alike"
    )


def test_labels_of_several_files_are_joined():
    """The texts of each file have numbers of their own before."""
    joined = join_labels([read(["b", "a"]), read(["c", "b"])], ["f", "g"])
    assert joined.names == ("a", "b", "c")
    assert joined.codes.tolist() == [1, 0, 2, 1]
