"""Arrays with the names of Keras are read image by image; other contents are refused."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
from image_files import noise

from autocnn.data import npz_file
from autocnn.data.npz_file import list_npz
from autocnn.data.part_names import TEST, TRAIN, VALIDATION
from autocnn.errors import DatasetError

X, Y = noise(6, 2, 3), np.array([0, 1, 0, 1, 0, 1])


def opened(path, **arrays):
    """Open a file with these arrays."""
    np.savez(path / "x.npz", **arrays)
    return list_npz(path / "x.npz").open()


def images(contents):
    """Every image as a list, by its name."""
    return {name: content.tolist() for name, content in contents.images()}


def test_images_and_labels_are_read(tmp_path):
    """Labels may be a column; images without channels are greyscale."""
    contents = opened(tmp_path, x_train=X, y_train=Y[:, None].astype(np.uint8) + 3)
    assert contents.class_names == ("3", "4")
    assert contents.labels.tolist() == Y.tolist()
    assert contents.parts.tolist() == [TRAIN] * 6
    assert images(contents) == {f"x_train[{i}]": X[i].tolist() for i in range(6)}


def test_the_parts_come_in_order(tmp_path):
    """The parts are train, validation and test, each with its own images."""
    arrays = {f"x_{key}": X[i : i + 2] for i, key in enumerate(("test", "val", "train"))}
    arrays |= {f"y_{key}": Y[:2] for key in ("test", "val", "train")}
    contents = opened(tmp_path, **arrays, ids=np.arange(3))
    assert contents.parts.tolist() == [TRAIN, TRAIN, VALIDATION, VALIDATION, TEST, TEST]
    assert list(images(contents).values()) == [X[i].tolist() for i in (2, 3, 1, 2, 0, 1)]


@pytest.mark.parametrize("compress", [np.savez, np.savez_compressed])
def test_images_are_read_in_blocks(tmp_path, monkeypatch, compress):
    """Blocks of five give the images of one read; one channel is grey, three are colour."""
    monkeypatch.setattr(npz_file, "_BLOCK", 5)
    for x in (noise(12, 2, 3, 1), noise(12, 2, 3, 3)):
        compress(tmp_path / "x.npz", x_train=x, y_train=np.arange(12) % 2)
        found = [content for _, content in list_npz(tmp_path / "x.npz").open().images()]
        assert np.array_equal(np.array(found).reshape(x.shape), x)
        assert found[0].ndim == (2 if x.shape[3] == 1 else 3)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x_train": X}, "y_train missing; expected x_train, y_train, and .*, got x_train$"),
        ({"images": X, "labels": Y}, "x_train, y_train missing; .*, got images, labels$"),
        ({"x_train": X, "y_train": Y, "x_test": X}, "y_test missing; "),
        ({"x_train": X, "y_train": Y, "y_val": Y}, "x_val missing; "),
        ({"x_train": X, "y_train": Y, "x_valid": X}, "'x_valid' unknown; "),
        (
            {"x_train": X / 255, "y_train": Y},
            r"x_train: expected uint8, 0 to 255, got float64; save np.rint\(255",
        ),
        ({"x_train": X.astype(int), "y_train": Y}, "expected uint8, 0 to 255, got int64$"),
        ({"x_train": X[0], "y_train": Y}, r"expected \(n, height, width\), .*, got \(2, 3\)"),
        ({"x_train": noise(6, 3, 8, 8), "y_train": Y}, r"1 or 3 channels last, got \(6, 3, 8, 8\)"),
        ({"x_train": X[:0], "y_train": Y[:0]}, r"got \(0, 2, 3\)"),
        ({"x_train": np.asfortranarray(X), "y_train": Y}, "lies in Fortran's order"),
        ({"x_train": X, "y_train": Y[:5]}, r"expected integers \(6,\) or \(6, 1\), .*int64 \(5,\)"),
        ({"x_train": X, "y_train": np.eye(6)}, r"one for each image of train, got float64 \(6, 6"),
        ({"x_train": X, "y_train": Y.astype(str)}, "got <U21"),
        ({"x_train": X, "y_train": Y - 1}, "train: expected labels from 0, got -1"),
        ({"x_train": X, "y_train": np.full(6, 2**64 - 1, np.uint64)}, "from 0, got 18446744073"),
        (
            {"x_train": X, "y_train": Y, "x_test": X, "y_test": Y + 1},
            "test has images of '2', and train has none",
        ),
    ],
)
def test_wrong_arrays_are_refused(tmp_path, arrays, message):
    """The error has the key, the expected form and the given one."""
    with pytest.raises(DatasetError, match=message) as caught:
        opened(tmp_path, **arrays)
    assert str(caught.value).startswith(f"{tmp_path}/x.npz: ")


@pytest.mark.parametrize("key", ["x_train", "y_train"])
def test_objects_are_never_loaded(tmp_path, key):
    """Arrays of Python objects are refused, because reading them could run code."""
    arrays = {"x_train": X, "y_train": Y, key: np.array([{"a": 1}] * 6, dtype=object)}
    with pytest.raises(DatasetError, match=f"{key} holds Python objects, which may run code"):
        opened(tmp_path, **arrays)


@pytest.mark.parametrize("name", ["../x_train.npy", "/etc/x.npy", "a\\b.npy", "notes.txt"])
def test_members_that_lead_elsewhere_are_refused(tmp_path, name):
    """Members are not unpacked, and names outside of the archive are refused."""
    np.savez(tmp_path / "x.npz", x_train=X, y_train=Y)
    with zipfile.ZipFile(tmp_path / "x.npz", "a") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(DatasetError, match="expected arrays only"):
        list_npz(tmp_path / "x.npz").open()


def test_a_file_that_is_no_archive_is_refused(tmp_path):
    """An empty file, a text and half an archive are refused."""
    np.savez_compressed(tmp_path / "x.npz", x_train=noise(50, 9, 9), y_train=np.arange(50) % 2)
    half = (tmp_path / "x.npz").read_bytes()[:2000]
    for data in (b"", b"hello", half):
        (tmp_path / "y.npz").write_bytes(data)
        with pytest.raises(DatasetError, match=r"y\.npz: cannot be read as a \.npz file"):
            list_npz(tmp_path / "y.npz").open()


def test_damaged_members_are_refused(tmp_path):
    """The header or the pixels of an array may be damaged."""
    np.savez(tmp_path / "x.npz", x_train=X, y_train=Y)
    good = (tmp_path / "x.npz").read_bytes()
    for at, by in ((good.index(b"\x93NUMPY"), b"XXXXXX"), (good.index(X[0].tobytes()), b"zzzz")):
        (tmp_path / "y.npz").write_bytes(good[:at] + by + good[at + len(by) :])
        with pytest.raises(DatasetError, match=r"y\.npz: .*cannot be read as a"):
            list(list_npz(tmp_path / "y.npz").open().images())


def test_an_absent_file_is_refused(tmp_path):
    """The error also covers a file that was deleted after the check."""
    with pytest.raises(DatasetError, match=r"x\.npz: cannot be read \(No such file"):
        list_npz(tmp_path / "x.npz")
