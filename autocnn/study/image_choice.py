"""The size at which a new study reads own images: smaller if the time is short for their own."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from autocnn.data.catalog import find_path
from autocnn.data.options import Size
from autocnn.data.prepared import refer_to
from autocnn.files import write_atomic
from autocnn.records.settings_file import settings_to_toml
from autocnn.records.study_folder import StudyPaths
from autocnn.study.creation import prepare_data
from autocnn.study.probe import Speed, Start, measure_speed
from autocnn.study.recipe_size import image_seconds, is_blind, room_of, size_recipes
from autocnn.study.sizing import smaller_images
from autocnn.trial import Device


def choose_image_size(start: Start, paths: StudyPaths) -> Start:
    """`start`, with smaller images if those that it has leave time for narrow networks only.

    The size becomes a setting of the study, as if --image-size had given it, and its executor uses
    the smaller images. A study without a time budget, with a size that was given, or with images
    of the catalog keeps its size.
    """
    if not _may_choose(start):
        return start
    device = start.executor.device()
    speed = measure_speed(start, device)
    size = _find_size(start, device, speed)
    if size is None:
        return replace(start, measured=speed)
    before = "x".join(map(str, start.data.image_shape[:2]))
    settings = replace(start.settings, image_size="x".join(map(str, size)))
    data = prepare_data(settings)
    write_atomic(paths.study_toml, settings_to_toml(settings))
    start.executor.use(refer_to(data))
    start.executor.device()  # its first process opens them
    start.message(
        f"images are read at {settings.image_size}, not at {before}, which is large for the time; "
        f"--image-size {before} keeps it, a longer --time-budget allows more"
    )
    space = start.space.fitted(data.image_shape, data.train.n)
    return replace(start, settings=settings, data=data, space=space)


def _may_choose(start: Start) -> bool:
    settings = start.settings
    is_free = settings.image_size is None and start.seconds is not None and not settings.smallest
    return is_free and not start.typical and find_path(settings.dataset) is not None


def _find_size(start: Start, device: Device, speed: Speed) -> Size | None:
    """The smaller size, or None: the first recipe is wide enough, or no smaller one is possible."""
    if is_blind(start):
        return None
    room = room_of(start, speed)
    if size_recipes(start, device, speed, is_blind=False).size.filters >= room.least_width:
        return None
    height, width = start.data.image_shape[:2]
    return smaller_images(room, partial(image_seconds, start, speed), (height, width))
