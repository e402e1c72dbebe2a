"""Arrays in a .npz file are read image by image; other contents are refused."""

from __future__ import annotations

import os
import re
import zipfile

import numpy as np
import pytest
from image_files import noise

from autocnn.data import reader
from autocnn.data.npz_file import list_npz
from autocnn.data.part_names import TEST, TRAIN, VALIDATION
from autocnn.errors import DatasetError

X, Y = noise(6, 2, 5), np.array([0, 1, 0, 1, 0, 1])


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
    assert contents.notes == ()


def test_the_parts_come_in_order(tmp_path):
    """The parts are train, validation and test; the names are those of MedMNIST."""
    keys = ("test", "val", "train")
    arrays = {f"{key}_images": X[i : i + 2] for i, key in enumerate(keys)}
    arrays |= {f"{key}_labels": Y[:2, None] for key in keys}
    contents = opened(tmp_path, **arrays, ids=np.arange(3))
    assert contents.parts.tolist() == [TRAIN, TRAIN, VALIDATION, VALIDATION, TEST, TEST]
    assert list(images(contents).values()) == [X[i].tolist() for i in (2, 3, 1, 2, 0, 1)]
    assert contents.notes == ("arrays that are not used: ids",)


def test_a_test_part_under_another_name_is_read(tmp_path):
    """The names of one file may follow several habits."""
    contents = opened(tmp_path, x_train=X, Y_Train=Y, test_images=X[:2], labels_test=Y[:2])
    assert contents.parts.tolist() == [TRAIN] * 6 + [TEST] * 2


def test_test_images_without_labels_are_left_out(tmp_path):
    """A line has their number."""
    contents = opened(tmp_path, x_train=X, y_train=Y, x_test=X[:3])
    assert contents.parts.tolist() == [TRAIN] * 6
    assert len(images(contents)) == 6
    assert contents.notes == ("test: 3 images without labels are left out (x_test)",)


def test_what_is_converted_is_said(tmp_path):
    """Channels first have a line; one-hot labels are as good as numbers."""
    x = noise(6, 3, 5, 7).astype(np.float32) / 255
    contents = opened(tmp_path, images=x, labels=np.eye(2)[Y])
    assert contents.class_names == ("0", "1")
    assert contents.labels.tolist() == Y.tolist()
    found = [content for _, content in contents.images()]
    assert np.array_equal(found, x.transpose(0, 2, 3, 1))
    assert found[0].dtype == np.float32
    assert contents.notes == ("images: channels first, which are turned to channels last",)


