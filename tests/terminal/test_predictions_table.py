"""The table of predictions."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from autocnn.models.prediction import Prediction
from autocnn.terminal.predictions_table import render_predictions

CAT = Prediction(path=Path("a/1.png"), classes=(("cat", 0.9), ("dog", 0.08), ("hen", 0.02)))
BAD = Prediction(path=Path("b.png"), classes=(("\x1b[31mhen", 0.5), ("dog", 0.3), ("cat", 0.2)))


def lines(predictions, top, width=80):
    """The printed lines."""
    console = Console(width=width)
    with console.capture() as capture:
        console.print(render_predictions(predictions, top))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_a_row_has_the_most_likely_classes():
    """With their probabilities, the most likely first."""
    assert lines([CAT], 2) == [
        "1 image",
        "image    class  probability  class 2  probability 2",
        "a/1.png  cat        90.00 %  dog             8.00 %",
    ]


def test_a_name_cannot_move_the_cursor():
    """A class's name with an escape sequence is printed in its escaped form."""
    text = "\n".join(lines([CAT, BAD], 1))
    assert "\x1b" not in text
    assert r"\x1b[31mhen" in text
    assert text.startswith("2 images")
