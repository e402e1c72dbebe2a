"""`autocnn predict`: the class of images, by an exported model or by the winner of a study."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import autocnn.api as api
import autocnn.terminal as terminal
from autocnn.cli.options import JsonOption, ResultsOption
from autocnn.errors import DatasetError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence


def predict(
    model: Annotated[
        str,
        typer.Argument(
            help=f"A model's file ({api.either(api.MODEL_FILES)}), or the name of a study, whose "
            "shipped winner is taken."
        ),
    ],
    images: Annotated[
        list[str], typer.Argument(metavar="IMAGE...", help="Files, folders or patterns.")
    ],
    trial: Annotated[
        int | None, typer.Option(help="Number of a trial of the study instead of the winner.")
    ] = None,
    top: Annotated[
        int, typer.Option("--top", "-k", min=1, help="Classes shown for each image.")
    ] = 1,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
    results: ResultsOption = Path("results"),
    as_json: JsonOption = False,
) -> None:
    """Print class and probability of each image, prepared exactly as the training images were.

    Images that cannot be read are named on stderr, the others are classified; the exit code is 1
    then.
    """
    if as_csv and as_json:
        raise SettingsError("--csv and --json: choose one of them")
    paths = api.find_pictures(images)  # first: a model takes seconds to load
    loaded, note = api.open_model(model, results, trial)
    if note:
        terminal.print_line(f"autocnn: {note}", sys.stderr)
    predictions = list(loaded.predict_files(paths))
    known = [each for each in predictions if not each.problem]
    top = min(top, len(loaded.class_names))
    if as_json:
        print(json.dumps(_as_json(model, loaded.class_names, predictions, top)))
    elif as_csv:
        _print_csv(known, top)
    elif known:
        terminal.print_wide(terminal.render_predictions(known, top))
    _name_unreadable(predictions, len(known))


def _as_json(
    model: str, classes: Sequence[str], predictions: Sequence[api.Prediction], top: int
) -> dict[str, object]:
    return {
        "model": model,
        "classes": list(classes),
        "images": [
            {
                "path": str(each.path),
                "top": [{"class": name, "probability": p} for name, p in each.classes[:top]],
            }
            for each in predictions
            if not each.problem
        ],
        "unreadable": [
            {"path": str(each.path), "reason": each.problem} for each in predictions if each.problem
        ],
    }


def _print_csv(predictions: Sequence[api.Prediction], top: int) -> None:
    """One row an image; `class_2` and `probability_2` are those of the second class."""
    names = [f"{name}_{place}" for place in range(2, top + 1) for name in ("class", "probability")]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["image", "class", "probability", *names])
    for each in predictions:
        cells = [cell for name, p in each.classes[:top] for cell in (name, f"{p:.6g}")]
        writer.writerow([str(each.path), *cells])


def _name_unreadable(predictions: Sequence[api.Prediction], n_known: int) -> None:
    """Print a line for each image that could not be read.

    Raises: DatasetError, with their number, if there are any.
    """
    for each in predictions:
        if each.problem:
            line = " ".join(f"{each.path}: {each.problem}".split())
            terminal.print_line(f"autocnn: {line}", sys.stderr)
    if n_known < len(predictions):
        n = len(predictions) - n_known
        raise DatasetError(f"{n} of {len(predictions)} images could not be read")
