"""The Python API, and all that the command line calls."""

from autocnn.api.ablate_trial import AblationOutcome, AblationSettings, ablate
from autocnn.api.compare_networks import CompareOutcome, CompareSettings, compare
from autocnn.api.datasets import dataset_facts, list_datasets, read_images, write_grid
from autocnn.api.export import export_model, export_note
from autocnn.api.installation import describe_installation
from autocnn.api.join_study import JoinOutcome, join
from autocnn.api.leaderboard import (
    LeaderboardRows,
    leaderboard_rows,
    rebuild_leaderboard,
    select_rows,
)
from autocnn.api.plots import (
    PLOTS,
    describe_importances,
    draw_study,
    parameter_importances,
    plot_study,
)
from autocnn.api.search_study import SearchOutcome, SilentListener, search
from autocnn.api.settings_sources import (
    check_choice,
    read_config,
    resolve_settings,
    resume_settings,
)
from autocnn.api.spaces import copy_space, list_baselines, survey_settings
from autocnn.api.studies import (
    StudyView,
    confusion_of,
    delete_study,
    is_winner,
    list_summaries,
    load_studies,
    load_study,
    study_or_trial,
    summarise_study,
)
from autocnn.data.options import ImageOptions
from autocnn.records.study_settings import StudySettings
from autocnn.records.units import parse_duration, parse_memory

__all__ = [
    "PLOTS",
    "AblationOutcome",
    "AblationSettings",
    "CompareOutcome",
    "CompareSettings",
    "ImageOptions",
    "JoinOutcome",
    "LeaderboardRows",
    "SearchOutcome",
    "SilentListener",
    "StudySettings",
    "StudyView",
    "ablate",
    "check_choice",
    "compare",
    "confusion_of",
    "copy_space",
    "dataset_facts",
    "delete_study",
    "describe_importances",
    "describe_installation",
    "draw_study",
    "export_model",
    "export_note",
    "is_winner",
    "join",
    "leaderboard_rows",
    "list_baselines",
    "list_datasets",
    "list_summaries",
    "load_studies",
    "load_study",
    "parameter_importances",
    "parse_duration",
    "parse_memory",
    "plot_study",
    "read_config",
    "read_images",
    "rebuild_leaderboard",
    "resolve_settings",
    "resume_settings",
    "search",
    "select_rows",
    "study_or_trial",
    "summarise_study",
    "survey_settings",
    "write_grid",
]
