"""The Python API, and all that the command line calls."""

from autocnn.api.ablation import AblationOutcome, AblationSettings, ablate
from autocnn.api.baselines import list_baselines
from autocnn.api.comparison import CompareOutcome, CompareSettings, compare
from autocnn.api.flow import SearchOutcome, SilentListener, search
from autocnn.api.grid import dataset_facts, write_grid
from autocnn.api.joining import JoinOutcome, join
from autocnn.api.leaderboards import (
    LeaderboardRows,
    leaderboard_rows,
    rebuild_leaderboard,
    select_rows,
)
from autocnn.api.library import (
    copy_space,
    describe_installation,
    list_datasets,
    read_images,
    survey_settings,
)
from autocnn.api.overview import delete_study, list_summaries, summarise_study
from autocnn.api.plots import (
    PLOTS,
    describe_importances,
    draw_study,
    parameter_importances,
    plot_study,
)
from autocnn.api.settings import check_choice, read_config, resolve_settings, resume_settings
from autocnn.api.showing import confusion_of, is_winner, study_or_trial
from autocnn.api.studies import StudyView, export_model, export_note, load_studies, load_study
from autocnn.data.options import ImageOptions
from autocnn.records.settings import StudySettings, parse_duration, parse_memory

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
