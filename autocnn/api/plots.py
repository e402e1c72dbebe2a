"""Drawing a study: on the terminal, or to a file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import RenderableType

from autocnn.api.pictures import write_study_picture
from autocnn.api.studies import StudyView, confusion_of
from autocnn.errors import SettingsError, StudyError
from autocnn.files import check_place
from autocnn.records.optuna_record import silence_optuna
from autocnn.records.setting import check_choice, either
from autocnn.report.choices import PICTURES, PLOT_FILES, PLOTS
from autocnn.report.figure_html import check_plot_file, write_plot
from autocnn.report.figures import Plot, StudyData, choose_parameters, importances
from autocnn.terminal.charts import render_curves, render_history, render_importances
from autocnn.terminal.confusion_table import render_confusion
from autocnn.trial import TrialState

KINDS = {**PLOTS, **PICTURES}  # whether each can be drawn on a terminal
WITH_PARAMS = ("parallel", "slice")


def draw_study(view: StudyView, kind: str, params: Sequence[str] | None = None) -> RenderableType:
    """Plot or picture `kind` of the study for a terminal.

    Raises: SettingsError for a kind that needs a file; StudyError if there is nothing to draw yet.
    """
    _check_request(kind, params)
    if not KINDS[kind]:
        files = either(f"FILE{ending}" for ending in PLOT_FILES)
        why = "is too wide for" if kind in PLOTS else "is a picture, which cannot be shown on"
        raise SettingsError(f"plot {kind} {why} a terminal; give -o {files}")
    if kind in PICTURES:
        return render_confusion(confusion_of(view))
    data = _data(view)
    _check_trials(data, kind)
    if kind == "history":
        return render_history(data.records, data.name, data.objective)
    if kind == "curves":
        return render_curves(data.records, data.name, data.objective)
    return render_importances(importances(data), data.name, len(data.scored))


def parameter_importances(view: StudyView) -> dict[str, float]:
    """Each parameter's share in reaching the best scores (PED-ANOVA), largest first.

    Raises: StudyError if the trials are too few or too much alike.
    """
    return importances(_data(view))


def describe_importances(view: StudyView) -> dict[str, Any]:
    """The importances with the study's name and the number of complete trials that gave them.

    Raises: StudyError if the trials are too few or too much alike.
    """
    data = _data(view)
    return {
        "study": data.name,
        "n_trials": len(data.scored),
        "importances": importances(data),
    }


def plot_study(
    view: StudyView, kind: str, target: Path, params: Sequence[str] | None = None
) -> Path:
    """Write plot or picture `kind` to `target`: .html opens offline, .png and .svg are pictures.

    `params` names what parallel and slice show; by default the most important parameters if there
    are ten complete trials or more, else the first ones of the space.

    Raises: SettingsError for an unknown kind, file ending or parameter; StudyError if there is
    nothing to draw yet; RecordError if `target` cannot be written.
    """
    _check_request(kind, params)
    check_plot_file(target)
    check_place(target)
    if kind in PICTURES:
        return write_study_picture(view, kind, target)
    data = _data(view)
    _check_trials(data, kind)
    chosen = choose_parameters(data, params) if kind in WITH_PARAMS else []
    write_plot(Plot(kind=kind, data=data, params=chosen), target)
    return target


def _check_request(kind: str, params: Sequence[str] | None) -> None:
    check_choice("KIND", kind, KINDS)
    if params is not None and kind not in WITH_PARAMS:
        raise SettingsError(f"--params goes with {' and '.join(WITH_PARAMS)}, not with {kind}")


def _data(view: StudyView) -> StudyData:
    silence_optuna()
    return StudyData(
        name=view.paths.name,
        space=view.space,
        records=view.records,
        objective=view.objective,
        costs=view.study.settings.costs,
    )


def _check_trials(data: StudyData, kind: str) -> None:
    """Raise StudyError if there is nothing to draw."""
    if kind == "curves":
        drawn = [r for r in data.records if r.state is not TrialState.FAILED]
        curves = (r.result.curve for r in drawn if r.result is not None)
        if not any(math.isfinite(e.score) for curve in curves for e in curve):
            raise StudyError(f"study {data.name}: no trial has finished an epoch yet")
    elif kind == "pareto" and not data.priced:
        costs = " and ".join(data.drawn_costs)
        raise StudyError(f"study {data.name}: no complete trial has its {costs} on record")
    elif not data.scored:
        raise StudyError(f"study {data.name}: no trial is complete yet; `autocnn search` goes on")
