"""The table of export formats, and the one function that writes a file of any of them.

A new format is a module with three functions, `write`, `load` and `read_contract`, and one entry in
`FORMATS`. The module imports its library inside those functions: the table is read where that
library is absent.
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
from autocnn.export import keras_archive, keras_file
from autocnn.export.contract_file import (
    SUFFIX,
    check_contract,
    check_replaceable,
    contract_bytes,
    contract_path,
    parse_contract_bytes,
    read_contract_file,
)
from autocnn.files import write_together
from autocnn.models.contract import ModelContract

if TYPE_CHECKING:  # imported by the functions that need them: reading the table stays fast
    from autocnn.models.trained import Predictor, TrainedModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One kind of file in which a trained network can be exported."""

    name: str
    suffix: str  # with its dot; it chooses the format
    write: Callable[[TrainedModel, ModelContract, Path], None]  # the path ends in `suffix`
    load: Callable[[Path], Predictor]  # the file's predictions, by the format's own loader
    read_contract: Callable[[Path], ModelContract]  # from the file itself
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
    read_contract=keras_archive.read_contract_inside,
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
    """Raise RecordError if a model cannot be exported to `target`.

    It is a folder, it lies in a folder that does not exist, or something else than an older
    contract lies where the contract will.
    """
    if os.path.isdir(target) or not os.path.isdir(target.parent):
        raise RecordError(f"{target}: its folder does not exist, or it is a folder itself")
    check_replaceable(contract_path(target))


def export_to(
    model: TrainedModel,
    contract: ModelContract,
    target: Path,
    formats: Mapping[str, Format] = FORMATS,
) -> Exported:
    """Write `model` to `target` in the format of its ending, its contract too, and check both.

    The contract lies in the file and beside it (`contract_path`). Both files are written and
    checked in a temporary folder and then moved to their places, so a file that fails the check
    never appears there, and an older file stays as it was.

    Raises: SettingsError for an ending that no format has; RecordError if the weights cannot be
    read or a file cannot be written; AutocnnError if the file predicts otherwise; ValueError if
    the contract is that of another network.
    """
    from autocnn.export.check import check_same

    chosen = format_of(target, formats)
    check_target(target)
    if (contract.class_names, contract.image_shape) != (model.class_names, model.image.shape):
        raise ValueError(f"expected a contract of {model.class_names}, {model.image.shape}")
    with tempfile.TemporaryDirectory(prefix="autocnn-export-") as folder:
        draft = Path(folder) / f"model{chosen.suffix}"
        with _disk_errors(target, folder):
            chosen.write(model, contract, draft)
        predictors = model.predictor(), chosen.load(draft)
        shape, tolerance = model.image.shape, chosen.tolerance
        difference = check_same(target.name, *predictors, shape, tolerance)
        check_contract(target, chosen.read_contract(draft), contract)
        _put(draft, contract, target)
    return Exported(path=target, format=chosen, difference=difference)


def copy_export(source: Path, target: Path, formats: Mapping[str, Format] = FORMATS) -> None:
    """Copy an exported model byte by byte to `target`, and write its contract beside it.

    Raises: SettingsError for an ending that no format has; RecordError if a file cannot be read or
    written, or if the model has no contract.
    """
    contract = format_of(source, formats).read_contract(source)
    check_target(target)
    _put(source, contract, target)


def read_contract(path: Path | str, *, needs_model: bool = False) -> ModelContract:
    """The contract of the exported model at `path`, or in the JSON file beside it.

    Neither the network nor any code in the file is loaded. With `needs_model` the JSON file alone
    is refused.

    Raises: SettingsError for an ending of another kind of file; RecordError if the file cannot be
    read or holds no valid contract.
    """
    file = Path(path)
    if file.suffix == SUFFIX and not needs_model:
        return read_contract_file(file)
    if file.suffix not in FORMATS:
        known = " or ".join(FORMATS if needs_model else (*FORMATS, SUFFIX))
        raise SettingsError(f"{file}: expected a model's file, which ends in {known}")
    return FORMATS[file.suffix].read_contract(file)


def _put(source: Path, contract: ModelContract, target: Path) -> None:
    """Copy the model at `source` to `target`, and write its contract beside it.

    Raises: RecordError if a file cannot be read or written.
    """
    beside, content = contract_path(target), contract_bytes(contract)
    check_contract(beside, parse_contract_bytes(beside, content), contract)
    with source.open("rb") as model:
        write_together({target: lambda file: shutil.copyfileobj(model, file), beside: content})


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
