"""The Python API, and all that the command line calls."""

from autocnn.api.flow import SearchOutcome, SilentListener, search
from autocnn.api.library import (
    copy_space,
    describe_installation,
    list_datasets,
    survey_settings,
)
from autocnn.api.settings import check_choice, read_config, resolve_settings
from autocnn.api.studies import (
    StudyView,
    export_model,
    leaderboard_rows,
    load_study,
    rebuild_leaderboard,
)
from autocnn.records.settings import StudySettings, parse_duration

__all__ = [
    "SearchOutcome",
    "SilentListener",
    "StudySettings",
    "StudyView",
    "check_choice",
    "copy_space",
    "describe_installation",
    "export_model",
    "leaderboard_rows",
    "list_datasets",
    "load_study",
    "parse_duration",
    "read_config",
    "rebuild_leaderboard",
    "resolve_settings",
    "search",
    "survey_settings",
]