@pytest.mark.parametrize("compress", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("shape", [(600, 2, 5, 1), (600, 2, 5, 3)])
def test_images_of_several_blocks_are_read(tmp_path, compress, shape):
    """The images of all blocks are those of one read."""
    x = noise(*shape)
    compress(tmp_path / "x.npz", x=x, y=np.arange(600) % 2)
    found = [content for _, content in list_npz(tmp_path / "x.npz").open().images()]
    assert np.array_equal(np.array(found).reshape(x.shape), x)


@pytest.mark.parametrize(
    ("arrays", "line"),
    [
        ({"x_train": X, "y_train": Y, "train_images": X},
         ": x_train and train_images are both the images of train; keep one of them"),
        ({"x_train": X, "y_train": Y[:5]},
         ": y_train: expected a label for each of the 6 images of train, got 5"),
        ({"x_train": X, "y_train": Y, "x_test": X / 255, "y_test": Y},
         ": x_test: holds floats (float64), and x_train integers (uint8); save both in one type "
         "and value range"),
        ({"x_train": X, "y_train": Y, "x_test": X, "y_test": Y.astype(str)},
         ": test: its labels are texts, and those of {path}: train numbers; save them alike"),
        ({"x_train": X, "y_train": Y, "x_test": X, "y_test": Y + 1},
         ": test has images of '2', and train has none; give train some, or take them away"),
    ],
)  # fmt: skip
def test_arrays_that_do_not_fit_are_refused(tmp_path, arrays, line):
    """The line names the file and the array."""
    with pytest.raises(DatasetError) as caught:
        opened(tmp_path, **arrays)
    path = tmp_path / "x.npz"
    assert str(caught.value) == str(path) + line.format(path=path)


@pytest.mark.parametrize(("key", "advice"), [("x_train", "np.stack"), ("y_train", "np.array")])
def test_objects_are_never_loaded(tmp_path, key, advice):
    """Arrays of Python objects are refused, because reading them could run code."""
    arrays = {"x_train": X, "y_train": Y, key: np.array([{"a": 1}] * 6, dtype=object)}
    text = f"{key}: holds Python objects, which may run code when they are read; save {advice}"
    with pytest.raises(DatasetError, match=text):
        opened(tmp_path, **arrays)


def test_objects_that_are_not_used_do_no_harm(tmp_path):
    """The array is named, and its header is not even read."""
    contents = opened(tmp_path, x=X, y=Y, meta=np.array([{"a": 1}], dtype=object))
    assert contents.notes == ("arrays that are not used: meta",)


@pytest.mark.parametrize("name", ["../x_train.npy", "/etc/x.npy", "a\\b.npy", "notes.txt"])
def test_members_that_lead_elsewhere_are_refused(tmp_path, name):
    """Members are not unpacked, and names outside of the archive are refused."""
    np.savez(tmp_path / "x.npz", x_train=X, y_train=Y)
    with zipfile.ZipFile(tmp_path / "x.npz", "a") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(DatasetError, match=r"x\.npz: expected arrays only, as np\.savez writes"):
        list_npz(tmp_path / "x.npz").open()


def test_two_members_of_one_name_are_refused(tmp_path):
    """Which of them is meant is not known."""
    np.savez(tmp_path / "x.npz", x_train=X, y_train=Y)
    with (
        zipfile.ZipFile(tmp_path / "x.npz", "a") as archive,
        pytest.warns(UserWarning, match="Duplicate name"),
    ):
        archive.writestr("y_train.npy", b"x")
    with pytest.raises(DatasetError, match=r"one array of each name, got 'y_train\.npy' twice$"):
        list_npz(tmp_path / "x.npz").open()


def test_an_encrypted_file_is_refused(tmp_path):
    """The flag of one member says so."""
    np.savez(tmp_path / "x.npz", x_train=X, y_train=Y)
    data = bytearray((tmp_path / "x.npz").read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "x.npz").write_bytes(data)
    with pytest.raises(DatasetError, match=r"x\.npz: is encrypted; save it without a password$"):
        list_npz(tmp_path / "x.npz").open()


def test_a_file_that_is_no_archive_is_refused(tmp_path):
    """An empty file, a text and half an archive are refused."""
    np.savez_compressed(tmp_path / "x.npz", x_train=noise(50, 9, 9), y_train=np.arange(50) % 2)
    half = (tmp_path / "x.npz").read_bytes()[:2000]
    for data in (b"", b"hello", half):
        (tmp_path / "y.npz").write_bytes(data)
        with pytest.raises(DatasetError, match=r"y\.npz: cannot be read as a \.npz file"):
            list_npz(tmp_path / "y.npz").open()


def test_a_pointer_of_git_lfs_is_refused(tmp_path):
    """The file is not there yet."""
    path = tmp_path / "x.npz"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 12345\n")
    with pytest.raises(DatasetError, match="a pointer of Git LFS; run `git lfs pull`"):
        list_npz(path).open()


def test_damaged_members_are_refused(tmp_path):
    """The header or the pixels of an array may be damaged."""
    np.savez(tmp_path / "x.npz", x_train=X, y_train=Y)
    good = (tmp_path / "x.npz").read_bytes()
    for at, by in ((good.index(b"\x93NUMPY"), b"XXXXXX"), (good.index(X[0].tobytes()), b"zzzz")):
        (tmp_path / "y.npz").write_bytes(good[:at] + by + good[at + len(by) :])
        with pytest.raises(DatasetError, match=r"y\.npz: .*cannot be read as a"):
            list(list_npz(tmp_path / "y.npz").open().images())


@pytest.mark.parametrize("seed", range(60))
def test_any_damage_gives_one_line(tmp_path, seed):
    """A file with some bytes changed or cut off is read or refused; no other error is raised."""
    random = np.random.default_rng(seed)
    np.savez_compressed(tmp_path / "x.npz", x_train=X, y_train=Y)
    data = np.frombuffer((tmp_path / "x.npz").read_bytes(), np.uint8).copy()
    data[random.integers(0, len(data), 6)] = random.integers(0, 256, 6)
    cut = len(data) if seed % 3 else int(random.integers(0, len(data)))
    (tmp_path / "x.npz").write_bytes(data[:cut].tobytes())
    line = "no error"
    try:
        list(list_npz(tmp_path / "x.npz").open().images())
    except DatasetError as error:
        line = str(error).removeprefix(f"{tmp_path}/x.npz: ")
    assert "\n" not in line
    assert str(tmp_path) not in line


def test_an_absent_file_is_refused(tmp_path):
    """The error also covers a file that was deleted after the check."""
    with pytest.raises(DatasetError, match=r"x\.npz: cannot be read \(No such file"):
        list_npz(tmp_path / "x.npz")


def test_a_file_that_expands_far_is_refused(tmp_path, monkeypatch):
    """The limit is a ratio, above a size that is always allowed; the line states both."""
    monkeypatch.setattr(reader, "FREE_BYTES", 1 << 20)
    path = tmp_path / "x.npz"
    np.savez_compressed(path, x_train=np.zeros((40_000, 8, 8), np.uint8), y_train=np.zeros(40_000))
    line = (
        f"{path}: expands to more than 1 MiB, the limit: 200 times its own size, or 1 MiB; "
        "if that is right, save it by np.savez, uncompressed"
    )
    with pytest.raises(DatasetError, match=f"^{re.escape(line)}$"):
        list_npz(path).open()


def test_a_pipe_is_no_archive(tmp_path):
    """Nothing waits for a program that writes into it."""
    os.mkfifo(tmp_path / "x.npz")
    with pytest.raises(DatasetError, match=r"x\.npz: cannot be read \(is a named pipe, and a file"):
        list_npz(tmp_path / "x.npz")
