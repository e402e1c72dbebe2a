"""One trial on a terminal: its layers, its settings, its learning curve."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from autocnn.objectives import ACCURACY, Objective
from autocnn.records.trial_record import TrialRecord
from autocnn.report.formatting import clock, count
from autocnn.space.layers import Network

CURVE_HEIGHT = 10
LABEL = 11  # characters to the left of a curve's first bar
BARS = ("██ ", "█ ", "█")  # the first one with which the curve fits is taken


def render_trial(
    record: TrialRecord, network: Network, objective: Objective = ACCURACY
) -> RenderableType:
    """State, score, layers, settings and learning curve of a trial."""
    parts: list[RenderableType] = [_head(record, objective), _layers(network), _settings(record)]
    if record.result is not None and record.result.curve:
        parts.append(LearningCurve([e.score for e in record.result.curve], objective))
    return Group(*parts)


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """The validation score of every epoch, drawn as wide as there is room."""

    values: list[float]
    objective: Objective = ACCURACY

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        """A title, and the curve below."""
        room = options.max_width - LABEL
        every = epochs_a_bar(len(self.values), room)
        what = "" if every == 1 else f", every {every} epochs"
        yield Text(f"Learning curve (validation {self.objective.title}{what})", "bold")
        yield Text(draw_curve(self.values, room=room, objective=self.objective), no_wrap=True)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """From one bar in all to the widest bars for every epoch."""
        return Measurement(LABEL + 1, LABEL + len(BARS[0]) * len(self.values))


def _head(record: TrialRecord, objective: Objective) -> Text:
    text = Text(f"Trial {record.number}", "bold")
    text.append(f"  {record.state}  from {record.origin}  seed {record.seed}\n", "not bold")
    result = record.result
    if result is not None:
        text.append(
            f"score {objective.text(result.score)} in epoch {result.best_epoch or '–'} "
            f"of {result.epochs}, {clock(result.seconds)} ({result.cpu_seconds:.0f} CPU s), "
            f"{result.precision}\n",
            "not bold",
        )
        if result.cause is not None:
            text.append(f"{result.cause}: {result.message}\n", "red")
    return text


def _layers(network: Network) -> Table:
    table = Table(title="Layers", title_justify="left", header_style="bold", show_footer=True)
    table.add_column("layer", "total")
    table.add_column("output shape")
    table.add_column("parameters", f"{network.parameters:,}", justify="right")
    table.add_column("MACs", count(network.macs), justify="right")
    for layer in network.layers:
        shape = " × ".join(str(side) for side in layer.output_shape)
        cost = f"{layer.parameters:,}" if layer.parameters else ""
        table.add_row(layer.name, shape, cost, count(layer.macs) if layer.macs else "")
    return table


def _settings(record: TrialRecord) -> Table:
    table = Table(title="Parameters", title_justify="left", show_header=False)
    for name, value in record.values.items():
        shown = f"{value:.4g}" if isinstance(value, float) else str(value)
        table.add_row(Text(name), Text(shown))
    return table


def epochs_a_bar(n_epochs: int, room: int) -> int:
    """The number of epochs that share a bar so that all bars fit into `room` characters."""
    return math.ceil(n_epochs / max(1, room))


def draw_curve(
    values: list[float],
    height: int = CURVE_HEIGHT,
    room: int = 1000,
    objective: Objective = ACCURACY,
) -> str:
    """The values as bars over an axis of epochs; the axis of values ends at the extremes.

    The values are scores of `objective`, which writes the labels of the extremes.

    The bars take at most `room` characters: they get narrower first, then each bar is the last of
    several epochs. The last epoch always has a bar.
    """
    n, every = len(values), epochs_a_bar(len(values), room)
    epochs = range(n, 0, -every)[::-1]
    bar = next((bar for bar in BARS if len(bar) * len(epochs) <= room), BARS[-1])
    high = max(values)
    low = min(min(values), high - objective.least_span(high))
    levels = [round((values[e - 1] - low) / (high - low) * (height - 1)) + 1 for e in epochs]
    lines = []
    for row in range(height, 0, -1):
        label = {height: objective.text(high), 1: objective.text(low)}.get(row, "")
        bars = "".join(bar if level >= row else " " * len(bar) for level in levels)
        lines.append(f"{label:>9} │{bars}")
    lines.append(" " * 10 + "└" + "─" * (len(bar) * len(epochs)))
    lines.append(" " * LABEL + _epoch_labels(epochs, len(bar)))
    return "\n".join(lines)


def _epoch_labels(epochs: range, step: int) -> str:
    """The numbers that have room below bars `step` characters apart, the last one always."""
    width = step * len(epochs)
    digits = len(str(epochs[-1]))
    apart = next(n for n in (1, 2, 5, 10, 20, 50) if n * step > digits)
    labels = [" "] * width
    last = max(0, min(width - step, width - digits))
    for i, epoch in enumerate(epochs):
        at, is_marked = i * step, i == 0 or (i + 1) % apart == 0
        if is_marked and at + len(str(epoch)) < last:
            labels[at : at + len(str(epoch))] = str(epoch)
    labels[last : last + digits] = str(epochs[-1])
    return "".join(labels)
