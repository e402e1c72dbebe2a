"""Figures as files: HTML that opens offline (Plotly), PNG and SVG (Matplotlib)."""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autocnn.errors import SettingsError
from autocnn.files import write_atomic
from autocnn.records.setting import either
from autocnn.report.figure_image import (
    BACKGROUND,
    GOAL_LABELS,
    GREY,
    GREY_MARK,
    INACTIVE,
    NOT_THERE,
    draw_image,
)
from autocnn.report.figures import Plot, draw_plot, quiet_optuna, varied_parameters

MIN_HEIGHT, BAR_HEIGHT = 200, 24  # pixels


def write_plot(plot: Plot, target: Path) -> None:
    """Draw `plot` and write it to `target`, in the format of its ending.

    Raises: SettingsError for an unknown ending; RecordError if the file cannot be written.
    """
    check_plot_file(target)
    write_atomic(target, WRITERS[target.suffix.lower()](plot))


def check_plot_file(target: Path) -> None:
    """Raise SettingsError unless there is a writer for this file ending."""
    if target.suffix.lower() not in WRITERS:
        raise SettingsError(f"--output must end in {either(WRITERS)}, got {str(target)!r}")


def draw_page(plot: Plot) -> str:
    """`plot` as one HTML page that needs no other file and no network."""
    from optuna import visualization

    with quiet_optuna():
        figure = draw_plot(visualization, plot, html.escape)
    title = {"text": html.escape(plot.title), "subtitle": {"text": "<br>".join(plot.notes)}}
    figure.update_layout(title=title, template="plotly_white")
    if plot.kind in _TOUCHES:
        _TOUCHES[plot.kind](figure, plot)
    page: str = figure.to_html(include_plotlyjs=True, div_id=f"autocnn-{plot.kind}")
    return page


def _history(figure: Any, plot: Plot) -> None:
    figure.update_traces(selector={"name": "Best Value"}, name="best so far", line_shape="hv")
    figure.update_traces(selector={"name": plot.score_label}, name="score")
    if plot.pruned:
        pruned = {"x": list(plot.pruned), "y": list(plot.pruned.values())}
        marker = {"symbol": "x-thin-open", "color": GREY_MARK}
        figure.add_scatter(**pruned, mode="markers", name="pruned", marker=marker)
    if plot.window is not None:
        figure.update_yaxes(range=plot.window)
    figure.update_xaxes(title="trial", tickformat="d")


def _curves(figure: Any, plot: Plot) -> None:
    """Give the best trials colours and entries in the legend; draw the others grey."""
    traces = {int(trace.name.removeprefix("Trial")): trace for trace in figure.data}
    labels = plot.best_trials
    for number, trace in traces.items():
        trace.update(name=labels.get(number, f"trial {number}"), showlegend=number in labels)
        if number not in labels:
            trace.update(line={"color": GREY, "width": 1}, marker={"color": GREY})
    below = [trace for number, trace in traces.items() if number not in labels]
    figure.data = [*below, *(traces[number] for number in labels)]
    figure.update_layout(showlegend=True)
    figure.update_xaxes(title="epoch", tickformat="d")
    figure.update_yaxes(title=plot.score_label, range=plot.window)


def _importance(figure: Any, plot: Plot) -> None:
    figure.update_layout(height=MIN_HEIGHT + BAR_HEIGHT * len(varied_parameters(plot.data)))
    figure.update_xaxes(title="importance")
    figure.update_yaxes(title="", dtick=1)


def _parallel(figure: Any, plot: Plot) -> None:
    figure.update_layout(plot_bgcolor=BACKGROUND)
    figure.update_annotations(selector={"text": NOT_THERE}, text=INACTIVE)


def _pareto(figure: Any, plot: Plot) -> None:
    for trace in figure.data:
        if trace.name in GOAL_LABELS:
            trace.update(name=GOAL_LABELS[trace.name])
    if len(plot.data.drawn_costs) == 1:
        figure.update_xaxes(type="log")


_TOUCHES: dict[str, Callable[[Any, Plot], None]] = {
    "history": _history,
    "curves": _curves,
    "importance": _importance,
    "parallel": _parallel,
    "pareto": _pareto,
}
WRITERS: dict[str, Callable[[Plot], str | bytes]] = {
    ".html": draw_page,
    ".png": lambda plot: draw_image(plot, "png"),
    ".svg": lambda plot: draw_image(plot, "svg"),
}
