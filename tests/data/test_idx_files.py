"""IDX files are read, compressed or not; damaged ones are refused."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from image_files import noise

from autocnn.data.idx_files import has_idx, is_idx, list_idx
from autocnn.data.part_names import TEST, TRAIN
from autocnn.data.reader import list_directory
from autocnn.errors import DatasetError

X, Y = noise(6, 2, 5), np.array([0, 1, 0, 1, 0, 1], np.uint8)
TYPES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def idx(array, kind="u1"):
    """The array as an IDX file, written by hand."""
    shape = b"".join(side.to_bytes(4, "big") for side in array.shape)
    return bytes([0, 0, TYPES[kind], array.ndim]) + shape + array.astype(f">{kind}").tobytes()


def write(folder, names, *arrays):
    """Write each array to the file of its name, compressed if the name ends so."""
    for name, array in zip(names.split(), arrays, strict=True):
        data = idx(array)
        (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("gap", ["-", "."])
def test_the_files_of_mnist_are_read(tmp_path, suffix, gap):
    """The ten thousand of t10k are the test images."""
    images, labels = f"images{gap}idx3-ubyte{suffix}", f"labels{gap}idx1-ubyte{suffix}"
    names = f"train-{images} train-{labels} t10k-{images} t10k-{labels}"
    write(tmp_path, names, X, Y, X[:2], Y[:2])
    source = list_idx(tmp_path)
    assert len(source.files) == 4
    contents = source.open()
    assert contents.class_names == ("0", "1")
    assert contents.labels.tolist() == [0, 1, 0, 1, 0, 1, 0, 1]
    assert contents.parts.tolist() == [TRAIN] * 6 + [TEST] * 2
    found = dict(contents.images())
    assert found[f"t10k-{images}[1]"].tolist() == X[1].tolist()
    assert found[f"train-{images}[5]"].dtype == np.uint8
    assert contents.notes == ()


@pytest.mark.parametrize("kind", list(TYPES))
def test_each_type_is_read(tmp_path, kind):
    """Values are big-endian in the file, and keep their type."""
    x = np.array([[[1, 2], [3, 4]], [[5, 6], [7, 100]]])
    for name, array in (("images.idx3", x), ("labels.idx1", np.array([0, 1]))):
        (tmp_path / f"train-{name}").write_bytes(idx(array, kind))
    contents = list_idx(tmp_path).open()
    found = [image for _, image in contents.images()]
    assert np.array_equal(found, x)
    assert found[0].dtype == np.dtype(kind)
    assert contents.labels.tolist() == [0, 1]


def test_other_names_are_read(tmp_path):
    """EMNIST puts the name of the set first, and calls the test images so."""
    end = "idx3-ubyte", "idx1-ubyte"
    names = " ".join(
        f"emnist-letters-{part}-{axis}-{kind}"
        for part in ("train", "test")
        for axis, kind in zip(("images", "labels"), end, strict=True)
    )
    write(tmp_path, names, X, Y, X[:2], Y[:2])
    assert list_idx(tmp_path).open().parts.tolist() == [TRAIN] * 6 + [TEST] * 2


def test_an_unpacked_file_goes_before_the_packed_one(tmp_path):
    """Torchvision leaves both; a line names the one that is not used."""
    images, labels = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
    write(tmp_path, f"{images} {images}.gz {labels}.gz", X, X[::-1], Y)
    contents = list_idx(tmp_path).open()
    assert next(contents.images())[1].tolist() == X[0].tolist()
    assert contents.notes == (f"arrays that are not used: {images}.gz",)


def test_the_names_of_idx_files():
    """The name has idx and the number of axes."""
    names = "train-images-idx3-ubyte t10k-labels.idx1-ubyte.gz a.idx1 TRAIN-IMAGES-IDX3-UBYTE"
    assert all(map(is_idx, names.split()))
    assert not any(map(is_idx, ["pack.idx", "idx3-ubyte", "idx", "train-images", "a.idx3.png"]))


def test_a_folder_has_idx_files(tmp_path):
    """One is enough to say what is missing."""
    assert not has_idx(list_directory(tmp_path, tmp_path))
    write(tmp_path, "train-images-idx3-ubyte", X)
    assert has_idx(list_directory(tmp_path, tmp_path))
    with pytest.raises(DatasetError, match="idx3-ubyte has no labels of train beside it; expected"):
        list_idx(tmp_path).open()


GOOD = idx(X)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", "expected an IDX file, which begins with 0, 0 and a type of 0x08, 0x09, 0x0b, 0x0c, "
         "0x0d, 0x0e, got []"),
        (b"\x89PNG\r\n", "expected an IDX file, which begins with 0, 0 and a type of 0x08, 0x09, "
         "0x0b, 0x0c, 0x0d, 0x0e, got [137, 80, 78, 71]"),
        (b"\0\0\x08\x03\0\0\0\x06", "ends within its header; the file is damaged or cut off"),
        (GOOD[:-1], "its header states uint8 (6, 2, 5), which are 76 bytes with the header, got "
         "75; the file is damaged or cut off"),
        (GOOD + b"x", "its header states uint8 (6, 2, 5), which are 76 bytes with the header, got "
         "77; the file is damaged or cut off"),
        (gzip.compress(idx(np.zeros((0, 2, 5)))[:4] + b"\xff\xff\xff\xff" + GOOD[8:], mtime=0),
         "its header states uint8 (4294967295, 2, 5), which are 42,949,672,966 bytes with the "
         "header, got "),
        (gzip.compress(GOOD, mtime=0)[:12] + b"\0\0\0", "cannot be unpacked ("),
    ],
)  # fmt: skip
def test_damaged_files_are_refused(tmp_path, data, line):
    """The header must fit the size of the file; that of a packed file bounds its contents."""
    write(tmp_path, "train-images-idx3-ubyte train-labels-idx1-ubyte", X, Y)
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(data)
    with pytest.raises(DatasetError) as caught:
        list_idx(tmp_path).open()
    assert str(caught.value).startswith(f"{path}: {line}")


def test_a_packed_file_that_ends_early_is_refused(tmp_path):
    """Its size is known only after it was unpacked."""
    write(tmp_path, "train-images-idx3-ubyte.gz train-labels-idx1-ubyte.gz", X, Y)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(GOOD[:-1]))
    with pytest.raises(DatasetError) as caught:
        list(list_idx(tmp_path).open().images())
    assert str(caught.value) == (f"{path}: expected 6 rows, got 5; the file is damaged or cut off")
    path.write_bytes(gzip.compress(GOOD + b"x"))
    with pytest.raises(DatasetError, match=r"expected 6 rows, got more; it is damaged$"):
        list(list_idx(tmp_path).open().images())
    path.write_bytes(gzip.compress(GOOD)[:-9])
    with pytest.raises(DatasetError, match=r"gz: cannot be unpacked \(Compressed file ended"):
        list(list_idx(tmp_path).open().images())
