"""The table of predictions: the most likely classes of each image."""

from __future__ import annotations

from collections.abc import Sequence

from autocnn.models.prediction import Prediction
from autocnn.report.formatting import percent
from autocnn.terminal.escaping import escape_controls
from autocnn.terminal.tables import Column, FittedTable

FOLDED = 12  # characters of a path's or class's column, at least


def render_predictions(predictions: Sequence[Prediction], top: int) -> FittedTable:
    """One row an image, with the `top` most likely classes and their probabilities."""
    images = [escape_controls(str(each.path)) for each in predictions]
    columns = [Column(name="image", cells=images, fold=FOLDED)]
    for place in range(top):
        end = "" if place == 0 else f" {place + 1}"
        ranked = [each.classes[place] for each in predictions]
        names = [escape_controls(name) for name, _ in ranked]
        shares = [percent(probability) for _, probability in ranked]
        columns.append(Column(name=f"class{end}", cells=names, fold=FOLDED))
        columns.append(Column(name=f"probability{end}", cells=shares, is_number=True))
    n = len(predictions)
    return FittedTable(title=f"{n:,} image{'s' if n != 1 else ''}", columns=columns)
