"""`autocnn search --dry-run`: the search space of a study, looked through without any training."""

from __future__ import annotations

from autocnn.api.spaces import check_dataset, limit_space
from autocnn.engines.choose import check_engine
from autocnn.records.study_settings import StudySettings
from autocnn.space.space import SearchSpace
from autocnn.space.survey import Survey
from autocnn.space.toml import load_space


def check_survey(settings: StudySettings) -> SearchSpace:
    """Check what needs no images, and return the space within the limits of the settings.

    Raises: SpaceError for a wrong space; SettingsError or SpaceError if the engine cannot serve it.
    """
    space = limit_space(load_space(settings.space), settings)
    check_engine(settings, space)
    return space


def survey_settings(
    settings: StudySettings,
) -> tuple[SearchSpace, Survey, tuple[int, int, int]]:
    """What the space of `settings` holds for its data set's images, without any training.

    Returns: the space, its survey, and the images' height, width and channels.
    Raises: SpaceError if nothing in the space is feasible; SettingsError or SpaceError if the
    engine cannot serve it.
    """
    space = check_survey(settings)
    survey, info = check_dataset(settings, space)
    return space, survey, info.image_shape
