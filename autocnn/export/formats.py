"""The table of export formats, and the one function that writes a file of any of them.

A new format is a module with two functions, `write` and `load`, and one entry in `FORMATS`. The
module imports its library inside those functions: the table is read where that library is absent.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autocnn.errors import RecordError, SettingsError
from autocnn.export import keras_file
from autocnn.files import write_atomic

if TYPE_CHECKING:  # imported by the functions that need them: reading the table stays fast
    from autocnn.models.trained import Predictor, TrainedModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One kind of file in which a trained network can be exported."""

    name: str
    suffix: str  # with its dot; it chooses the format
    write: Callable[[TrainedModel, Path], None]  # the path ends in `suffix`
    load: Callable[[Path], Predictor]  # the file's predictions, by the format's own loader
    tolerance: float  # the largest difference of a probability between the network and the file


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A file that was written and checked."""

    path: Path
    format: Format
    difference: float  # the largest one of a probability that the check found

    def load(self) -> Predictor:
        """The predictions of the file."""
        return self.format.load(self.path)


KERAS = Format(
    name="Keras",
    suffix=".keras",
    write=keras_file.write,
    load=keras_file.load,
    tolerance=keras_file.TOLERANCE,
)
FORMATS: Mapping[str, Format] = {each.suffix: each for each in (KERAS,)}
MODEL_FILES = tuple(FORMATS)  # the endings of a model's file


def format_of(target: Path, formats: Mapping[str, Format] = FORMATS) -> Format:
    """The format that the ending of `target` names.

    Raises: SettingsError for an ending that no format has.
    """
    if target.suffix not in formats:
        known = ", ".join(formats)
        raise SettingsError(f"--output must end in {known}, got {str(target)!r}")
    return formats[target.suffix]


def check_target(target: Path) -> None:
    """Raise RecordError if `target` is a folder or lies in a folder that does not exist."""
    if os.path.isdir(target) or not os.path.isdir(target.parent):
        raise RecordError(f"{target}: its folder does not exist, or it is a folder itself")


def export_to(
    model: TrainedModel, target: Path, formats: Mapping[str, Format] = FORMATS
) -> Exported:
    """Write `model` to `target` in the format of its ending, and check the file.

    The file is written and checked in a temporary folder and then moved to `target`, so a file that
    fails the check never appears there, and an older file stays as it was.

    Raises: SettingsError for an ending that no format has; RecordError if the weights cannot be
    read or the file cannot be written; AutocnnError if the file predicts otherwise.
    """
    from autocnn.export.check import check_same

    chosen = format_of(target, formats)
    check_target(target)
    with tempfile.TemporaryDirectory(prefix="autocnn-export-") as folder:
        draft = Path(folder) / f"model{chosen.suffix}"
        with _disk_errors(target, folder):
            chosen.write(model, draft)
        predictors = model.predictor(), chosen.load(draft)
        shape, tolerance = model.image.shape, chosen.tolerance
        difference = check_same(target.name, *predictors, shape, tolerance)
        with draft.open("rb") as source:
            write_atomic(target, lambda file: shutil.copyfileobj(source, file))
    return Exported(path=target, format=chosen, difference=difference)


@contextmanager
def _disk_errors(target: Path, folder: str) -> Iterator[None]:
    """Turn the error of a disk below `folder` into one line that names `target`."""
    try:
        yield
    except OSError as error:
        if isinstance(error, RecordError):
            raise
        raise RecordError(
            f"{target}: cannot be written ({error.strerror or error}); free some space in "
            f"{Path(folder).parent}, or set TMPDIR to another folder"
        ) from error
