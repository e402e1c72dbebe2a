"""What the winner of a study makes of validation images, and the data sheet of these images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from autocnn.api.export import trained_model
from autocnn.api.sample_images import draw_samples
from autocnn.api.studies import StudyView
from autocnn.api.study_images import MEASURED, open_data
from autocnn.data.catalog import dataset_info
from autocnn.data.class_counts import count_parts
from autocnn.data.dataset import DatasetInfo, IndexedImages
from autocnn.data.folds import describe_folds
from autocnn.data.options import ImageOptions
from autocnn.data.prepared import PreparedData
from autocnn.errors import AutocnnError, StudyError
from autocnn.exports.measure import even_positions
from autocnn.finals.evaluation import evaluate_predictions
from autocnn.records.finals_file import read_confusion
from autocnn.records.trial_record import TrialRecord
from autocnn.report.data_sheet import DataSheet
from autocnn.report.evaluation_pictures import SHOWN_MISTAKES
from autocnn.report.layer_table import stages
from autocnn.report.winner_look import ChosenImage, WinnerLook, choose_images, spread

if TYPE_CHECKING:  # imports Keras
    from autocnn.models.feature_maps import LayerMaps
    from autocnn.models.predictor import Predictor

MOST_MACS = 4e10  # of all classified images together: some seconds of one core
LEAST_IMAGES = 500  # that are classified whatever it takes
MOST_SHOWN_CLASSES = 20  # of the picture of samples
PER_CLASS = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenedImages:
    """The images of a study, and what the reader knows of them."""

    prepared: PreparedData
    info: DatasetInfo


def open_study_data(view: StudyView) -> OpenedImages | str:
    """The images of the study, or why they are not at hand; nothing is downloaded."""
    prepared = open_data(view)
    if isinstance(prepared, str):
        return prepared
    settings = view.study.settings
    try:
        info = dataset_info(settings.dataset, ImageOptions.of(settings))
    except AutocnnError as error:
        return str(error)
    return OpenedImages(prepared=prepared, info=info)


def look_at_winner(view: StudyView, data: PreparedData) -> WinnerLook:
    """The answers of the winner's own weights for validation images, its maps and its filters.

    Networks of which an image takes many MACs classify some of the images, spread evenly. The test
    split has no part in it.
    Raises: StudyError if no trial has a score or its weights are not on disk; RecordError if they
    cannot be read.
    """
    record = view.trial()
    if record.score is None:
        raise StudyError(f"study {view.paths.name}: no trial has a score yet")
    model = trained_model(view, record.number)
    from autocnn.models.feature_maps import layer_filters
    from autocnn.models.predictor import predict_all

    images = data.validation
    positions = even_positions(images.n, _n_classified(record))
    predictor, pixels = model.predictor(), images.pixels(positions)
    probabilities = predict_all(predictor, pixels, data.n_classes).astype(np.float64)
    labels = images.labels[positions]
    found = evaluate_predictions(labels, probabilities, data.class_names, len(labels))
    places = [mistake.image for mistake in found.mistakes[:SHOWN_MISTAKES]]
    return WinnerLook(
        trial=record.number,
        evaluation=found,
        mistaken=pixels[places],
        chosen=_chosen(view, record, predictor, (pixels, labels, probabilities)),
        filters=spread(layer_filters(predictor)),
        left_out=images.n - len(labels),
    )


def _n_classified(record: TrialRecord) -> int:
    return int(min(MEASURED, max(LEAST_IMAGES, MOST_MACS / max(1, record.macs))))


def _chosen(
    view: StudyView,
    record: TrialRecord,
    predictor: Predictor,
    answers: tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[Any]],
) -> list[ChosenImage]:
    from autocnn.models.feature_maps import maps_of_images

    pixels, labels, probabilities = answers
    chosen = choose_images(labels, probabilities)
    shown = pixels[[place for _, place in chosen]]
    wanted = [stage.last for stage in stages(view.network(record), view.image_shape)]
    names = view.known_facts.class_names
    found = []
    maps = maps_of_images(predictor, shown) or [[] for _ in chosen]
    for (why, place), image, layers in zip(chosen, shown, maps, strict=True):
        row = probabilities[place]
        found.append(
            ChosenImage(
                why=why,
                pixels=image,
                true=names[labels[place]],
                predicted=names[row.argmax()],
                probability=float(row.max()),
                maps=_wanted(layers, wanted),
            )
        )
    return found


def _wanted(layers: list[LayerMaps], names: list[str]) -> list[LayerMaps]:
    """The maps of the layers `names`: of each stage of the network the last one."""
    return spread([layer for layer in layers if layer.name in names])


def describe_data(view: StudyView, data: OpenedImages) -> DataSheet:
    """The images by class, the notes of the reader, and a picture of some images."""
    prepared, info = data.prepared, data.info
    folds = view.known_facts.folds
    is_asked = view.study.settings.folds is not None
    notes = describe_folds(prepared.split, folds, prepared.fold_note, is_asked=is_asked)
    if info.test_counts is None and view.finals is not None and view.paths.confusion.is_file():
        rows = read_confusion(view.paths.confusion).counts  # the finals have read the test images
        info = replace(info, test_counts=tuple(map(sum, rows)))
    return DataSheet(
        info=info,
        counts=count_parts(info, prepared.images.labels, prepared.split, folds),
        fold_notes=tuple(notes),
        grid=_samples(view, prepared, info.name),
    )


def _samples(view: StudyView, data: PreparedData, name: str) -> bytes:
    """A picture of the first classes, augmented as the winner was trained."""
    if not view.records:
        return b""
    names, train = data.class_names, data.train
    if len(names) > MOST_SHOWN_CLASSES:
        names = names[:MOST_SHOWN_CLASSES]
        train = _with_labels_below(train, MOST_SHOWN_CLASSES)
    augmentation = view.trial().config.augmentation
    return draw_samples(name, train, names, augmentation, PER_CLASS)


def _with_labels_below(images: IndexedImages, limit: int) -> IndexedImages:
    return replace(images, indices=images.indices[images.labels < limit])


def evaluation_title(look: WinnerLook, name: str) -> str:
    """The title of a picture of the answers."""
    return f"{name}: trial {look.trial}, {look.evaluation.n:,} validation images"
