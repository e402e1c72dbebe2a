"""Figures as PNG or SVG: drawn by Optuna with Matplotlib, then given readable labels."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from autocnn.report.figures import Plot, build_goals, draw_plot, quiet_optuna
from autocnn.space.parameters import Categorical, Float, Int, Parameter

DOTS_PER_INCH = 150
SLICE_COLUMNS = 4
LONG_TICKS = 20  # characters of all labels of an axis together above which they are slanted
STEPS = (1, 2, 5, 10)  # between ticks, times a power of ten
GREY_PLACE = 7  # the place of grey among Matplotlib's ten colours for lines
TITLE_PAD, NOTE_HEIGHT, NOTE_SIZE = 6, 13, 9  # points; the first is Matplotlib's default
NOTE_COLOUR = "#505050"
BACKGROUND, GREY = "#e5e5e5", "#b0b0b0"
GREY_MARK = "#808080"
GOAL_LABELS = {"Trial": "beaten", "Best Trial": "on the front"}  # Optuna's and ours
# Optuna's label of an inactive parameter, and ours: "none" is also a choice of some spaces.
NOT_THERE, INACTIVE = "None", "inactive"


def draw_image(plot: Plot, form: str) -> bytes:
    """`plot` as a "png" or "svg" file; the same study gives the same bytes."""
    with quiet_optuna(), off_screen() as plt:
        from optuna.visualization import matplotlib as visualization

        draw_plot(visualization, plot, no_formula)
        figure = plt.gcf()
        _TOUCHES[plot.kind](figure, plot)
        return save_figure(figure, form)


def save_figure(figure: Any, form: str) -> bytes:
    """A Matplotlib figure as a "png" or "svg" file without a date."""
    file = io.BytesIO()
    metadata = {"Date": None} if form == "svg" else {}
    figure.savefig(file, format=form, dpi=DOTS_PER_INCH, bbox_inches="tight", metadata=metadata)
    return file.getvalue()


@contextmanager
def off_screen() -> Iterator[Any]:
    """Matplotlib's pyplot without a window; other figures and the backend stay as they are."""
    import matplotlib
    from matplotlib import pyplot as plt

    backend = matplotlib.get_backend(auto_select=False)
    plt.switch_backend("agg")
    before = set(plt.get_fignums())
    try:
        with matplotlib.rc_context({"svg.hashsalt": "autocnn"}):
            yield plt
    finally:
        for number in set(plt.get_fignums()) - before:
            plt.close(number)
        if backend is not None:
            plt.switch_backend(backend)


def no_formula(text: str) -> str:
    """`text` with escaped dollar signs: Matplotlib reads text between two of them as a formula."""
    return text.replace("$", r"\$")


def _entitle(axes: Any, plot: Plot) -> None:
    """Draw the title, and its notes between the title and the axes."""
    axes.set_title("")
    height = TITLE_PAD + NOTE_HEIGHT * len(plot.notes)
    axes.set_title(no_formula(plot.title), loc="left", pad=height)
    place = {"xy": (0, 1), "xycoords": "axes fraction", "textcoords": "offset points"}
    for line, note in enumerate(reversed(plot.notes)):
        above = TITLE_PAD + NOTE_HEIGHT * line
        axes.annotate(note, xytext=(0, above), fontsize=NOTE_SIZE, color=NOTE_COLOUR, **place)


def _history(figure: Any, plot: Plot) -> None:
    figure.set_size_inches(9, 5)
    axes = figure.axes[0]
    handles, _ = axes.get_legend_handles_labels()
    handles[1].set_drawstyle("steps-post")
    labels = ["score", "best so far"]
    if plot.pruned:
        low, high = plot.window or (-math.inf, math.inf)
        inside = [min(max(value, low), high) for value in plot.pruned.values()]
        style = {"marker": "x", "color": GREY_MARK, "zorder": 1, "clip_on": False}
        handles.append(axes.scatter(list(plot.pruned), inside, **style))
        labels.append("pruned")
    if plot.window is not None:
        axes.set_ylim(*plot.window)
    place = {"loc": "upper left", "bbox_to_anchor": (1.01, 1)}
    axes.legend(handles, labels, **place)
    axes.set_xlabel("trial")
    _whole_numbers(axes.xaxis)
    _entitle(axes, plot)


def _curves(figure: Any, plot: Plot) -> None:
    """Give the best trials colours and entries in the legend by rank; draw the others grey."""
    from matplotlib import colormaps

    figure.set_size_inches(9, 5)
    axes, labels = figure.axes[0], plot.best_trials
    lines = {int(line.get_label().removeprefix("Trial")): line for line in axes.get_lines()}
    for line in lines.values():
        line.set(color=GREY, linewidth=0.8, zorder=1)
    colours = [colormaps["tab10"](place) for place in range(10) if place != GREY_PLACE]
    for colour, number in zip(colours, labels, strict=False):
        lines[number].set(color=colour, linewidth=1.6, alpha=1, zorder=2)
    shown = [lines[number] for number in labels]
    axes.legend(shown, labels.values(), bbox_to_anchor=(1.02, 1), loc="upper left")
    axes.set(xlabel="epoch", ylabel=plot.score_label, ylim=plot.window)
    _whole_numbers(axes.xaxis)
    _entitle(axes, plot)


