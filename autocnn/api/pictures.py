"""Pictures of the winner of a study as files: its answers, its layers and its filters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from autocnn.api.studies import StudyView, confusion_of
from autocnn.api.winner_look import evaluation_title, look_at_winner, open_study_data
from autocnn.errors import StudyError
from autocnn.report.evaluation_pictures import draw_confusion, draw_mistakes, draw_reliability
from autocnn.report.layer_table import stages
from autocnn.report.model_pictures import draw_architecture, draw_features, draw_filters
from autocnn.report.picture_file import write_picture
from autocnn.report.winner_look import WinnerLook

Drawing = Callable[[str], bytes]  # from "png" or "svg" to the bytes of a file


def write_study_picture(view: StudyView, kind: str, target: Path) -> Path:
    """Write picture `kind`, a key of PICTURES, in the format of the ending of `target`.

    Raises: StudyError if there is no winner, no test or no image at hand; RecordError if a file
    cannot be read or written.
    """
    draw = _by_record(view, kind) or _by_images(view, kind)
    write_picture(draw, f"{view.paths.name}: {kind}", target)
    return target


def _by_record(view: StudyView, kind: str) -> Drawing | None:
    """The drawing of a picture that needs no image, or None."""
    name = view.paths.name
    if kind == "confusion":
        confusion = confusion_of(view)
        title = f"{name}: {confusion.n:,} test images"
        return lambda form: draw_confusion(confusion, title, form)
    if kind == "architecture":
        record, shape = view.trial(), view.image_shape
        found = stages(view.network(record), shape)
        title = f"{name}: the network of trial {record.number}"
        return lambda form: draw_architecture(found, shape, title, form)
    return None


def _by_images(view: StudyView, kind: str) -> Drawing:
    opened = open_study_data(view)
    if isinstance(opened, str):
        raise StudyError(f"plot {kind} needs the images of study {view.paths.name}: {opened}")
    look = look_at_winner(view, opened.prepared)
    title = evaluation_title(look, view.paths.name)
    return _of_look(look, kind, title)


def _of_look(look: WinnerLook, kind: str, title: str) -> Drawing:
    found = look.evaluation
    if kind == "calibration":
        return lambda form: draw_reliability(found, title, form)
    if kind == "mistakes":
        if not found.mistakes:
            raise StudyError(f"{title}: none is taken for another class")
        return lambda form: draw_mistakes(found.mistakes, look.mistaken, title, form)
    if kind == "features":
        if not any(image.maps for image in look.chosen):
            raise StudyError(f"{title}: the network has no feature maps")
        return lambda form: draw_features(look.chosen, title, form)
    if not look.filters:
        raise StudyError(f"{title}: the network has no filter larger than a pixel")
    return lambda form: draw_filters(look.filters, title, form)
