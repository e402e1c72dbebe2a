"""The page of an evaluation: accuracy, classes, confusion matrix, calibration and mistakes."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from autocnn.finals.evaluation import Evaluation
from autocnn.report.formatting import percent
from autocnn.terminal.confusion_table import render_confusion
from autocnn.terminal.escaping import escape_controls
from autocnn.terminal.tables import Column, FittedTable

FOLDED = 12  # characters of the column of a class's name, at least
SHOWN_MISTAKES = 5


def render_evaluation(evaluation: Evaluation, title: str) -> RenderableType:
    """The scores of a network on the images that `title` names."""
    lines = [Text(line) for line in _lines(evaluation)]
    matrix = render_confusion(evaluation.confusion, "Confusion matrix")
    return Group(
        Text(escape_controls(title), "bold"),
        *lines,
        "",
        _classes(evaluation),
        "",
        matrix,
        *_mistakes(evaluation),
    )


def _lines(evaluation: Evaluation) -> list[str]:
    """Accuracy with its interval, calibration, and the area under the ROC curve."""
    less = "; copies count once" if evaluation.n_different < evaluation.n else ""
    interval = f"{percent(evaluation.low)} to {percent(evaluation.high)}"
    lines = [
        f"accuracy {percent(evaluation.accuracy)} of {evaluation.n:,} images "
        f"(95 % interval {interval}{less})",
        f"expected calibration error {percent(evaluation.calibration_error)} "
        f"({len(evaluation.bins)} bins)",
    ]
    if evaluation.auc is not None:
        lines.append(f"area under the ROC curve {evaluation.auc:.4f}")
    return lines


def _classes(evaluation: Evaluation) -> FittedTable:
    rows = evaluation.classes
    columns = [
        Column(name="class", cells=[escape_controls(each.name) for each in rows], fold=FOLDED),
        Column(name="images", cells=[f"{each.n:,}" for each in rows], is_number=True),
        Column(name="precision", cells=[percent(each.precision) for each in rows], is_number=True),
        Column(name="recall", cells=[percent(each.recall) for each in rows], is_number=True),
        Column(name="F1", cells=[percent(each.f1) for each in rows], is_number=True),
    ]
    return FittedTable(title="By class", columns=columns)


def _mistakes(evaluation: Evaluation) -> list[RenderableType]:
    if not evaluation.mistakes:
        return [Text(), Text("No image was taken for another class")]
    lines = [
        Text(
            f"  {escape_controls(each.true)} taken for {escape_controls(each.predicted)}: "
            f"{percent(each.probability)} (image {each.image})"
        )
        for each in evaluation.mistakes[:SHOWN_MISTAKES]
    ]
    return [Text(), Text("Most confident mistakes", "bold"), *lines]
