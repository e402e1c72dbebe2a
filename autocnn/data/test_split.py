"""The test images: only `autocnn.finals` may import this file."""

from __future__ import annotations

from autocnn.data.catalog import dataset_info
from autocnn.data.dataset import Images
from autocnn.data.readers import read_splits


def load_test(name: str) -> Images:
    """The constant test images of data set `name`.

    Raises: UnknownDatasetError; DatasetError where they cannot be downloaded or read.
    """
    return read_splits(dataset_info(name))[1]
