"""Pictures of an evaluation: confusion matrix, calibration, and the most confident mistakes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from autocnn.finals.evaluation import Confused, Evaluation
from autocnn.records.finals_file import Confusion
from autocnn.report.figure_image import no_formula, off_screen, save_figure

SHOWN_MISTAKES = 25
COLUMNS = 5  # of the grid of mistakes
NUMBERED = 20  # classes up to which each cell of the matrix has its number
MAX_INCHES = 16.0  # of a side of the matrix


def draw_confusion(confusion: Confusion, title: str, form: str = "png") -> bytes:
    """The matrix as a "png" or "svg" file: colour by the share of the true class.

    Each cell has its number if there is room.
    """
    counts = np.array(confusion.counts)
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    n = len(confusion.classes)
    names = [no_formula(name) for name in confusion.classes]
    with off_screen() as plt:
        side = min(MAX_INCHES, 2.5 + 0.45 * n)
        figure, axes = plt.subplots(figsize=(side, side))
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        axes.set_xticks(range(n), names, rotation=90)
        axes.set_yticks(range(n), names)
        axes.set(xlabel="predicted class", ylabel="true class")
        axes.set_title(no_formula(title), loc="left")
        for row, column in np.argwhere(counts) if n <= NUMBERED else ():
            colour = "white" if shares[row, column] > 0.5 else "black"
            text = str(counts[row, column])
            axes.text(column, row, text, ha="center", va="center", color=colour)
        return save_figure(figure, form)


def draw_reliability(evaluation: Evaluation, title: str, form: str = "png") -> bytes:
    """Accuracy by confidence as a "png" or "svg" file; below it the images by confidence."""
    bins = [each for each in evaluation.bins if each.n]
    middles = [(each.low + each.high) / 2 for each in bins]
    width = 0.9 / len(evaluation.bins)
    with off_screen() as plt:
        figure, (above, below) = plt.subplots(
            2, sharex=True, figsize=(6, 7), height_ratios=(3, 1), layout="constrained"
        )
        above.bar(middles, [each.accuracy for each in bins], width, label="accuracy")
        above.plot([0, 1], [0, 1], "--", color="black", label="as confident as right")
        above.set(ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
        above.legend(loc="upper left")
        error = f"expected calibration error {100 * evaluation.calibration_error:.2f} %"
        above.set_title(f"{no_formula(title)}\n{error}", loc="left")
        below.bar(middles, [each.n for each in bins], width, color="grey")
        below.set(xlabel="probability of the predicted class", ylabel="images")
        return save_figure(figure, form)


def draw_mistakes(
    mistakes: Sequence[Confused], images: NDArray[np.uint8], title: str, form: str = "png"
) -> bytes:
    """The first SHOWN_MISTAKES mistakes as a file, each with its classes and probability.

    `images` are those of the mistakes in their order, of shape (n, height, width, channels).
    """
    shown = mistakes[:SHOWN_MISTAKES]
    rows = max(1, math.ceil(len(shown) / COLUMNS))
    with off_screen() as plt:
        figure, grid = plt.subplots(
            rows, COLUMNS, figsize=(2.2 * COLUMNS, 0.6 + 2.7 * rows), layout="constrained"
        )
        for axes in grid.flat:
            axes.axis("off")
        for axes, mistake, image in zip(grid.flat, shown, images, strict=False):
            grey = image.shape[2] == 1
            axes.imshow(image[:, :, 0] if grey else image, cmap="gray", vmin=0, vmax=255)
            share = f"{100 * mistake.probability:.1f} %"
            text = f"{mistake.true}\ntaken for {mistake.predicted}\n{share}"
            axes.set_title(no_formula(text), fontsize=8)
        figure.suptitle(no_formula(title))
        return save_figure(figure, form)
