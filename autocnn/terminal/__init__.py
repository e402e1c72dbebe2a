"""What is printed: the live screen, tables, charts, pages and the closing lines.

A public name loads its module on first use, so that the help of the command line stays fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autocnn.lazy import lazy_names

if TYPE_CHECKING:
    from autocnn.report.leaderboard_text import render_text as render_text
    from autocnn.terminal.ablation_table import render_ablation as render_ablation
    from autocnn.terminal.baselines_table import render_baselines as render_baselines
    from autocnn.terminal.closing_lines import describe_end as describe_end
    from autocnn.terminal.closing_lines import describe_finals as describe_finals
    from autocnn.terminal.closing_lines import describe_next as describe_next
    from autocnn.terminal.confusion_table import render_classes as render_classes
    from autocnn.terminal.confusion_table import render_confusion as render_confusion
    from autocnn.terminal.contract_lines import describe_contract as describe_contract
    from autocnn.terminal.dataset_page import render_dataset as render_dataset
    from autocnn.terminal.dataset_page import render_datasets as render_datasets
    from autocnn.terminal.ensemble_table import describe_ensemble as describe_ensemble
    from autocnn.terminal.ensemble_table import render_members as render_members
    from autocnn.terminal.escaping import escape_controls as escape_controls
    from autocnn.terminal.escaping import print_line as print_line
    from autocnn.terminal.evaluation_page import render_evaluation as render_evaluation
    from autocnn.terminal.export_lines import describe_file as describe_file
    from autocnn.terminal.export_lines import render_files as render_files
    from autocnn.terminal.finalists_table import render_finalists as render_finalists
    from autocnn.terminal.leaderboard_table import render_leaderboard as render_leaderboard
    from autocnn.terminal.networks_table import render_networks as render_networks
    from autocnn.terminal.predictions_table import render_predictions as render_predictions
    from autocnn.terminal.printing import print_closing as print_closing
    from autocnn.terminal.printing import print_wide as print_wide
    from autocnn.terminal.reading_bar import open_reading_bar as open_reading_bar
    from autocnn.terminal.screen import open_screen as open_screen
    from autocnn.terminal.space_page import describe_explicit as describe_explicit
    from autocnn.terminal.space_page import describe_survey as describe_survey
    from autocnn.terminal.space_page import render_space as render_space
    from autocnn.terminal.space_page import survey_json as survey_json
    from autocnn.terminal.studies_table import render_studies as render_studies
    from autocnn.terminal.studies_table import size_text as size_text
    from autocnn.terminal.trial_page import render_trial as render_trial
    from autocnn.terminal.two_trials import render_two_trials as render_two_trials

_MODULES: dict[str, tuple[str, ...]] = {  # with the public names that each one has
    "autocnn.report.leaderboard_text": ("render_text",),
    "autocnn.terminal.ablation_table": ("render_ablation",),
    "autocnn.terminal.baselines_table": ("render_baselines",),
    "autocnn.terminal.closing_lines": ("describe_end", "describe_finals", "describe_next"),
    "autocnn.terminal.confusion_table": ("render_classes", "render_confusion"),
    "autocnn.terminal.contract_lines": ("describe_contract",),
    "autocnn.terminal.dataset_page": ("render_dataset", "render_datasets"),
    "autocnn.terminal.ensemble_table": ("describe_ensemble", "render_members"),
    "autocnn.terminal.evaluation_page": ("render_evaluation",),
    "autocnn.terminal.export_lines": ("describe_file", "render_files"),
    "autocnn.terminal.finalists_table": ("render_finalists",),
    "autocnn.terminal.escaping": ("escape_controls", "print_line"),
    "autocnn.terminal.leaderboard_table": ("render_leaderboard",),
    "autocnn.terminal.networks_table": ("render_networks",),
    "autocnn.terminal.predictions_table": ("render_predictions",),
    "autocnn.terminal.printing": ("print_closing", "print_wide"),
    "autocnn.terminal.reading_bar": ("open_reading_bar",),
    "autocnn.terminal.screen": ("open_screen",),
    "autocnn.terminal.space_page": (
        "describe_explicit",
        "describe_survey",
        "render_space",
        "survey_json",
    ),
    "autocnn.terminal.studies_table": ("render_studies", "size_text"),
    "autocnn.terminal.trial_page": ("render_trial",),
    "autocnn.terminal.two_trials": ("render_two_trials",),
}
__all__ = [name for names in _MODULES.values() for name in names]

if not TYPE_CHECKING:  # a type checker would take every name for one that exists
    __getattr__ = lazy_names(__name__, _MODULES)
