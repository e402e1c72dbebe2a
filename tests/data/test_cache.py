"""The cache appears whole or not at all, and its files are checked before use."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

import numpy as np
import pytest
from image_files import encode, noise, write_folder

from autocnn.data import cache as cache_module
from autocnn.data import decode_all as passes
from autocnn.data import importing
from autocnn.data.catalog import dataset_info, load_train
from autocnn.data.options import ImageOptions
from autocnn.data.prepared import open_reference, prepare, refer_to
from autocnn.data.split import fingerprint
from autocnn.errors import RecordError


@pytest.fixture
def root(tmp_path):
    """A folder of twenty images of two classes, two of which validate and two of which test."""
    x, y = noise(20, 3, 3), [0, 1] * 10
    parts = {"train": (x[:16], y[:16]), "val": (x[16:18], y[16:18]), "test": (x[18:], y[18:])}
    return write_folder(tmp_path / "photos", parts)


@pytest.fixture
def n_decoded(monkeypatch):
    """A function that returns how many images were decoded so far."""
    seen = []
    real = passes.decode_image
    monkeypatch.setattr(passes, "decode_image", lambda *a: (seen.append(1), real(*a))[1])
    return lambda: len(seen)


def entries(cache):
    """The folders of data sets, and any other entry of the cache."""
    return sorted(path for path in (cache / "images").iterdir() if path.suffix != ".lock")


def test_one_folder_holds_one_data_set(root, cache):
    """The folder has the arrays and meta.json, and no temporary file."""
    prepare(str(root))
    [folder] = entries(cache)
    assert sorted(path.name for path in folder.iterdir()) == [
        "meta.json",
        "test_images.npy",
        "test_labels.npy",
        "train_hashes.npy",
        "train_images.npy",
        "train_labels.npy",
        "validates.npy",
    ]
    images = load_train(str(root)).images
    assert isinstance(images, np.memmap)
    assert not images.flags.writeable


def test_each_size_has_its_own_folder(root, cache, n_decoded):
    """Two sizes are both kept; changed images replace the older ones of their size only."""
    for size in ("2", "4", "2"):
        dataset_info(str(root), ImageOptions(size))
    assert (len(entries(cache)), n_decoded()) == (2, 40)
    before = entries(cache)
    os.utime(root / "train" / "0" / "0000.png", ns=(1, 1))
    dataset_info(str(root), ImageOptions("2"))
    assert len(entries(cache)) == 2
    assert len(set(before) & set(entries(cache))) == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "meta.json").unlink(),
        lambda folder: (folder / "meta.json").write_text("{"),
        lambda folder: (folder / "meta.json").write_text("[]"),
        lambda folder: (folder / "meta.json").write_bytes(b"\xff"),
        lambda folder: change(folder, version=0),
        lambda folder: change(folder, key="another"),
        lambda folder: change(folder, n_train=17),
        lambda folder: change(folder, shape=[3, 1, 3]),
        lambda folder: change(folder, class_names=["a"]),
        lambda folder: change(folder, pixel_counts=None),
        lambda folder: (folder / "train_images.npy").unlink(),
        lambda folder: (folder / "train_hashes.npy").write_bytes(b""),
        lambda folder: os.truncate(folder / "train_images.npy", 200),
        lambda folder: os.truncate(folder / "test_labels.npy", 100),
        lambda folder: (folder / "validates.npy").write_bytes(b"x" * 146),
    ],
)
def test_a_damaged_folder_is_made_again(root, cache, n_decoded, damage):
    """The folder is whole after it was made again."""
    before = prepare(str(root)).train.copy()
    [folder] = entries(cache)
    damage(folder)
    again = prepare(str(root))
    assert n_decoded() == 40
    assert fingerprint(again.train.copy()) == fingerprint(before)
    prepare(str(root))
    assert n_decoded() == 40


def change(folder: Path, **values: object) -> None:
    """Replace values in meta.json."""
    meta = json.loads((folder / "meta.json").read_text())
    (folder / "meta.json").write_text(json.dumps({**meta, **values}))


def test_an_interrupted_start_leaves_nothing(root, cache, monkeypatch):
    """Ctrl-C while the arrays are written leaves no entry in the cache."""

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(importing, "_write", interrupt)
        with pytest.raises(KeyboardInterrupt):
            prepare(str(root))
    assert entries(cache) == []
    assert prepare(str(root)).train.n == 16


def test_leftovers_of_a_crash_are_swept_up(root, cache):
    """The next start of the same data set deletes the files of a killed process."""
    prepare(str(root))
    [folder] = entries(cache)
    leftover = folder.with_name(f".{folder.name.partition('-')[0]}-abc")
    (leftover / "whole").mkdir(parents=True)
    (folder / "meta.json").unlink()
    prepare(str(root))
    assert entries(cache) == [folder]


def test_unfinished_folders_of_other_data_sets_are_deleted(root, cache):
    """A folder whose owner has ended is deleted; one of a living process stays."""
    folder = cache / "images"
    for name in (".dead-abc", ".living-abc"):
        (folder / name / "whole").mkdir(parents=True)
    with open(folder / "living.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        prepare(str(root))
    assert [path.name for path in entries(cache) if path.name.startswith(".")] == [".living-abc"]


def test_an_older_folder_stays_while_it_is_in_use(root, cache):
    """A search whose images have changed continues with its first images."""
    before = prepare(str(root))
    pixels = before.train.copy().images.tolist()
    for time in (1, 2):
        os.utime(root / "train" / "0" / "0000.png", ns=(time, time))
        prepare(str(root))
    assert len(entries(cache)) == 2
    again = open_reference(refer_to(before))
    assert again.train.copy().images.tolist() == pixels
    del before, again
    os.utime(root / "train" / "0" / "0000.png", ns=(3, 3))
    prepare(str(root))
    assert len(entries(cache)) == 1


def test_a_second_process_uses_the_entry_of_the_first(root, n_decoded, monkeypatch):
    """The second process waits for the lock and decodes nothing."""
    real = cache_module._locked

    def late(file, **wait):
        with monkeypatch.context() as patch:
            patch.setattr(cache_module, "_locked", real)
            prepare(str(root))
        return real(file, **wait)

    monkeypatch.setattr(cache_module, "_locked", late)
    prepare(str(root))
    assert n_decoded() == 20


def test_a_cache_that_cannot_be_written_is_one_line(root, tmp_path, monkeypatch):
    """The error names the variable that sets another folder."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("AUTOCNN_CACHE", str(tmp_path / "file"))
    with pytest.raises(RecordError) as caught:
        prepare(str(root))
    assert str(caught.value) == (
        f"{tmp_path}/file/images: the cache of decoded images cannot be written (Not a directory); "
        "set AUTOCNN_CACHE to another folder"
    )


def test_a_full_disk_is_one_line(root, cache, monkeypatch):
    """No incomplete entry is left on a full disk."""

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(importing, "_write", full)
    with pytest.raises(RecordError, match=r"written \(No space left on device\); free some sp"):
        prepare(str(root))
    assert entries(cache) == []


def test_a_reader_that_fails_leaves_nothing(root, cache):
    """A single corrupt image leaves no entry in the cache."""
    (root / "train" / "0" / "0000.png").write_bytes(encode(noise(1, 9, 9)[0])[:70])
    with pytest.raises(ValueError, match="1 of 20 images cannot be read"):
        prepare(str(root))
    assert entries(cache) == []
