"""Arrays of a caller, kept as a data set."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.data.array_store import as_array, said_of_arrays, store_arrays
from autocnn.data.catalog import load_described
from autocnn.errors import DatasetError, UnknownDatasetError


@pytest.fixture
def arrays():
    """24 different images of 4x4 in two classes."""
    images = np.arange(24 * 16).reshape(24, 4, 4).astype(np.uint8)
    images[16:] ^= 0x55
    return {"x_train": images, "y_train": np.array(["a", "b"] * 12)}


def test_they_are_a_data_set_like_any_other(arrays, tmp_path):
    """Its images and classes are those of the arrays."""
    info, train = load_described(str(store_arrays(arrays, tmp_path)))
    assert (info.class_names, info.image_shape) == (("a", "b"), (4, 4, 1))
    assert info.n_train + info.n_test == 24
    assert {each.tobytes() for each in train.images} <= {e.tobytes() for e in arrays["x_train"]}


def test_equal_arrays_are_stored_once(arrays, tmp_path):
    """The folder is that of the contents; a file that is there is not written again."""
    first = store_arrays(arrays, tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in first.iterdir()}
    copies = {name: array.copy() for name, array in arrays.items()}
    assert store_arrays(copies, tmp_path) == first
    assert {path.name: path.stat().st_mtime_ns for path in first.iterdir()} == before


@pytest.mark.parametrize("name", ["x_train", "y_train"])
def test_other_contents_have_another_folder(arrays, tmp_path, name):
    """One value of either array, or its type, makes another data set."""
    other = arrays[name].copy()
    other[0] = other[1]
    folders = {store_arrays(each, tmp_path) for each in (arrays, {**arrays, name: other})}
    wider = {**arrays, "x_train": arrays["x_train"].astype(np.uint16)}
    assert len({*folders, store_arrays(wider, tmp_path)}) == 3


def test_an_interrupted_call_is_completed(arrays, tmp_path):
    """A file that is missing is written."""
    folder = store_arrays(arrays, tmp_path)
    (folder / "y_train.npy").unlink()
    assert np.load(store_arrays(arrays, tmp_path) / "y_train.npy").tolist()[:2] == ["a", "b"]


def test_nothing_is_stored_of_wrong_arrays(arrays, tmp_path):
    """The check comes first."""
    with pytest.raises(DatasetError, match=r"^x_train: expected \(n, height, width\)"):
        store_arrays({**arrays, "x_train": np.zeros((24, 16))}, tmp_path / "none")
    with pytest.raises(DatasetError, match=r"^y_test: expected a label for each"):
        store_arrays(
            {**arrays, "x_test": arrays["x_train"], "y_test": np.arange(3)}, tmp_path / "none"
        )
    assert not (tmp_path / "none").exists()


def test_whatever_numpy_understands_is_an_array():
    """Lists, texts as objects, arrays in another order."""
    assert as_array("y", [1, 2]).tolist() == [1, 2]
    assert as_array("y", np.array(["a", "bc"], object)).dtype == np.dtype("<U2")
    turned = np.zeros((3, 4), order="F")
    assert as_array("x", turned).flags.c_contiguous


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1], [1, 2]], "^x: expected an array, got rows of several shapes"),
        (np.array([1, None]), r"^x: expected numbers or texts, got objects \(NoneType, int\)"),
    ],
)
def test_what_is_no_array_is_refused(values, message):
    """The line names the argument."""
    with pytest.raises(DatasetError, match=message):
        as_array("x", values)


def test_errors_speak_of_arrays(tmp_path):
    """No file is named, nothing was saved, and the type of the error stays."""
    with pytest.raises(UnknownDatasetError) as caught, said_of_arrays(tmp_path):
        raise UnknownDatasetError(f"{tmp_path}/x_train.npy[3]: too low; save x.clip(0)")
    assert str(caught.value) == "x_train[3]: too low; give x.clip(0)"
