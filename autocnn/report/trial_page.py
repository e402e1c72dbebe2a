"""One trial on a terminal: its layers, its settings, its learning curve."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from autocnn.records.record import TrialRecord
from autocnn.report.formatting import clock, count, percent
from autocnn.space.layers import Network

CURVE_HEIGHT = 10
MIN_SPAN = 0.01  # a curve is never stretched over less than one point


def render_trial(record: TrialRecord, network: Network) -> RenderableType:
    """Everything that is known of `record`."""
    parts: list[RenderableType] = [_head(record), _layers(network), _settings(record)]
    if record.result is not None and record.result.curve:
        parts.append(Text("Learning curve (validation accuracy)", "bold"))
        curve = draw_curve([e.val_accuracy for e in record.result.curve])
        parts.append(Text(curve, no_wrap=True, overflow="crop"))
    return Group(*parts)


def _head(record: TrialRecord) -> Text:
    text = Text(f"Trial {record.number}", "bold")
    text.append(f"  {record.state}  from {record.origin}  seed {record.seed}\n", "not bold")
    result = record.result
    if result is not None:
        text.append(
            f"score {percent(result.score)} in epoch {result.best_epoch or '–'} "
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


def draw_curve(values: list[float], height: int = CURVE_HEIGHT) -> str:
    """The values as columns of blocks over an axis of epochs, from the least to the largest."""
    high = max(values)
    low = min(min(values), high - MIN_SPAN)
    levels = [round((value - low) / (high - low) * (height - 1)) + 1 for value in values]
    lines = []
    for row in range(height, 0, -1):
        label = {height: percent(high), 1: percent(low)}.get(row, "")
        bars = "".join("██ " if level >= row else "   " for level in levels)
        lines.append(f"{label:>9} │{bars}")
    lines.append(" " * 10 + "└" + "───" * len(values))
    lines.append(" " * 11 + "".join(f"{epoch:<3}" for epoch in range(1, len(values) + 1)))
    return "\n".join(lines)
