"""The test images: only `autocnn.finals` may import this file."""

from __future__ import annotations

from autocnn.data.builtin_sets import load_builtin
from autocnn.data.catalog import dataset_info, find_path
from autocnn.data.dataset import Images
from autocnn.data.options import AS_THEY_ARE, ImageOptions
from autocnn.data.own_images import read_own
from autocnn.errors import DatasetError


def load_test(
    name: str, options: ImageOptions = AS_THEY_ARE, fingerprint: str | None = None
) -> Images:
    """The constant test images of data set `name`.

    `fingerprint` is that of the training images of a study. If the user's own images have another
    one by now, images that were trained on may be among the test images.
    Raises: UnknownDatasetError; DatasetError if the images cannot be downloaded or read, or if
    they have changed since the study began.
    """
    path = find_path(name)
    if path is None:
        return load_builtin(dataset_info(name, options)).test
    own = read_own(path, options)
    if fingerprint is not None and own.train.fingerprint != fingerprint:
        raise DatasetError(
            f"{path}: its images have changed since the study began; put them back as they were, "
            "and resume"
        )
    return own.test
