"""A folder of .npy files is read like a .npz file."""

from __future__ import annotations

import numpy as np
import pytest
from image_files import noise

from autocnn.data.npy_folder import has_npy, list_npy
from autocnn.data.part_names import TEST, TRAIN
from autocnn.data.reader import list_directory
from autocnn.errors import DatasetError

X, Y = noise(6, 2, 5), np.array(["b", "a"] * 3)


def write(folder, **arrays):
    """Write each array to a file of its own."""
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)


def test_files_are_read(tmp_path):
    """The names of files may begin with that of the data set."""
    write(tmp_path, toys_train_images=X, toys_train_labels=Y, toys_test_images=X[:2])
    write(tmp_path, toys_test_labels=Y[:2], mean=X[0])
    source = list_npy(tmp_path)
    assert [file.name for file in source.files][:2] == ["mean.npy", "toys_test_images.npy"]
    contents = source.open()
    assert contents.class_names == ("a", "b")
    assert contents.labels.tolist() == [1, 0] * 4
    assert contents.parts.tolist() == [TRAIN] * 6 + [TEST] * 2
    assert contents.notes == ("arrays that are not used: mean.npy",)
    found = dict(contents.images())
    assert found["toys_test_images.npy[1]"].tolist() == X[1].tolist()


@pytest.mark.parametrize(
    ("folders", "arrays", "expected"),
    [
        ([], ["x", "y"], True),
        ([], ["embedding"], True),
        ([], [], False),
        (["cat", "dog"], ["embedding"], False),
        (["cat", "dog"], ["labels"], False),
        (["cat", "dog"], ["eval_images", "eval_labels"], False),
        (["notes"], ["x_train", "y_train"], True),
    ],
)
def test_arrays_beside_class_folders_are_something_else(tmp_path, folders, arrays, expected):
    """Beside folders there must be images and labels."""
    for folder in folders:
        (tmp_path / folder).mkdir()
    write(tmp_path, **dict.fromkeys(arrays, X))
    assert has_npy(list_directory(tmp_path, tmp_path)) is expected


@pytest.mark.parametrize(
    ("arrays", "line"),
    [
        ({"x": X, "y": Y[:5]},
         "/y.npy: expected a label for each of the 6 images of train, got 5"),
        ({"x": X, "y": Y, "mnist_x": X},
         ": mnist_x.npy and x.npy are both the images of train; keep one of them"),
        ({"a": X},
         ": there are no images of train; expected x_train and y_train, or train_images and "
         "train_labels (likewise val and test), or x and y; got a.npy"),
    ],
)  # fmt: skip
def test_wrong_files_are_refused(tmp_path, arrays, line):
    """The line names the folder or the file."""
    write(tmp_path, **arrays)
    with pytest.raises(DatasetError) as caught:
        list_npy(tmp_path).open()
    assert str(caught.value) == f"{tmp_path}{line}"


def test_a_file_that_is_cut_off_is_refused(tmp_path):
    """Its header states more than the file holds."""
    write(tmp_path, x=X, y=Y)
    data = (tmp_path / "x.npy").read_bytes()
    (tmp_path / "x.npy").write_bytes(data[:-1])
    with pytest.raises(DatasetError, match=r"x\.npy: its header states uint8 \(6, 2, 5\), which"):
        list_npy(tmp_path).open()


def test_pickles_and_pointers_are_refused(tmp_path):
    """Neither is an array."""
    write(tmp_path, x=X, y=Y)
    for data, text in (
        (b"\x80\x04N.", r"x\.npy: cannot be read as an array \("),
        (b"version https://git-lfs.github.com/spec/v1\n", "run `git lfs pull`"),
    ):
        (tmp_path / "x.npy").write_bytes(data)
        with pytest.raises(DatasetError, match=text):
            list_npy(tmp_path).open()


def test_a_file_that_was_deleted_is_refused(tmp_path):
    """It was there when the folder was listed."""
    write(tmp_path, x=X, y=Y)
    contents = list_npy(tmp_path).open()
    (tmp_path / "x.npy").unlink()
    with pytest.raises(DatasetError, match=r"x\.npy: cannot be read \(No such file"):
        list(contents.images())
