"""The catalog names data sets, checks whether they are local, and loads training images."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from autocnn.data.catalog import dataset_info, is_local, list_datasets, load_train
from autocnn.data.split import fingerprint
from autocnn.errors import UnknownDatasetError

KERAS_NAMES = ["mnist", "fashion_mnist", "cifar10", "cifar100"]


def test_the_catalog_has_five_data_sets():
    """Digits come first, then the sets of keras.datasets."""
    assert [info.name for info in list_datasets()] == ["digits", *KERAS_NAMES]


@pytest.mark.parametrize("info", list_datasets(), ids=lambda info: info.name)
def test_class_names_are_all_different(info):
    """A data set has 10 classes, or 100 for CIFAR-100, and no name twice."""
    assert info.n_classes == (100 if info.name == "cifar100" else 10)
    assert len(set(info.class_names)) == info.n_classes


def test_an_unknown_name_lists_all_names():
    """The error of a wrong name is one line with all names."""
    with pytest.raises(UnknownDatasetError) as caught:
        dataset_info("x")
    assert str(caught.value) == (
        "no data set named 'x'; choose one of digits, mnist, fashion_mnist, cifar10, cifar100, or "
        "give the path of your images: a folder, a .zip or .tar file of one, a .npz or a "
        ".parquet file"
    )


@pytest.mark.parametrize("name", KERAS_NAMES)
def test_a_data_set_is_local_once_every_file_is_there(name, keras_home):
    """A data set with one missing file is not local."""
    info = dataset_info(name)
    for file in info.files:
        assert not is_local(info)
        (keras_home / file).parent.mkdir(parents=True, exist_ok=True)
        (keras_home / file).touch()
    assert is_local(info)


def test_digits_need_no_file(keras_home):
    """The digits are installed with scikit-learn."""
    assert is_local(dataset_info("digits"))


def test_listing_local_sets_imports_no_library():
    """Listing the catalog imports neither Keras nor scikit-learn."""
    code = (
        "import sys; from autocnn.data.catalog import is_local, list_datasets;"
        "[is_local(info) for info in list_datasets()];"
        "print({'keras', 'sklearn', 'tensorflow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_digits_train_on_1437_images_of_every_class():
    """The training images of digits never change: 8x8 grey, 0 to 255."""
    train = load_train("digits")
    assert (train.n, train.shape) == (1437, (8, 8, 1))
    assert np.bincount(train.labels).tolist() == [142, 146, 142, 146, 145, 145, 145, 143, 139, 144]
    assert (train.images.min(), train.images.max()) == (0, 255)
    assert fingerprint(train) == "e8a63629383f098967c2ae88272bee2dbf459ef23ac3a6a8ec4024bf624d3311"


def test_fashion_mnist_trains_on_6000_images_of_every_class():
    """The real files, if they are in KERAS_HOME, have the published 60,000 images."""
    if not is_local(dataset_info("fashion_mnist")):
        pytest.skip("the files of fashion_mnist are not below KERAS_HOME")
    train = load_train("fashion_mnist")
    assert (train.n, train.shape) == (60_000, (28, 28, 1))
    assert np.bincount(train.labels).tolist() == [6000] * 10
    # Zalando's own figure for the training images, as quoted in most tutorials: 0.2860
    assert train.images.mean() / 255 == pytest.approx(0.2860, abs=5e-5)
