"""What is there before any study: spaces, data sets, this machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from autocnn.data.options import AS_THEY_ARE, ImageOptions, OnRead
from autocnn.errors import SettingsError
from autocnn.files import write_atomic
from autocnn.quiet import load_keras
from autocnn.records.settings import StudySettings
from autocnn.space.space import Limits, SearchSpace
from autocnn.space.survey import Survey, check_feasible
from autocnn.space.toml import load_space

if TYPE_CHECKING:  # imported by the functions that need them: importing this module stays fast
    from autocnn.data.dataset import DatasetInfo


def survey_settings(
    settings: StudySettings,
) -> tuple[SearchSpace, Survey, tuple[int, int, int]]:
    """What the space of `settings` holds for its data set's images, without any training.

    Returns: the space, its survey, and the images' height, width and channels.
    Raises: SpaceError if nothing in the space is feasible; SettingsError or SpaceError if the
    engine cannot serve it.
    """
    from autocnn.engines.choose import check_engine

    space = limit_space(load_space(settings.space), settings)
    check_engine(settings, space)
    survey, info = check_dataset(settings, space)
    return space, survey, info.image_shape


def limit_space(space: SearchSpace, settings: StudySettings) -> SearchSpace:
    """The space within the limits of the settings too; the lower limit holds."""
    ours = {"parameters": settings.max_params, "macs": settings.max_macs}
    limits = {
        name: min((x for x in (getattr(space.limits, name), limit) if x is not None), default=None)
        for name, limit in ours.items()
    }
    return replace(space, limits=Limits(**limits))


def check_dataset(settings: StudySettings, space: SearchSpace) -> tuple[Survey, DatasetInfo]:
    """The survey of `space` for the images of the settings' data set, and what is known of that.

    Raises: UnknownDatasetError; DatasetError where images of one's own cannot be read; SpaceError
    if nothing in the space is feasible for such images.
    """
    from autocnn.data.catalog import dataset_info

    info = dataset_info(settings.dataset, image_options(settings))
    return check_feasible(space, info.image_shape, info.n_classes), info


def image_options(settings: StudySettings) -> ImageOptions:
    """How the settings want images of one's own to be read."""
    return ImageOptions(settings.image_size, settings.skip_corrupt)


def read_images(
    dataset: str, options: ImageOptions = AS_THEY_ARE, on_read: OnRead | None = None
) -> DatasetInfo:
    """Decode images of one's own into the cache, unless they are there; `on_read` hears how far.

    Nothing is read of a data set of the catalog.
    Raises: UnknownDatasetError; SettingsError for options that the data set has not; DatasetError
    where images cannot be read; RecordError where the cache cannot be written.
    """
    from autocnn.data.catalog import dataset_info

    return dataset_info(dataset, options, on_read)


def copy_space(space: SearchSpace, target: Path) -> Path:
    """Write the text of `space` to a new file.

    Raises: SettingsError if `target` exists or is no .toml file; RecordError if it cannot be
    written.
    """
    if target.suffix != ".toml":
        raise SettingsError(f"--copy must name a .toml file, got {str(target)!r}")
    if target.exists():
        raise SettingsError(f"--copy {target}: exists already; choose another name")
    write_atomic(target, space.text)
    return target


def list_datasets() -> list[tuple[DatasetInfo, bool]]:
    """Every data set known by name, and whether it is on this machine."""
    from autocnn.data import catalog

    return [(info, catalog.is_local(info)) for info in catalog.list_datasets()]


def describe_installation(results: Path) -> dict[str, str]:
    """Versions, backend, devices, the precision chosen and why, where data and results lie."""
    load_keras()
    from autocnn.data.keras_cache import cache_home
    from autocnn.records.manifest import machine, package_versions
    from autocnn.space.library import library_path
    from autocnn.train.backend import choose_precision, find_device

    device, hardware = find_device(), machine()
    versions = (f"{name} {version}" for name, version in package_versions().items())
    return {
        "versions": ", ".join(versions),
        "python": f"{hardware['python']} on {hardware['platform']}",
        "machine": f"{hardware['cpu']}, {hardware['cores']} cores, {hardware['memory_mb']} MiB",
        "backend": device.backend,
        "devices": ", ".join(device.names),
        "precision": f"{choose_precision('auto', device)}: {device.reason}",
        "data": str(cache_home()),
        "spaces": str(library_path()),
        "results": str(results.resolve()),
    }