def _importance(figure: Any, plot: Plot) -> None:
    axes = figure.axes[0]
    figure.set_size_inches(8, 1.2 + 0.28 * len(axes.get_yticks()))
    axes.get_legend().remove()
    axes.margins(y=0.01)
    axes.set(xlabel="importance", ylabel="")
    _entitle(axes, plot)


def _parallel(figure: Any, plot: Plot) -> None:
    """Label one axis for each parameter, in alphabetical order, after the axis of the score."""
    figure.set_size_inches(2.5 + 1.4 * len(plot.params), 5.5)
    axes, _, *others = figure.axes
    axes.set_facecolor(BACKGROUND)
    names = _in_order(plot)
    for name, other in zip(names, others, strict=True):
        _tidy(other.yaxis, plot.data.space.parameters[name])
        for label in other.get_yticklabels():
            label.set_bbox({"facecolor": BACKGROUND, "edgecolor": "none", "pad": 0.6})
    labels = [plot.score_label.replace(" ", "\n", 1), *(_wrap(name) for name in names)]
    axes.set_xticks(axes.get_xticks(), labels, rotation=0)
    _entitle(axes, plot)


def _slice(figure: Any, plot: Plot) -> None:
    """Arrange one panel for each parameter, in alphabetical order, in rows of SLICE_COLUMNS."""
    *panels, bar = figure.axes
    rows, columns = math.ceil(len(panels) / SLICE_COLUMNS), min(SLICE_COLUMNS, len(panels))
    figure.set_size_inches(1.6 + 2.9 * columns, 0.8 + 3.1 * rows)
    grid = figure.add_gridspec(rows, columns)
    for place, (name, axes) in enumerate(zip(_in_order(plot), panels, strict=True)):
        axes.set_subplotspec(grid[place // columns, place % columns])
        axes.tick_params(axis="y", labelleft=place % columns == 0)
        axes.set_ylabel(plot.score_label if place % columns == 0 else "")
        axes.collections[0].set_clim(0, max(record.number for record in plot.data.scored))
        _tidy(axes.xaxis, plot.data.space.parameters[name])
    figure.suptitle("")
    _entitle(panels[0], plot)
    bar.remove()
    grid.tight_layout(figure, rect=(0, 0, 0.94, 1))
    whole = figure.add_axes((0.95, 0.2, 0.012, 0.6))
    figure.colorbar(panels[0].collections[0], cax=whole, label="trial")


def _pareto(figure: Any, plot: Plot) -> None:
    """Name the two kinds of trials; of one cost draw its logarithm, with the front's numbers."""
    figure.set_size_inches(9, 5.5)
    axes = figure.axes[0]
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles,
        [GOAL_LABELS[label] for label in labels],
        loc="upper left",
        bbox_to_anchor=(1.01, 1),
    )
    if len(plot.data.drawn_costs) == 1:
        axes.set_xscale("log")
        for trial in build_goals(plot.shown).best_trials:
            style = {"textcoords": "offset points", "fontsize": NOTE_SIZE, "color": NOTE_COLOUR}
            axes.annotate(str(trial.number), trial.values, xytext=(4, 5), **style)
    _entitle(axes, plot)


def _tidy(axis: Any, parameter: Parameter) -> None:
    """Label choices in plain words, slanted if they are long; keep few ticks, as plain numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    texts = [label.get_text() for label in axis.get_ticklabels()]
    if isinstance(parameter, Categorical) or NOT_THERE in texts:
        words = [INACTIVE if text == NOT_THERE else text.strip("'") for text in texts]
        if axis.axis_name == "y":
            words = [_wrap(word) for word in words]
        slanted = axis.axis_name == "x" and sum(map(len, words)) > LONG_TICKS
        style = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if slanted else {}
        axis.set_ticks(axis.get_ticklocs(), words, **style)
    elif isinstance(parameter, (Int, Float)) and parameter.log:
        low, high = axis.get_view_interval()
        wide = low > 0 and high / low > 10
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)) if wide else MaxNLocator(4, steps=STEPS))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    else:
        axis.set_major_locator(MaxNLocator(5, steps=STEPS, integer=isinstance(parameter, Int)))


def _in_order(plot: Plot) -> list[str]:
    """The parameters in the order in which Optuna draws them."""
    return sorted(plot.params, key=no_formula)


def _wrap(name: str) -> str:
    return no_formula(name).replace("_", "_\n")


def _whole_numbers(axis: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True))


_TOUCHES: dict[str, Callable[[Any, Plot], None]] = {
    "history": _history,
    "curves": _curves,
    "importance": _importance,
    "parallel": _parallel,
    "slice": _slice,
    "pareto": _pareto,
}
