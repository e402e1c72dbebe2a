"""The table of export formats, and the one function that writes a file of any of them.

A new format is a module with three functions, `write`, `load` and `read_contract`, and one entry in
`FORMATS`. The module imports its library inside those functions: the table is read where that
library is absent.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from autocnn.errors import RecordError, SettingsError
from autocnn.exports import (
    keras_archive,
    keras_file,
    litert_file,
    litert_metadata,
    onnx_file,
    openvino_files,
    savedmodel_folder,
    script_file,
)
from autocnn.exports.contract_file import (
    SUFFIX,
    check_contract,
    read_contract_file,
)
from autocnn.exports.packages import check_packages
from autocnn.exports.placing import Place, check_place, put
from autocnn.models.contract import ModelContract

if TYPE_CHECKING:  # imported by the functions that need them: reading the table stays fast
    from autocnn.exports.litert_file import Quantization
    from autocnn.models.network import Network
    from autocnn.models.predictor import Predictor

    Writer = Callable[[Network, ModelContract, Path], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One kind of file in which a trained network can be exported."""

    name: str  # as people write it
    key: str  # of the option --format
    suffix: str  # with its dot; it chooses the format
    write: Writer  # the path ends in `suffix`
    load: Callable[[Path], Predictor]  # the file's predictions, by the format's own loader
    read_contract: Callable[[Path], ModelContract]  # from the file itself
    tolerance: float  # the largest difference of a probability between the network and the file
    tolerant: float = 1.0  # the share of the checked images in which it must hold
    writes_with: tuple[str, ...] = ()  # packages of the extra `export`
    reads_with: tuple[str, ...] = ()
    reads_with_keras: bool = False
    beside: tuple[str, ...] = ()  # the suffixes of further files
    is_folder: bool = False
    refusal: str = ""  # why a file from a stranger is not loaded; empty: it is
    quantizations: Mapping[str, litert_file.Bound] = field(default_factory=dict)
    quantized: Callable[[Quantization], Writer] | None = None  # `write` in fewer bits

    def place(self, target: Path) -> Place:
        """Where the files of this format lie if the model lies at `target`."""
        return Place(model=target, suffix=self.suffix, beside=self.beside, is_folder=self.is_folder)


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
    key="keras",
    suffix=".keras",
    write=keras_file.write,
    load=keras_file.load,
    read_contract=keras_archive.read_contract_inside,
    tolerance=keras_file.TOLERANCE,
    reads_with_keras=True,
)
ONNX = Format(
    name="ONNX",
    key="onnx",
    suffix=".onnx",
    write=onnx_file.write,
    load=onnx_file.load,
    read_contract=onnx_file.read_contract,
    tolerance=onnx_file.TOLERANCE,
    writes_with=("onnx", "tf2onnx", "onnxruntime"),
    reads_with=("onnx", "onnxruntime"),
)
LITERT = Format(
    name="LiteRT",
    key="litert",
    suffix=".tflite",
    write=litert_file.write,
    load=litert_file.load,
    read_contract=litert_metadata.read_contract,
    tolerance=litert_file.TOLERANCE,
    writes_with=("ai_edge_litert",),
    reads_with=("ai_edge_litert",),
    quantizations=litert_file.QUANTIZED,
    quantized=litert_file.writer,
)
SAVEDMODEL = Format(
    name="SavedModel",
    key="savedmodel",
    suffix=".savedmodel",
    write=savedmodel_folder.write,
    load=savedmodel_folder.load,
    read_contract=savedmodel_folder.read_contract,
    tolerance=savedmodel_folder.TOLERANCE,
    is_folder=True,
    refusal="a SavedModel may hold operations that read and write files, so it is not loaded; "
    "export the model as .keras, .onnx, .tflite or .xml",
)
OPENVINO = Format(
    name="OpenVINO",
    key="openvino",
    suffix=".xml",
    write=openvino_files.write,
    load=openvino_files.load,
    read_contract=openvino_files.read_contract,
    tolerance=openvino_files.TOLERANCE,
    writes_with=("openvino",),
    reads_with=("openvino",),
    beside=(openvino_files.WEIGHTS,),
)
SCRIPT = Format(
    name="script",
    key="script",
    suffix=".py",
    write=script_file.write,
    load=script_file.load,
    read_contract=script_file.read_contract,
    tolerance=script_file.TOLERANCE,
)
FORMATS: Mapping[str, Format] = {
    each.suffix: each for each in (KERAS, ONNX, LITERT, SAVEDMODEL, OPENVINO)
}
MODEL_FILES = tuple(FORMATS)  # the endings of a model's file
EXPORTS: Mapping[str, Format] = {**FORMATS, SCRIPT.suffix: SCRIPT}  # what an export may write
EXPORT_FILES = tuple(EXPORTS)
FORMAT_KEYS = tuple(each.key for each in EXPORTS.values())  # the names of --format
QUANTIZATIONS = tuple(name for each in FORMATS.values() for name in each.quantizations)


