"""Data sets by name or path: the catalog, and the training images of any data set."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from autocnn.data.builtin_sets import load_builtin
from autocnn.data.dataset import DatasetInfo, TrainingImages
from autocnn.data.keras_cache import missing_files
from autocnn.data.options import AS_THEY_ARE, IMAGE_OPTIONS, ImageOptions, OnRead
from autocnn.data.own_images import read_own
from autocnn.data.reader import check_name
from autocnn.errors import DatasetError, SettingsError, UnknownDatasetError, did_you_mean

_DIGITS = tuple("0123456789")

_FASHION = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

_CIFAR10 = "airplane automobile bird cat deer dog frog horse ship truck"

# The order of `fine_label_names` in the file `meta` of the data set: alphabetical.
_CIFAR100 = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle
bowl boy bridge bus butterfly camel can castle caterpillar cattle
chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur
dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard
lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain
mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree
plain plate poppy porcupine possum rabbit raccoon ray road rocket
rose sea seal shark shrew skunk skyscraper snail snake spider
squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor
train trout tulip turtle wardrobe whale willow_tree wolf woman worm
"""

_GOOGLE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_TORONTO = "https://www.cs.toronto.edu/~kriz/"

# File names: keras/src/datasets/*.py of Keras 3.15.1. The CIFAR archives are cached under a name of
# their own, without suffix.
_CATALOG = (
    DatasetInfo(
        name="digits",
        description="handwritten digits, comes with scikit-learn",
        image_shape=(8, 8, 1),
        class_names=_DIGITS,
        n_train=1437,
        n_test=360,
        source="scikit-learn",
    ),
    DatasetInfo(
        name="mnist",
        description="handwritten digits",
        image_shape=(28, 28, 1),
        class_names=_DIGITS,
        n_train=60_000,
        n_test=10_000,
        source="keras.datasets",
        files=("datasets/mnist.npz",),
        url=_GOOGLE + "mnist.npz",
    ),
    DatasetInfo(
        name="fashion_mnist",
        description="pieces of clothing",
        image_shape=(28, 28, 1),
        class_names=_FASHION,
        n_train=60_000,
        n_test=10_000,
        source="keras.datasets",
        files=(
            "datasets/fashion-mnist/train-labels-idx1-ubyte.gz",
            "datasets/fashion-mnist/train-images-idx3-ubyte.gz",
            "datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz",
            "datasets/fashion-mnist/t10k-images-idx3-ubyte.gz",
        ),
        url=_GOOGLE,
    ),
    DatasetInfo(
        name="cifar10",
        description="colour photographs, 10 classes",
        image_shape=(32, 32, 3),
        class_names=tuple(_CIFAR10.split()),
        n_train=50_000,
        n_test=10_000,
        source="keras.datasets",
        files=("datasets/cifar-10-batches-py-target_archive",),
        url=_TORONTO + "cifar-10-python.tar.gz",
    ),
    DatasetInfo(
        name="cifar100",
        description="colour photographs, 100 classes (fine labels)",
        image_shape=(32, 32, 3),
        class_names=tuple(_CIFAR100.split()),
        n_train=50_000,
        n_test=10_000,
        source="keras.datasets",
        files=("datasets/cifar-100-python-target_archive",),
        url=_TORONTO + "cifar-100-python.tar.gz",
    ),
)


def list_datasets() -> list[DatasetInfo]:
    """Every data set of the catalog, small ones first."""
    return list(_CATALOG)


def find_path(name: str) -> Path | None:
    """The path that `name` stands for, or None if the catalog has that name.

    Raises: UnknownDatasetError if `name` is neither; DatasetError if the path cannot be read.
    """
    if any(info.name == name for info in _CATALOG):
        return None
    path = Path(os.path.abspath(os.path.expanduser(name)))
    check_name(str(path))
    try:
        path.stat()
    except PermissionError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror})") from error
    except (OSError, ValueError):  # ValueError: the name has a zero byte
        names = ", ".join(info.name for info in _CATALOG)
        where = f"; there is nothing at {path}" if os.path.basename(name) != name else ""
        hint = did_you_mean(name, [info.name for info in _CATALOG])
        raise UnknownDatasetError(
            f"no data set named {name!r}; {hint}choose one of {names}, or give the path of your "
            f"images: a folder, a .zip or .tar file of one, a .npz or a .parquet file{where}"
        ) from None
    return path


def dataset_info(
    name: str, options: ImageOptions = AS_THEY_ARE, on_read: OnRead | None = None
) -> DatasetInfo:
    """The description of data set `name`; images at a path are decoded for it, with `options`.

    Raises: UnknownDatasetError; SettingsError for options with a data set of the catalog;
    DatasetError if the images at the path cannot be read.
    """
    path = find_path(name)
    if path is not None:
        return read_own(path, options, on_read).info
    if options != AS_THEY_ARE:
        given = [e for e in IMAGE_OPTIONS if getattr(options, e) != getattr(AS_THEY_ARE, e)]
        raise SettingsError(
            f"--{', --'.join(given).replace('_', '-')}: for images of your own only, and {name} is "
            "a data set of the catalog; leave it out, or give the path of your images"
        )
    return next(info for info in _CATALOG if info.name == name)


def is_local(info: DatasetInfo) -> bool:
    """True if reading `info` needs no download; Keras is not imported to find out."""
    return not missing_files(info.files)


def load_train(name: str, options: ImageOptions = AS_THEY_ARE) -> TrainingImages:
    """The training images of the data set `name`, validation included and test never.

    Raises: as `load_described`.
    """
    return load_described(name, options)[1]


def load_described(
    name: str, options: ImageOptions = AS_THEY_ARE
) -> tuple[DatasetInfo, TrainingImages]:
    """The description of data set `name`, and its training images.

    Raises: UnknownDatasetError; SettingsError as `dataset_info`; DatasetError if the images cannot
    be downloaded or read; RecordError if the cache cannot be written.
    """
    path = find_path(name)
    if path is not None:
        own = read_own(path, options)
        return own.info, own.train
    info = dataset_info(name, options)
    stored = load_builtin(info)
    known = replace(
        info,
        test_counts=stored.facts.test_counts,
        n_test_different=stored.facts.n_test_different,
    )
    return known, stored.train
