"""The Python API, and all that the command line calls.

A public name loads its module on first use: `import autocnn.api` imports no library, and the
modules may import what they need at their top. The file of `search` is called search_study.py: a
submodule of the same name would replace the function (docs/decisions/0029).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autocnn.lazy import lazy_names

if TYPE_CHECKING:
    from autocnn.api.ablate_trial import AblationOutcome as AblationOutcome
    from autocnn.api.ablate_trial import AblationSettings as AblationSettings
    from autocnn.api.ablate_trial import ablate as ablate
    from autocnn.api.compare_networks import CompareOutcome as CompareOutcome
    from autocnn.api.compare_networks import CompareSettings as CompareSettings
    from autocnn.api.compare_networks import check_comparison as check_comparison
    from autocnn.api.compare_networks import compare as compare
    from autocnn.api.copies import copying as copying
    from autocnn.api.dashboard_page import dashboard as dashboard
    from autocnn.api.datasets import dataset_facts as dataset_facts
    from autocnn.api.datasets import list_datasets as list_datasets
    from autocnn.api.datasets import read_images as read_images
    from autocnn.api.datasets import write_grid as write_grid
    from autocnn.api.ensemble_trials import EnsembleSettings as EnsembleSettings
    from autocnn.api.ensemble_trials import ensemble as ensemble
    from autocnn.api.evaluate_model import EvaluationOutcome as EvaluationOutcome
    from autocnn.api.evaluate_model import evaluate as evaluate
    from autocnn.api.evaluate_model import write_evaluation as write_evaluation
    from autocnn.api.export import export_model as export_model
    from autocnn.api.export import export_note as export_note
    from autocnn.api.export import trained_model as trained_model
    from autocnn.api.exported_files import ExportOutcome as ExportOutcome
    from autocnn.api.exported_files import ExportSettings as ExportSettings
    from autocnn.api.exported_files import export_files as export_files
    from autocnn.api.exported_files import export_notes as export_notes
    from autocnn.api.exported_files import report_to_json as report_to_json
    from autocnn.api.installation import describe_installation as describe_installation
    from autocnn.api.join_study import JoinOutcome as JoinOutcome
    from autocnn.api.join_study import join as join
    from autocnn.api.json_pages import confusion_json as confusion_json
    from autocnn.api.json_pages import dataset_json as dataset_json
    from autocnn.api.json_pages import datasets_json as datasets_json
    from autocnn.api.json_pages import leaderboard_json as leaderboard_json
    from autocnn.api.json_pages import plan_json as plan_json
    from autocnn.api.json_pages import trial_json as trial_json
    from autocnn.api.leaderboard import NO_REPEATS as NO_REPEATS
    from autocnn.api.leaderboard import REPEAT_COLUMN as REPEAT_COLUMN
    from autocnn.api.leaderboard import LeaderboardRows as LeaderboardRows
    from autocnn.api.leaderboard import leaderboard_rows as leaderboard_rows
    from autocnn.api.leaderboard import rebuild_leaderboard as rebuild_leaderboard
    from autocnn.api.leaderboard import rows_of as rows_of
    from autocnn.api.leaderboard import select_rows as select_rows
    from autocnn.api.opened_model import open_model as open_model
    from autocnn.api.plots import describe_importances as describe_importances
    from autocnn.api.plots import draw_study as draw_study
    from autocnn.api.plots import parameter_importances as parameter_importances
    from autocnn.api.plots import plot_study as plot_study
    from autocnn.api.predictions import load_model as load_model
    from autocnn.api.predictions import load_winner as load_winner
    from autocnn.api.prepare_image import load_image as load_image
    from autocnn.api.reports import check_report_file as check_report_file
    from autocnn.api.reports import write_card as write_card
    from autocnn.api.reports import write_report as write_report
    from autocnn.api.search_outcome import SearchOutcome as SearchOutcome
    from autocnn.api.search_outcome import describe_failure as describe_failure
    from autocnn.api.search_report import report_search as report_search
    from autocnn.api.search_study import SilentListener as SilentListener
    from autocnn.api.search_study import check_search as check_search
    from autocnn.api.search_study import search as search
    from autocnn.api.serving import serve as serve
    from autocnn.api.serving import write_dockerfile as write_dockerfile
    from autocnn.api.settings_sources import Resolved as Resolved
    from autocnn.api.settings_sources import read_config as read_config
    from autocnn.api.settings_sources import resolve as resolve
    from autocnn.api.settings_sources import resolve_settings as resolve_settings
    from autocnn.api.settings_sources import resume as resume
    from autocnn.api.settings_sources import resume_worker as resume_worker
    from autocnn.api.spaces import copy_space as copy_space
    from autocnn.api.spaces import list_baselines as list_baselines
    from autocnn.api.studies import StudyView as StudyView
    from autocnn.api.studies import confusion_of as confusion_of
    from autocnn.api.studies import is_winner as is_winner
    from autocnn.api.studies import load_studies as load_studies
    from autocnn.api.studies import load_study as load_study
    from autocnn.api.studies import study_or_trial as study_or_trial
    from autocnn.api.studies import trust_studies as trust_studies
    from autocnn.api.survey_space import check_survey as check_survey
    from autocnn.api.survey_space import survey_settings as survey_settings
    from autocnn.api.watch_search import WATCH_PORT as WATCH_PORT
    from autocnn.api.watch_search import watching as watching
    from autocnn.data.options import IMAGE_OPTIONS as IMAGE_OPTIONS
    from autocnn.data.options import ImageOptions as ImageOptions
    from autocnn.data.picture_paths import find_pictures as find_pictures
    from autocnn.exports.formats import EXPORT_FILES as EXPORT_FILES
    from autocnn.exports.formats import FORMAT_KEYS as FORMAT_KEYS
    from autocnn.exports.formats import MODEL_FILES as MODEL_FILES
    from autocnn.exports.formats import QUANTIZATIONS as QUANTIZATIONS
    from autocnn.exports.formats import read_contract as read_contract
    from autocnn.leaderboard.studies import list_summaries as list_summaries
    from autocnn.leaderboard.studies import summarise_study as summarise_study
    from autocnn.models.contract import ModelContract as ModelContract
    from autocnn.models.contract import contract_to_json as contract_to_json
    from autocnn.models.ensemble_report import EnsembleOutcome as EnsembleOutcome
    from autocnn.models.prediction import Prediction as Prediction
    from autocnn.models.views import VIEWS as VIEWS
    from autocnn.records.deletion import delete_study as delete_study
    from autocnn.records.deletion import untouched_database as untouched_database
    from autocnn.records.finals_file import read_finals as read_finals
    from autocnn.records.open_study import find_study as find_study
    from autocnn.records.remote_copy import fetch_copy as fetch_copy
    from autocnn.records.setting import check_choice as check_choice
    from autocnn.records.setting import either as either
    from autocnn.records.study_settings import SETTINGS as SETTINGS
    from autocnn.records.study_settings import StudySettings as StudySettings
    from autocnn.records.study_settings import option_help as option_help
    from autocnn.records.study_settings import option_name as option_name
    from autocnn.records.study_settings import option_variable as option_variable
    from autocnn.records.study_settings import setting_types as setting_types
    from autocnn.report.choices import PICTURES as PICTURES
    from autocnn.report.choices import PLOT_FILES as PLOT_FILES
    from autocnn.report.choices import PLOTS as PLOTS
    from autocnn.report.choices import TEXT_FORMATS as TEXT_FORMATS
    from autocnn.space.library import space_names as space_names
    from autocnn.space.toml import load_space as load_space
    from autocnn.trackers.protocol import TrackerSettings as TrackerSettings
    from autocnn.trackers.tracking import check_trackers as check_trackers
    from autocnn.trackers.tracking import tracking as tracking

_MODULES: dict[str, tuple[str, ...]] = {  # with the public names that each one has
    "autocnn.api.ablate_trial": ("AblationOutcome", "AblationSettings", "ablate"),
    "autocnn.api.compare_networks": (
        "CompareOutcome",
        "CompareSettings",
        "check_comparison",
        "compare",
    ),
    "autocnn.api.dashboard_page": ("dashboard",),
    "autocnn.api.datasets": ("dataset_facts", "list_datasets", "read_images", "write_grid"),
    "autocnn.api.ensemble_trials": ("EnsembleSettings", "ensemble"),
    "autocnn.api.evaluate_model": ("EvaluationOutcome", "evaluate", "write_evaluation"),
    "autocnn.api.export": ("export_model", "export_note", "trained_model"),
    "autocnn.api.exported_files": (
        "ExportOutcome",
        "ExportSettings",
        "export_files",
        "export_notes",
        "report_to_json",
    ),
    "autocnn.api.installation": ("describe_installation",),
    "autocnn.api.join_study": ("JoinOutcome", "join"),
    "autocnn.api.json_pages": (
        "confusion_json",
        "dataset_json",
        "datasets_json",
        "leaderboard_json",
        "plan_json",
        "trial_json",
    ),
    "autocnn.api.leaderboard": (
        "NO_REPEATS",
        "REPEAT_COLUMN",
        "LeaderboardRows",
        "leaderboard_rows",
        "rebuild_leaderboard",
        "rows_of",
        "select_rows",
    ),
    "autocnn.api.opened_model": ("open_model",),
    "autocnn.api.plots": (
        "describe_importances",
        "draw_study",
        "parameter_importances",
        "plot_study",
    ),
    "autocnn.api.predictions": ("load_model", "load_winner"),
    "autocnn.api.prepare_image": ("load_image",),
    "autocnn.api.reports": ("check_report_file", "write_card", "write_report"),
    "autocnn.api.search_outcome": ("SearchOutcome", "describe_failure"),
    "autocnn.api.search_report": ("report_search",),
    "autocnn.api.search_study": ("SilentListener", "check_search", "search"),
    "autocnn.api.serving": ("serve", "write_dockerfile"),
    "autocnn.api.settings_sources": (
        "read_config",
        "Resolved",
        "resolve",
        "resolve_settings",
        "resume",
        "resume_worker",
    ),
    "autocnn.api.spaces": ("copy_space", "list_baselines"),
    "autocnn.api.studies": (
        "StudyView",
        "confusion_of",
        "is_winner",
        "load_studies",
        "load_study",
        "study_or_trial",
        "trust_studies",
    ),
    "autocnn.api.survey_space": ("check_survey", "survey_settings"),
    "autocnn.api.copies": ("copying",),
    "autocnn.api.watch_search": ("WATCH_PORT", "watching"),
    "autocnn.data.options": ("IMAGE_OPTIONS", "ImageOptions"),
    "autocnn.data.picture_paths": ("find_pictures",),
    "autocnn.exports.formats": (
        "EXPORT_FILES",
        "FORMAT_KEYS",
        "MODEL_FILES",
        "QUANTIZATIONS",
        "read_contract",
    ),
    "autocnn.records.finals_file": ("read_finals",),
    "autocnn.leaderboard.studies": ("list_summaries", "summarise_study"),
    "autocnn.models.contract": ("ModelContract", "contract_to_json"),
    "autocnn.records.deletion": ("delete_study", "untouched_database"),
    "autocnn.records.remote_copy": ("fetch_copy",),
    "autocnn.records.open_study": ("find_study",),
    "autocnn.models.ensemble_report": ("EnsembleOutcome",),
    "autocnn.models.prediction": ("Prediction",),
    "autocnn.models.views": ("VIEWS",),
    "autocnn.records.setting": ("check_choice", "either"),
    "autocnn.records.study_settings": (
        "SETTINGS",
        "StudySettings",
        "option_help",
        "option_name",
        "option_variable",
        "setting_types",
    ),
    "autocnn.report.choices": ("PICTURES", "PLOTS", "PLOT_FILES", "TEXT_FORMATS"),
    "autocnn.space.library": ("space_names",),
    "autocnn.trackers.protocol": ("TrackerSettings",),
    "autocnn.trackers.tracking": ("check_trackers", "tracking"),
    "autocnn.space.toml": ("load_space",),
}
__all__ = [name for names in _MODULES.values() for name in names]

if not TYPE_CHECKING:  # a type checker would take every name for one that exists
    __getattr__ = lazy_names(__name__, _MODULES)