def format_of(target: Path, formats: Mapping[str, Format] = FORMATS) -> Format:
    """The format that the ending of `target` names.

    Raises: SettingsError for an ending that no format has.
    """
    if target.suffix not in formats:
        known = ", ".join(formats)
        raise SettingsError(f"--output must end in {known}, got {str(target)!r}")
    return formats[target.suffix]


def check_target(target: Path, chosen: Format) -> None:
    """Raise if a model cannot be exported to `target` in the format `chosen`.

    Raises: SettingsError if a package is missing; RecordError if the target is a folder, or lies in
    a folder that does not exist, or if a foreign file is in the way.
    """
    check_packages(target.name, chosen.writes_with)
    check_place(chosen.place(target), chosen.read_contract)


def export_to(
    model: Network,
    contract: ModelContract,
    target: Path,
    formats: Mapping[str, Format] = FORMATS,
) -> Exported:
    """Write `model` to `target` in the format of its ending; otherwise as `export_as`.

    Raises: SettingsError for an ending that no format has.
    """
    return export_as(format_of(target, formats), model, contract, target)


def export_as(chosen: Format, model: Network, contract: ModelContract, target: Path) -> Exported:
    """Write `model` to `target` in the format `chosen`, its contract too, and check both.

    The contract lies in the file and beside it. All files are written and checked in a temporary
    folder and then moved to their places, so a file that fails the check never appears there, and
    an older file stays as it was.

    Raises: SettingsError if a package is missing; RecordError if the weights cannot be read or a
    file cannot be written; AutocnnError if the file predicts otherwise; ValueError if the contract
    is that of another network.
    """
    from autocnn.exports.check import check_same

    check_target(target, chosen)
    if (contract.class_names, contract.image_shape) != (model.class_names, model.image.shape):
        raise ValueError(f"expected a contract of {model.class_names}, {model.image.shape}")
    with tempfile.TemporaryDirectory(prefix="autocnn-export-") as folder:
        draft = Path(folder) / f"model{chosen.suffix}"
        with _disk_errors(target, folder):
            chosen.write(model, contract, draft)
        predictors = model.predictor(), chosen.load(draft)
        bound = chosen.tolerance, chosen.tolerant
        difference = check_same(target.name, *predictors, model.image.shape, *bound)
        check_contract(target, chosen.read_contract(draft), contract)
        put(chosen.place(draft), contract, chosen.place(target))
    return Exported(path=target, format=chosen, difference=difference)


def copy_export(source: Path, target: Path, formats: Mapping[str, Format] = FORMATS) -> None:
    """Copy an exported model byte by byte to `target`, and write its contract beside it.

    Raises: SettingsError for an ending that no format has; RecordError if a file cannot be read or
    written, or if the model has no contract.
    """
    chosen = format_of(source, formats)
    contract = chosen.read_contract(source)
    check_target(target, chosen)
    put(chosen.place(source), contract, chosen.place(target))


def read_contract(path: Path | str, *, needs_model: bool = False) -> ModelContract:
    """The contract of the exported model at `path`, or in the JSON file beside it.

    Neither the network nor any code in the file is loaded. With `needs_model` the JSON file alone
    is refused.

    >>> autocnn.read_contract(study.model_path).image_shape
    (8, 8, 1)

    Raises: SettingsError for an ending of another kind of file, or if the package that reads it is
    missing; RecordError if the file cannot be read or holds no valid contract.
    """
    file = Path(path)
    if file.suffix == SUFFIX and not needs_model:
        return read_contract_file(file)
    chosen = _format_to_read(file, needs_model=needs_model)
    check_packages(str(file), chosen.reads_with)
    return chosen.read_contract(file)


def needs_keras(path: Path) -> bool:
    """True if the model's file at `path` is loaded by Keras."""
    return _format_to_read(path, needs_model=True).reads_with_keras


def load_file(path: Path, contract: ModelContract) -> Predictor:
    """The predictions of the exported model at `path`, which has this contract.

    Raises: RecordError if the file cannot be read, if it may not be loaded, or if its network does
    not fit the contract.
    """
    from autocnn.exports.check import check_answers

    chosen = _format_to_read(path, needs_model=True)
    if chosen.refusal:
        raise RecordError(f"{path}: {chosen.refusal}")
    predictor = chosen.load(path)
    check_answers(path, predictor, contract)
    return predictor


def _format_to_read(path: Path, *, needs_model: bool) -> Format:
    """The format of the file, or folder, at `path`."""
    if path.suffix in FORMATS:
        return FORMATS[path.suffix]
    if savedmodel_folder.is_saved_model(path):
        return SAVEDMODEL
    known = " or ".join(FORMATS if needs_model else (*FORMATS, SUFFIX))
    raise SettingsError(f"{path}: expected a model's file, which ends in {known}")


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
