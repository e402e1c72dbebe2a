"""The images of a study, where they are at hand: to measure an export, and to calibrate one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autocnn.api.studies import StudyView
from autocnn.data.catalog import dataset_info, find_path, is_local
from autocnn.data.dataset import IndexedImages
from autocnn.data.options import ImageOptions
from autocnn.data.prepared import PreparedData, prepare
from autocnn.errors import AutocnnError
from autocnn.exports.measure import even_positions

MEASURED = 5000  # validation images at most
CALIBRATION = 200  # training images; TensorFlow's guide asks for some hundred


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """Some images with their classes: (n, height, width, channels), float32, 0-255, and (n,)."""

    images: NDArray[np.float32]
    labels: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StudyImages:
    """What an export may read of a study's images; the test split is no part of it."""

    validation: Sample
    calibration: Sample  # of the training part


def open_images(view: StudyView) -> StudyImages | str:
    """Samples of the study's images, or why they are not at hand; nothing is downloaded."""
    data = open_data(view)
    return data if isinstance(data, str) else _samples(data)


def open_data(view: StudyView) -> PreparedData | str:
    """The images of the study, with its split, or why they are not at hand."""
    settings = view.study.settings
    try:
        if find_path(settings.dataset) is None and not is_local(dataset_info(settings.dataset)):
            return f"{settings.dataset} is not on this machine"
        options = ImageOptions.of(settings)
        data = prepare(
            settings.dataset, settings.split_seed, options, settings.subset, settings.folds
        )
    except AutocnnError as error:
        return str(error)
    if data.fingerprint != view.known_facts.fingerprint:
        return f"{settings.dataset} was changed after the study"
    return data


def _samples(data: PreparedData) -> StudyImages:
    return StudyImages(
        validation=_sample(data.validation, MEASURED),
        calibration=_sample(data.train, CALIBRATION),
    )


def _sample(images: IndexedImages, most: int) -> Sample:
    positions = even_positions(images.n, most)
    pixels = images.pixels(positions).astype(np.float32)
    return Sample(images=pixels, labels=images.labels[positions])
