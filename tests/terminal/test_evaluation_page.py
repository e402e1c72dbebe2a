"""The page of an evaluation."""

from __future__ import annotations

import numpy as np

from autocnn.finals.evaluation import evaluate_predictions
from autocnn.terminal.evaluation_page import render_evaluation


def test_the_page_has_all_scores(show):
    """Accuracy, calibration, the area under the curve, classes, the matrix and mistakes."""
    p = np.array([0.1, 0.4, 0.35, 0.8])
    rows = np.stack([1 - p, p], axis=1)
    found = evaluate_predictions(np.array([0, 0, 1, 1]), rows, ("cat", "dog"), n_different=3)
    assert show(render_evaluation(found, "all images of pets")) == [
        "all images of pets",
        "accuracy 75.00 % of 4 images (95 % interval 25.61 % to 96.32 %; copies count once)",
        "expected calibration error 33.75 % (15 bins)",
        "area under the ROC curve 0.7500",
        "",
        "By class",
        "class  images  precision    recall       F1",
        "cat         2    66.67 %  100.00 %  80.00 %",
        "dog         2   100.00 %   50.00 %  66.67 %",
        "",
        "Confusion matrix  (rows: true class; columns: predicted)",
        " class  0  1",
        " 0 cat  2  ·",
        " 1 dog  1  1",
        "",
        "Most confident mistakes",
        "  dog taken for cat: 65.00 % (image 2)",
    ]


def test_names_cannot_move_the_cursor(show):
    """A class's name with an escape sequence is printed in its escaped form."""
    found = evaluate_predictions(np.array([0, 1]), np.eye(2), ("\x1b[31mcat", "dog"), n_different=2)
    lines = show(render_evaluation(found, "all images of pets"))
    assert "\x1b" not in "".join(lines)
    assert lines[-1] == "No image was taken for another class"
