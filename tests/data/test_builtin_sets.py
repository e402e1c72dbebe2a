"""Readers convert the arrays of Keras to Images, and its failures to one line of advice."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from autocnn.data.builtin_sets import load_builtin, read_splits
from autocnn.data.catalog import dataset_info, load_train
from autocnn.data.split import fingerprint, image_hashes
from autocnn.data.statistics import pixel_counts
from autocnn.data.test_split import load_test
from autocnn.errors import DatasetError


def _arrays(*shape: int) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Black train and test arrays in the sizes of CIFAR (50,000 and 10,000)."""
    return tuple(
        (np.zeros((n, *shape), np.uint8), np.zeros((n, 1), np.uint8)) for n in (50_000, 10_000)
    )


def _raise(error: Exception) -> object:
    raise error


def test_grey_images_get_a_channel_and_labels_become_int64(fake_keras):
    """Keras gives MNIST as (n, 28, 28) with uint8 labels."""

    def load_data():
        train = (np.zeros((60_000, 28, 28), np.uint8), np.full(60_000, 7, np.uint8))
        return train, (np.zeros((10_000, 28, 28), np.uint8), np.zeros(10_000, np.uint8))

    fake_keras("mnist", load_data)
    train, test = read_splits(dataset_info("mnist"))
    assert train.images.shape == (60_000, 28, 28, 1)
    assert (train.labels.dtype, int(train.labels[0])) == (np.int64, 7)
    assert test.n == 10_000


def test_a_set_is_read_once(fake_keras, keras_home):
    """The next start maps the cache; files with another time are read again."""
    calls = []
    fake_keras("cifar10", lambda: (calls.append(1), _arrays(32, 32, 3))[1])
    file = keras_home / dataset_info("cifar10").files[0]
    file.parent.mkdir(parents=True)
    file.touch()
    for _ in range(2):
        assert isinstance(load_train("cifar10").images, np.memmap)
        assert load_test("cifar10").n == 10_000
    assert len(calls) == 1
    os.utime(file, ns=(1, 1))
    load_train("cifar10")
    assert len(calls) == 2


def test_digits_are_stored_for_a_version_of_scikit_learn(cache, monkeypatch):
    """The folder of another version, whose pixels may differ, replaces the first."""
    found = []
    for name in ("1.9", "1.9", "2.0"):
        monkeypatch.setattr("autocnn.data.builtin_sets.version", lambda _, name=name: name)
        found.append(load_builtin(dataset_info("digits")).train.files)
    assert found[0] == found[1] != found[2]


def test_the_metadata_of_a_stored_set_are_those_of_its_images():
    """Hashes, counts and fingerprint are those of the images."""
    train = load_train("digits")
    assert train.hashes.tolist() == image_hashes(train).tolist()
    assert train.pixel_counts.tolist() == pixel_counts(train.images).tolist()
    assert train.fingerprint == fingerprint(train)


def test_channels_first_arrays_are_turned(fake_keras):
    """With "channels_first" in keras.json, CIFAR comes as (n, 3, 32, 32): red stays red."""

    def load_data():
        (x, y), test = _arrays(3, 32, 32)
        x[0, 0] = 255
        return (x, y), test

    fake_keras("cifar10", load_data)
    train = load_train("cifar10")
    assert train.images[0, 5, 9].tolist() == [255, 0, 0]
    assert train.labels.shape == (50_000,)


def test_data_of_another_size_are_refused(fake_keras):
    """The error of files with other contents names their size."""
    fake_keras("cifar10", lambda: _arrays(16, 16, 3))
    with pytest.raises(DatasetError, match=r"expected 50000 train images of \(32, 32, 3\)"):
        load_train("cifar10")


def test_stdout_stays_clean_while_keras_downloads(fake_keras, capsys):
    """The progress that Keras prints goes to stderr."""

    def load_data():
        print("Downloading data")
        return _arrays(32, 32, 3)

    fake_keras("cifar10", load_data)
    load_train("cifar10")
    out, err = capsys.readouterr()
    assert (out, err) == ("", "Downloading data\n")


def test_a_failed_download_names_the_files_and_their_place(fake_keras, keras_home):
    """Without network and files the error is one line with cause, source and path."""
    fake_keras("cifar10", lambda: _raise(Exception("URL fetch failure\non https://x")))
    with pytest.raises(DatasetError) as caught:
        load_train("cifar10")
    assert str(caught.value) == (
        "cifar10: cannot download the data (URL fetch failure on https://x); run once with a "
        "network, or copy the files of https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz to "
        f"{keras_home}/datasets/cifar-10-batches-py-target_archive "
        "(set KERAS_HOME to a writable folder to keep them elsewhere)"
    )


def test_only_the_absent_files_are_named(fake_keras, keras_home):
    """Of Fashion-MNIST's four files, the one that is there need not be copied."""
    here, *absent = dataset_info("fashion_mnist").files
    (keras_home / here).parent.mkdir(parents=True)
    (keras_home / here).touch()
    fake_keras("fashion_mnist", lambda: _raise(OSError("no route")))
    with pytest.raises(DatasetError) as caught:
        load_train("fashion_mnist")
    assert [file in str(caught.value) for file in (here, *absent)] == [False, True, True, True]


def test_damaged_files_are_to_be_deleted(fake_keras, keras_home):
    """If all files exist, the error advises to delete them and does not blame the network."""
    (keras_home / "datasets").mkdir()
    (keras_home / "datasets" / "mnist.npz").touch()
    fake_keras("mnist", lambda: _raise(EOFError()))
    with pytest.raises(DatasetError) as caught:
        load_train("mnist")
    assert str(caught.value) == (
        "mnist: cannot read the cached data (EOFError); "
        f"delete {keras_home}/datasets/mnist.npz and run once with a network"
    )


def test_keras_downloads_to_the_files_that_the_catalog_names(tmp_path):
    """The real Keras, its download replaced by a failure, misses the first file of every set."""
    code = """
import keras.src.utils.file_utils as file_utils
from urllib.error import URLError
from autocnn.data.catalog import list_datasets, load_train
from autocnn.data.keras_cache import cache_home
from autocnn.errors import DatasetError

targets = []
def fail(origin, target, progress):
    targets.append(target)
    raise URLError("no network")
file_utils.urlretrieve = fail
infos = [info for info in list_datasets() if info.files]
for info in infos:
    try:
        load_train(info.name)
    except DatasetError as error:
        assert str(error).startswith(f"{info.name}: cannot download the data"), error
assert targets == [str(cache_home() / info.files[0]) for info in infos], targets
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "KERAS_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
